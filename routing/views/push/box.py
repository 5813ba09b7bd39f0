"""The box beside a push: its checklist, what the reader may do, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os.path import commonprefix
from uuid import uuid4

from django.urls import reverse

from mailadmin.answers import people_who
from mailadmin.people.models import Person
from mailadmin.people.queries import who_may
from mailadmin.people.roles import Permission
from mailadmin.ui.parts import Action
from mailadmin.ui.push_page import Box, Progress
from routing.core.states import PushState, TargetState
from routing.models import PushTarget, Revision
from routing.queries.pushes import PushRecord, is_silent
from routing.services.advance import moved_base
from routing.services.approve import why_not
from routing.services.giving_up import why_not_give_up
from routing.views.push.as_before import question_guards
from routing.views.push.requirements import heard_since, requirements

BEFORE = frozenset({PushState.PROPOSED, PushState.STAGING, PushState.PROVED, PushState.APPROVED})
STEPS: dict[str, int] = {
    TargetState.PENDING: 0,
    TargetState.STAGED: 1,
    TargetState.ACTIVATED: 2,
    TargetState.CONFIRMED: 3,
}
"""How far a host is in a deploy of three steps: staged, switched, confirmed."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, and every sentence against an approval by them now."""

    person: Person
    against: tuple[str, ...]


def box(record: PushRecord, person: Person) -> Box:
    """The box as this person sees it."""
    reader = Reader(person, _against(record, person))
    return Box(
        title=_title(record),
        requirements=requirements(record, mine=_mine(record, reader)),
        actions=tuple(_actions(record, reader)),
        progress=_progress(record),
        follows=_follows(record),
    )


def _against(record: PushRecord, person: Person) -> tuple[str, ...]:
    if record.state is not PushState.PROVED:
        return ()
    texts = [reason.text for reason in why_not(push=record.push, person=person)]
    # Each ends by naming who could; said once is enough.
    shared = commonprefix([text[::-1] for text in texts])[::-1]
    return (*(f"{text.removesuffix(shared)}." for text in texts[:-1]), *texts[-1:])


def _mine(record: PushRecord, reader: Reader) -> str:
    """The note under the approval that is missing."""
    if record.state is not PushState.PROVED:
        return "0 of 1"
    if reader.against:
        return f"0 of 1. {reader.against[0]}"
    return "0 of 1. You edited nothing in it, so you can approve."


def _title(record: PushRecord) -> str:
    hosts = ", then ".join(record.host_names)
    match record.state:
        case PushState.APPROVED | PushState.DEPLOYING:
            return f"Deploy to {hosts}"
        case PushState.ACTIVE:
            return f"Live on {hosts}" if any(t.live for t in record.targets) else "Was live"
        case PushState.STOPPED:
            return "Stopped half-way"
        case PushState.REFUSED | PushState.SUPERSEDED | PushState.EXPIRED | PushState.FAILED:
            return "It will not go live"
        case PushState.GIVEN_UP:
            return "Given up"
        case _:
            return "Before it goes live"


def _actions(record: PushRecord, reader: Reader) -> Iterator[Action]:
    if record.state is PushState.PROVED:
        yield _approve(record, reader)
    if record.state is PushState.APPROVED:
        yield _button(record, reader, "deploy", f"Deploy to {', then '.join(record.host_names)}")
    if record.state is PushState.STOPPED:
        yield _button(record, reader, "retry", "Retry the rest")
    by_itself = record.push.proposed_by_person_id is None and record.approval is None
    if record.state in BEFORE and (not by_itself or record.state is PushState.PROVED):
        yield _refuse(record, reader)
    for revision in _restorable(record):
        yield _restore(revision, reader)
    for target in record.targets:
        if not why_not_give_up(push=record.push, target=target.row):
            yield _give_up(record, target.row, reader)


def _approve(record: PushRecord, reader: Reader) -> Action:
    push, taken_on = record.push, question_guards(record)
    return Action(
        id="approve",
        label=f"Approve exactly {push.digest[:8]}…" if taken_on else "Approve exactly",
        asks="Why it is right that not all mail is seen to go as before" if taken_on else "",
        confirm_label=f"Approve exactly {push.digest[:8]}" if taken_on else "",
        action=reverse("push-approve", args=[push.pk]),
        kind="primary",
        digest=push.digest,
        reason=" ".join(reader.against),
        fields=(("digest", push.digest),),
        ticks=(("deploy", "Deploy at once when approved", True),),
    )


def _refuse(record: PushRecord, reader: Reader) -> Action:
    push = record.push
    return Action(
        id="refuse",
        label="Refuse…",
        action=reverse("push-refuse", args=[push.pk]),
        kind="danger",
        reason=_lacks(reader, Permission.APPROVE, "Approvers refuse pushes."),
        asks="Why it must not go live",
        confirm_label=f"Refuse push #{push.pk}",
        fields=(("digest", push.digest),),
    )


def _give_up(record: PushRecord, row: PushTarget, reader: Reader) -> Action:
    number, host = record.push.pk, row.host.name
    return Action(
        id=f"give-up-{host}",
        label=f"Give up on {host}…",
        action=reverse("push-give-up", args=[number, host]),
        kind="danger",
        reason=_lacks(reader, Permission.APPROVE, "Approvers give pushes up."),
        asks=(
            f"Why, if {host} is gone: nothing more is asked of it, it keeps what it runs, an order "
            "on its way may still be done there, and its edits wait for another push"
        ),
        confirm_label=f"Give up push #{number} on {host}",
    )


def _button(record: PushRecord, reader: Reader, act: str, label: str) -> Action:
    return Action(
        id=act,
        label=label,
        action=reverse(f"push-{act}", args=[record.push.pk]),
        kind="primary",
        reason=_lacks(reader, Permission.APPROVE, "Approvers deploy pushes.")
        or " ".join((*moved_base(record.push), *_worthless(record))),
    )


def _worthless(record: PushRecord) -> Iterator[str]:
    """Why nothing of it may go live although it was approved."""
    if name := record.closed_approver:
        yield f"The approval of {name} no longer counts: the account is closed."


def _restore(revision: Revision, reader: Reader) -> Action:
    host = revision.host.name
    return Action(
        id=f"restore-{revision.pk}",
        label=f"Restore revision {revision.number} of {host} as a new push…",
        action=reverse("revision-restore", args=[revision.pk]),
        reason=_lacks(reader, Permission.EDIT, "Editors propose pushes."),
        asks="Why the older revision comes back",
        confirm_label=f"Propose revision {revision.number} again",
        fields=(("token", str(uuid4())),),
    )


def _restorable(record: PushRecord) -> Iterator[Revision]:
    """Of a live push the revision that it replaced, of a former one its own; out of *stopped* the
    one that every host came from."""
    if record.state not in (PushState.ACTIVE, PushState.STOPPED):
        return
    for target in record.targets:
        row = target.row
        own = record.state is PushState.ACTIVE and not target.live
        revision = row.revision if own else row.base_revision
        if revision is not None:
            revision.host = row.host
            yield revision


def _lacks(reader: Reader, permission: Permission, rule: str) -> str:
    if reader.person.may(permission):
        return ""
    return f"{rule} {people_who(who_may(permission))}"


def _progress(record: PushRecord) -> tuple[Progress, ...]:
    if record.state not in (PushState.DEPLOYING, PushState.STOPPED):
        return ()
    return tuple(_step(target.row) for target in record.targets)


def _step(row: PushTarget) -> Progress:
    notes: dict[str, str] = {
        TargetState.PENDING: "waits for its turn",
        TargetState.STAGED: "switching" if row.attempt_id else "waits for its turn",
        TargetState.ACTIVATED: "asking the live configuration",
        TargetState.CONFIRMED: "",
        TargetState.GIVEN_UP: "given up, nothing more is asked of it",
    }
    note = notes.get(row.state, f"{row.state}, a retry asks it again")
    if is_silent(row, heard_since()):
        note = f"{row.host.name} does not answer; it goes on when its agent is back"
    return Progress(row.host.name, STEPS.get(row.state, 1), 3, note)


def _follows(record: PushRecord) -> str:
    hosts = ", then ".join(record.host_names)
    bases = ", ".join(target.row.base[:8] for target in record.targets if target.row.base)
    match record.state:
        case PushState.PROPOSED | PushState.STAGING:
            return "It is built and asked beside the live release. Nothing is switched."
        case PushState.PROVED:
            return (
                f"Nothing is switched before the approval. Then {hosts}, a failure stops the rest."
            )
        case PushState.APPROVED if record.closed_approver:
            return (
                "Nothing is switched. Refuse it, or propose its edits again for another approver."
            )
        case PushState.APPROVED:
            return "Approved and not live. It is deployed when somebody says so."
        case PushState.DEPLOYING:
            return f"A failure stops the rest and puts the host back to {bases or 'no release'}."
        case PushState.STOPPED:
            return "Hosts that are confirmed stay so. A retry asks the others again."
        case PushState.ACTIVE:
            return "A restore is a new push: it is built, proved and approved like any other."
        case PushState.GIVEN_UP:
            return "Nothing more is asked for it. Its edits wait, as any that is not live."
        case _:
            return "Nothing was switched by it."
