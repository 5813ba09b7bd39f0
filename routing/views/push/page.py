"""One push as one value: what `routing/push.html` writes down."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from mailadmin.people.session import signed_in
from mailadmin.ui.push_page import PushPage
from routing.core.states import PUSH_TRANSITIONS, PushState, TargetState
from routing.models import PushTarget
from routing.queries.pushes import PushRecord, shown_version
from routing.views.push.activity import activity
from routing.views.push.as_before import as_before, question_guards
from routing.views.push.box import box
from routing.views.push.changes import changes, guards
from routing.views.push.files import files
from routing.views.push.hosts import hosts, raw_error
from routing.views.push.proof import proof_waits, proofs
from routing.views.push.rail import rail
from routing.views.push.requirements import error_text, heard_since

TERMINAL = frozenset(state for state, after in PUSH_TRANSITIONS.items() if not after) | {
    PushState.FAILED
}
"""Nothing more happens to such a push by itself; its page stops asking."""


def push_page(request: HttpRequest, record: PushRecord) -> PushPage:
    """Everything on one page: an approver must scroll past what he approves."""
    push, only = record.push, record.targets[0].row if len(record.targets) == 1 else None
    show_all = "all" in request.GET
    reason, todo, raw = _trouble(record)
    return PushPage(
        number=push.pk,
        subject=push.title,
        state=push.state,
        author=push.proposed_by,
        proposed_at=push.proposed_at,
        digest=push.digest,
        hosts=hosts(record),
        rail=rail(record),
        changes=changes(record, show_all=show_all),
        box=box(record, signed_in(request)),
        version=shown_version(push, (target.row for target in record.targets), heard_since()),
        poll_href=f"{reverse('push-live', args=[push.pk])}{'?all=1' if show_all else ''}",
        finished=record.state in TERMINAL,
        revision=only.revision.number if only else None,
        replaces=only.base_revision.number if only and only.base_revision else None,
        successor=push.superseded_by_id,
        note=push.note,
        state_reason=reason,
        state_todo=todo,
        state_raw=raw,
        proofs=proofs(record),
        proof_waits=proof_waits(record),
        as_before=as_before(record),
        guards=(*guards(record), *question_guards(record)),
        files=files(record),
        activity=activity(record),
    )


def _trouble(record: PushRecord) -> tuple[str, str, str]:
    """Why it went wrong, what to do, and the machine's own words."""
    bad = (TargetState.FAILED, TargetState.REVERTED, TargetState.UNREACHABLE)
    row = next((target.row for target in record.targets if target.row.state in bad), None)
    match record.state:
        case PushState.FAILED:
            todo = "Nothing was switched. Mend it and propose again."
        case PushState.STOPPED:
            todo = f"{_first_step(row)}Retry the rest, or restore the former revision."
        case PushState.SUPERSEDED if record.push.superseded_by_id:
            return (
                f"Push #{record.push.superseded_by_id} took its place.",
                "Nothing was switched.",
                "",
            )
        case PushState.APPROVED if record.closed_approver:
            return (
                f"{record.closed_approver} approved it, and that account was closed since: "
                "the approval no longer counts.",
                "Nothing goes live. Refuse it, or propose its edits again.",
                "",
            )
        case _:
            return "", "", ""
    if row is None:
        return "It could not go on.", todo, ""
    return error_text(row), todo, raw_error(row.error)


def _first_step(row: PushTarget | None) -> str:
    """What has to be done on a host before anything else helps."""
    if row is None or (row.error or {}).get("code") != "drift":
        return "Hosts that are confirmed stay so. "
    return f"Put that right on {row.host.name} first: nothing is overwritten. "
