"""What the end of an attempt does to its target and its push. One transaction, done once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import CONTROL
from mailadmin.wire.core.messages import Verb
from mailadmin.wire.core.sequence import Refusal
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Attempt
from mailadmin.wire.services import again
from routing.core.adopt.as_before import as_before_to_json, compare, existing_of
from routing.core.adopt.before_told import told_from_json
from routing.core.plan import PRIMARY_TABLE, plan_from_json
from routing.core.proof import Proof, judge, proof_to_json
from routing.core.resolve import Resolver
from routing.core.states import OVER_TARGET, PushState, TargetState
from routing.core.table import Table
from routing.models import Approval, ConfigPush, PushTarget
from routing.queries.revisions import bundle_of, live_target
from routing.services.attempt_errors import error_of
from routing.services.draft import facts_of
from routing.services.hosts import note_live
from routing.services.order import (
    digest_of_push,
    goes_as_before,
    request_activation,
    request_confirmation,
    request_live_proof,
    request_next,
    request_proof,
    request_revert,
    request_stage,
)
from routing.services.transitions import move_push, move_target, touch

# The agent's sequence was ahead of ours (a database restored from before): the next is above it.
ASK_AGAIN = frozenset({Refusal.LOWER_SEQUENCE.value, Refusal.OTHER_CONTENT.value})

# What the agent says of a release that was approved and is no longer there as it was staged.
LOST = "not_staged"

SWITCHING = frozenset({Verb.ACTIVATE, Verb.CONFIRM, Verb.REVERT})

Answers = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over, with the target that waited for it."""

    attempt: Attempt
    target: PushTarget

    @property
    def push(self) -> ConfigPush:
        """The push of the target."""
        return self.target.push

    @property
    def body(self) -> Mapping[str, Any]:
        """What the agent reported."""
        body: Mapping[str, Any] = self.attempt.body
        return body

    @property
    def lost(self) -> bool:
        """The agent has not got the release that it was told to switch to."""
        return (self.attempt.error or {}).get("code") == LOST

    def error(self) -> dict[str, Any]:
        """Code and text of what went wrong, in words that a page can show."""
        return error_of(self.attempt)


def record_result(*, attempt: Attempt) -> None:
    """Apply an attempt that has ended to the target that waits for it, once.

    Called for each report and again by the sweep: the target lets go of the attempt in the same
    transaction, so the second call finds nothing to do.
    """
    with transaction.atomic():
        waiting = PushTarget.objects.select_for_update(of=("self",)).select_related(
            "push", "host", "revision", "base_revision"
        )
        target = waiting.filter(attempt=attempt).first()
        attempt.refresh_from_db()
        if target is None or attempt.is_open:
            return
        PushTarget.objects.filter(pk=target.pk).update(attempt=None)
        target.attempt = None
        _apply(Ended(attempt, target))
        touch(target.push_id)


def _apply(ended: Ended) -> None:
    if ended.push.state not in (PushState.STAGING, PushState.DEPLOYING):
        return
    if (ended.attempt.error or {}).get("code") in ASK_AGAIN:
        attempt = again(attempt=ended.attempt)
        PushTarget.objects.filter(pk=ended.target.pk).update(attempt=attempt)
    elif ended.attempt.done:
        if ended.attempt.verb in SWITCHING:
            note_live(host=ended.target.host, body=ended.body, now=timezone.now())
        AFTER[Verb(ended.attempt.verb)](ended)
    elif _is_lost(ended):
        _build_again(ended)
    elif _must_go_back(ended):
        _note_error(ended.target, ended.error())
        request_revert(ended.target)
    else:
        _fail(ended, ended.error())


def _must_go_back(ended: Ended) -> bool:
    """A host that has switched and cannot be proved, or may not be confirmed, does not stay so."""
    if ended.push.state != PushState.DEPLOYING:
        return False
    unsigned = ended.attempt.state == AttemptState.CANCELLED
    return ended.attempt.verb == Verb.PROVE or (ended.attempt.verb == Verb.CONFIRM and unsigned)


def _is_lost(ended: Ended) -> bool:
    """The approved release is gone or damaged, and was not built again for that reason before."""
    already = (ended.target.error or {}).get("code") == LOST
    deploying = ended.push.state == PushState.DEPLOYING
    return deploying and ended.attempt.verb == Verb.ACTIVATE and ended.lost and not already


def _build_again(ended: Ended) -> None:
    """Without asking anybody: the approval binds the manifest, and another one makes it void."""
    error = ended.error()
    text = f"{error['text']} {ended.target.host.name} builds it again."
    note = f"{error['code']}: {text}"
    error |= {"text": text}
    move_target(target=ended.target, to=TargetState.PENDING, by=CONTROL, note=note, error=error)
    request_stage(ended.target)


def _after_stage(ended: Ended) -> None:
    target, manifest_digest = ended.target, ended.body["manifest_digest"]
    if ended.push.state == PushState.DEPLOYING and manifest_digest != target.manifest_digest:
        Approval.objects.filter(push=ended.push, voided_at=None).update(voided_at=timezone.now())
        text = (
            f"{target.host.name} built other files than those that were approved. "
            "The approval is void and nothing was switched. Propose again."
        )
        _fail(ended, {"code": "manifest_differs", "text": text})
        return
    deploying = ended.push.state == PushState.DEPLOYING
    aside = ended.body.get("aside", "")
    move_target(
        target=target,
        to=TargetState.STAGED,
        by=CONTROL,
        note=f"what stood in its place is kept there as {aside}" if aside else "",
        manifest=ended.body["manifest"],
        manifest_digest=manifest_digest,
        # Why it was built again stays until the host has switched: once is all.
        error=target.error if deploying else None,
    )
    if deploying:
        request_activation(target)
    else:
        request_proof(target)


def _after_prove(ended: Ended) -> None:
    if ended.push.state == PushState.DEPLOYING:
        _after_live_proof(ended)
        return
    target = ended.target
    answers = json.loads(ended.attempt.result_bytes() or b"{}")
    proof = _judge(target, answers)
    PushTarget.objects.filter(pk=target.pk).update(
        proof=proof_to_json(proof)
        | {"sendmail_version": ended.body["sendmail_version"], "user": ended.body["user"]}
        | _as_before(target, answers),
        answers=ended.attempt.result,
        answers_digest=ended.attempt.result_digest,
        proved_at=timezone.now(),
    )
    target.refresh_from_db()
    if proof.blocks:
        _fail(ended, {"code": "not_proved", "text": " ".join(proof.blocks)})
        return
    if not ended.push.targets.filter(proof__isnull=True).exists():
        _proved(ended.push)


def _proved(push: ConfigPush) -> None:
    digest = digest_of_push(push)
    move_push(push=push, to=PushState.PROVED, by=CONTROL, digest=digest)
    if goes_as_before(push):
        note = "first release of the host: no mail was seen to go another way than before"
        move_push(push=push, to=PushState.APPROVED, by=CONTROL, note=note)


def _after_live_proof(ended: Ended) -> None:
    """The live configuration must answer as predicted, as the staged one did when proved.

    Answers are judged again and not compared letter by letter: without a key of its own an address
    may go another way a minute later, because DNS says so.
    """
    target = ended.target
    live = json.loads(ended.attempt.result_bytes() or b"{}")["live"]
    proof = judge(
        plan=plan_from_json(target.plan),
        live_bundle=None,
        proposed_bundle=bundle_of(target.revision),
        facts=facts_of(target.host),
        live_answers=None,
        staged_answers=_sides(live),
    )
    if not proof.blocks:
        request_confirmation(target)
        return
    text = f"{target.host.name} goes back to the former release: {' '.join(proof.blocks)}"
    _note_error(target, {"code": "live_differs", "text": text})
    request_revert(target)


def _after_activate(ended: Ended) -> None:
    move_target(target=ended.target, to=TargetState.ACTIVATED, by=CONTROL, error=None)
    request_live_proof(ended.target)


def _after_confirm(ended: Ended) -> None:
    move_target(target=ended.target, to=TargetState.CONFIRMED, by=CONTROL, error=None)
    waiting = ended.push.targets.exclude(state__in=OVER_TARGET)
    if waiting.exists():
        request_next(push=ended.push)
    else:
        move_push(push=ended.push, to=PushState.ACTIVE, by=CONTROL)


def _after_revert(ended: Ended) -> None:
    error = ended.target.error or {}
    note = str(error.get("text", ""))
    move_target(target=ended.target, to=TargetState.REVERTED, by=CONTROL, note=note)
    move_push(push=ended.push, to=PushState.STOPPED, by=CONTROL, note=note)


AFTER: Mapping[Verb, Callable[[Ended], None]] = {
    Verb.STAGE: _after_stage,
    Verb.PROVE: _after_prove,
    Verb.ACTIVATE: _after_activate,
    Verb.CONFIRM: _after_confirm,
    Verb.REVERT: _after_revert,
}


def _fail(ended: Ended, error: dict[str, Any]) -> None:
    """A failed part ends the preparation of the whole push, or stops its deployment there."""
    unheard = error["code"] == "no_answer"
    to = TargetState.UNREACHABLE if unheard else TargetState.FAILED
    note = f"{error['code']}: {error['text']}"
    move_target(target=ended.target, to=to, by=CONTROL, note=note, error=error)
    after = PushState.STOPPED if ended.push.state == PushState.DEPLOYING else PushState.FAILED
    move_push(push=ended.push, to=after, by=CONTROL, note=error["text"])


def _note_error(target: PushTarget, error: dict[str, Any]) -> None:
    PushTarget.objects.filter(pk=target.pk).update(error=error)
    target.error = error


def _judge(target: PushTarget, answers: Mapping[str, Any]) -> Proof:
    live, staged = answers.get("live"), answers["staged"]
    return judge(
        plan=plan_from_json(target.plan),
        live_bundle=bundle_of(target.base_revision) if target.base_revision else None,
        proposed_bundle=bundle_of(target.revision),
        facts=facts_of(target.host),
        live_answers=_sides(live) if live else None,
        staged_answers=_sides(staged),
    )


def _as_before(target: PushTarget, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Of a first release only: later ones are compared with the live release.

    A host whose link is gone has no base either; what was there before us is not its measure.
    """
    if target.base or live_target(target.host) is not None:
        return {}
    bundle, primary = bundle_of(target.revision), _sides(answers["staged"])[0]
    table = Table.from_text(bundle.files[PRIMARY_TABLE])
    found = compare(
        existing_of(answers.get("existing")),
        primary,
        resolver=Resolver.of_bundle(bundle, table, facts_of(target.host)),
        told=told_from_json(target.told),
    )
    return {"as_before": as_before_to_json(found)}


def _sides(answers: Mapping[str, Any]) -> tuple[Answers, Answers]:
    return tuple(
        {address: tuple(answer) for address, answer in answers[side].items()}
        for side in ("primary", "fallback")
    )  # type: ignore[return-value]  # two sides, always
