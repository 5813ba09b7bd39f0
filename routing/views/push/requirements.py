"""The checklist of a push: what must hold before it goes live, always in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from mailadmin.ui.parts import Requirement
from mailadmin.ui.words import number
from mailadmin.wire.core.messages import Verb
from routing.core.plan import guards as plan_guards
from routing.core.states import PushState, TargetState
from routing.models import HostState, MailHost, PushTarget
from routing.queries.pushes import PushRecord, is_silent
from routing.services.advance import moved_base
from routing.services.order import goes_as_before
from routing.views.push.as_before import requirements_of

ENDED = frozenset(
    {
        PushState.REFUSED,
        PushState.SUPERSEDED,
        PushState.EXPIRED,
        PushState.FAILED,
        PushState.GIVEN_UP,
    }
)
LATE_PERIODS = 4


def requirements(record: PushRecord, *, mine: str) -> tuple[Requirement, ...]:
    """Staged, proved, base, guard, approvals. `mine` says what the reader may do about the last."""
    if record.state is PushState.ACTIVE:
        return tuple(_confirmed(record))
    parts = [_staged(record), _proved(record), *requirements_of(record)]
    if record.state not in ENDED and record.state is not PushState.DEPLOYING:
        parts.append(_base(record))
    parts += _guard(record)
    if record.state not in ENDED or record.approval is not None:
        parts.append(_approval(record, mine))
    return tuple(parts)


def _staged(record: PushRecord) -> Requirement:
    waiting = [target.row for target in record.targets if target.row.manifest is None]
    if not waiting:
        return Requirement("met", f"Staged on {_all(record)}", "makemap dump equals the source")
    broken = [row for row in waiting if row.state in (TargetState.FAILED, TargetState.UNREACHABLE)]
    names = _names(row.host.name for row in broken or waiting)
    if broken:
        return Requirement("failed", f"Not staged on {names}", error_text(broken[0]))
    if record.state in ENDED:
        return Requirement("failed", f"Not staged on {names}", "the push ended before")
    return _at_work(waiting[0], f"Staging on {names}", "m4 and makemap run")


def _proved(record: PushRecord) -> Requirement:
    rows = [target.row for target in record.targets]
    found = [row.proof for row in rows if row.proof is not None]
    unexplained = sum(proof["unexplained"] for proof in found)
    differing = sum(len(proof["disagreements"]) for proof in found)
    if unexplained or differing:
        note = " ".join(block for proof in found for block in proof["blocks"])
        return Requirement("failed", f"Not proved, {number(unexplained)} unexplained", note)
    if len(found) < len(rows):
        return _unproved(record, rows)
    asked = sum(proof["asked"] for proof in found)
    at = max((row.proved_at for row in rows if row.proved_at), default=None)
    return Requirement("met", "Proved, 0 unexplained", f"{number(asked)} addresses asked", at)


def _unproved(record: PushRecord, rows: list[PushTarget]) -> Requirement:
    waiting = next(row for row in rows if row.proof is None)
    if record.state in ENDED:
        why = error_text(waiting) if waiting.manifest is not None else "nothing was staged"
        return Requirement("failed", "Not proved", why)
    asking = waiting.attempt is not None and waiting.attempt.verb == Verb.PROVE
    if asking:
        return _at_work(waiting, f"Asking sendmail on {waiting.host.name}", "live and staged")
    return Requirement("waits", "Proof by sendmail", "follows when it is staged")


def _at_work(row: PushTarget, statement: str, note: str) -> Requirement:
    """An order that is open; one whose agent is silent says since when."""
    attempt = row.attempt
    if attempt is None:
        return Requirement("waits", statement, "about to begin")
    if is_silent(row, heard_since()):
        note, seen = f"{row.host.name} does not answer", attempt.agent.last_seen_at
        return Requirement("waits", statement, note, seen, "last word")
    return Requirement("works", statement, note, attempt.created_at, "asked")


def _base(record: PushRecord) -> Requirement:
    moved = moved_base(record.push)
    if moved:
        return Requirement("failed", "Base moved", " ".join(moved))
    seen = [at for target in record.targets if (at := observed_at(target.row.host)) is not None]
    if damage := [text for target in record.targets for text in _left(target.row)]:
        return Requirement("warn", "Base is as it was found", " ".join(damage))
    return Requirement("met", "Base is still live", "no drift", min(seen, default=None), "checked")


def _left(row: PushTarget) -> Iterator[str]:
    """What this push leaves on a host that is not as it was activated."""
    if row.damage:
        seen = "; ".join(f"{item['file']} {item['text']}" for item in row.damage)
        yield f"Leaves what somebody changed on {row.host.name}: {seen}."
    if row.base and row.base_revision_id is None:
        yield (
            f"{row.host.name} runs release {row.base[:8]}, which no revision here made: what it"
            " routes cannot be compared, so every key is listed."
        )


def _guard(record: PushRecord) -> Iterator[Requirement]:
    found = [guard for target in record.targets for guard in plan_guards(target.plan)]
    if not found:
        return
    push = record.push
    texts = " ".join(guard.text for guard in found)
    if not push.guard_reason:
        yield Requirement("failed", "Guard not acknowledged", texts)
        return
    note = f"{texts} “{push.guard_reason}”, {push.proposed_by}"
    yield Requirement("warn", "Guard acknowledged", note)


def _approval(record: PushRecord, mine: str) -> Requirement:
    verdict = record.approval
    if verdict is not None and verdict.verdict == "refused":
        statement = f"Refused by {verdict.person.full_name}"
        return Requirement("failed", statement, f"“{verdict.reason}”", verdict.at)
    if verdict is not None and record.closed_approver:
        note = f"{record.closed_approver} approved it, and that account is closed now"
        return Requirement("failed", "The approval no longer counts", note, verdict.at)
    if verdict is not None:
        short = verdict.digest[:8]
        return Requirement("met", f"Approved by {verdict.person.full_name}", short, verdict.at)
    if goes_as_before(record.push):
        return Requirement("met", "No approval needed", "the first release of the host, an import")
    if settings.ONE_POSTMASTER:
        return Requirement("waits", "1 approval, your own will do", "one-postmaster policy")
    return Requirement("waits", "1 approval by someone else", mine)


def _confirmed(record: PushRecord) -> Iterator[Requirement]:
    at = max((target.row.state_at for target in record.targets), default=None)
    yield Requirement("met", "Confirmed by sendmail", "live answers are those of the proof", at)
    yield _approval(record, "")


def observed_at(host: MailHost) -> datetime | None:
    """When the deploy agent of a host looked last."""
    state = state_of(host)
    return state.deploy_at if state else None


def state_of(host: MailHost) -> HostState | None:
    """The observed state, None before the first observation."""
    return getattr(host, "state", None)


def heard_since() -> datetime:
    """An agent whose last word is older counts as silent."""
    return timezone.now() - timedelta(seconds=settings.OBSERVE_SECONDS * LATE_PERIODS)


def error_text(row: PushTarget) -> str:
    """What went wrong on a host, as its agent or our record says it."""
    return str((row.error or {}).get("text", "")) or "no reason was given"


def _all(record: PushRecord) -> str:
    names = record.host_names
    if len(names) == 1:
        return names[0]
    return "both hosts" if len(names) == 2 else f"{len(names)} hosts"


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
