"""Take a report in. Everything that arrives is kept; only a report that the right agent signed
and that answers an open attempt, with its sequence, is believed.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from mailadmin.wire.core.blobs import BlobError, unpack
from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.fields import MAX_INTEGER, MessageError
from mailadmin.wire.core.messages import Outcome, Report
from mailadmin.wire.core.sequence import Refusal
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.keys import public_from_text
from mailadmin.wire.models import Agent, Attempt, ReceivedReport
from mailadmin.wire.signatures import EnvelopeError, claimed, open_report
from mailadmin.wire.transport import Transport

log = logging.getLogger(__name__)

# What nobody signed may not fill the database.
MAX_KEPT_UNSIGNED = 4096


class _NotBelieved(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class _Authentic:
    agent: Agent
    report: Report


def record(*, envelope: str, transport: Transport, now: datetime) -> Attempt | None:
    """The attempt that this report ended, or None: it was kept with the reason and changes
    nothing. Raises TransportDown if the report's blob cannot be fetched now; the agent's
    receipt comes again with the next send of the order.

    A refused report ends its attempt too; where the agent's sequence was ahead, the next order
    will be above it: see `again`.
    """
    try:
        authentic = _authenticate(envelope)
    except _NotBelieved as error:
        _keep_unsigned(envelope, error.why, now)
        return None
    attempt = None
    try:
        attempt = _open_attempt(authentic)
        packed = _fetch_blob(authentic, transport)
    except _NotBelieved as error:
        _keep(authentic, envelope, error.why, now, attempt)
        return None
    return _close(attempt, authentic, packed, envelope, now)


def _authenticate(envelope: str) -> _Authentic:
    try:
        says = claimed(envelope)
        agent = Agent.objects.filter(host_name=says.host, role=says.role.value).first()
        if agent is None:
            raise _NotBelieved(f"no {says.role} agent of {says.host} is registered")
        return _Authentic(agent, open_report(envelope, public_from_text(agent.public_key)))
    except (EnvelopeError, MessageError) as error:
        raise _NotBelieved(str(error)) from None


def _open_attempt(authentic: _Authentic) -> Attempt:
    agent, report = authentic.agent, authentic.report
    if agent.disabled:
        raise _NotBelieved(f"the agent {agent} is disabled")
    attempt = Attempt.objects.filter(
        pk=report.attempt,
        agent=agent,
        sequence=report.sequence,
        state=AttemptState.SENT.value,
    ).first()
    if attempt is None:
        raise _NotBelieved("no open attempt has this id, agent and sequence")
    if report.outcome == Outcome.REFUSED and _error(report).get("code") == Refusal.BLOB_UNUSABLE:
        raise _NotBelieved(f"to be sent again: {_error(report).get('text')}")
    return attempt


def _fetch_blob(authentic: _Authentic, transport: Transport) -> bytes | None:
    """The packed blob after it was unpacked once, so that a stored result is always good."""
    agent, report = authentic.agent, authentic.report
    if report.blob is None:
        return None
    packed = transport.get_blob(agent.host_name, report.role, report.blob)
    if packed is None:
        raise _NotBelieved("its blob is gone from Redis; the receipt will bring it again")
    try:
        unpack(packed, report.blob)
    except BlobError as error:
        raise _NotBelieved(f"{error}; the receipt will bring it again") from None
    return packed


@transaction.atomic
def _close(
    attempt: Attempt, authentic: _Authentic, packed: bytes | None, envelope: str, now: datetime
) -> Attempt | None:
    agent, report = authentic.agent, authentic.report
    changed = Attempt.objects.filter(pk=attempt.pk, state=AttemptState.SENT.value).update(
        state=AttemptState.REPORTED.value,
        outcome=report.outcome.value,
        body=_storable(report.body),
        result=packed,
        result_digest=report.blob or "",
        reported_at=now,
        ended_at=now,
    )
    if changed != 1:
        _keep(authentic, envelope, "another report ended this attempt first", now, attempt)
        return None
    _learn(agent, report, fresh=attempt.sends <= 1, now=now)
    _keep(authentic, envelope, "", now, attempt)
    attempt.refresh_from_db()
    return attempt


def _learn(agent: Agent, report: Report, *, fresh: bool, now: datetime) -> None:
    """A receipt that is sent again bears its old time, so the skew is taken from first answers
    and refusals only."""
    values: dict[str, object] = {"last_seen_at": now}
    if fresh or report.outcome == Outcome.REFUSED:
        values["clock_skew_ms"] = int((report.at - now.timestamp()) * 1000)
    own = _own_sequence(report)
    if own is not None:
        values["last_sequence"] = Greatest(F("last_sequence"), own)
    Agent.objects.filter(pk=agent.pk).update(**values)


def _own_sequence(report: Report) -> int | None:
    """What a refusal says of the agent's own last sequence; ours must not be below it."""
    own = _error(report).get("sequence")
    if report.outcome != Outcome.REFUSED or not isinstance(own, int) or isinstance(own, bool):
        return None
    return own if 0 <= own < MAX_INTEGER else None


def _error(report: Report) -> dict[str, object]:
    found = report.body.get("error")
    return dict(found) if isinstance(found, dict) else {}


def _storable(value: Json) -> Json:
    """PostgreSQL keeps no NUL in text; the envelope still has it, escaped."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {str(_storable(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_storable(item) for item in value]
    return value


def _keep(
    authentic: _Authentic, envelope: str, why: str, now: datetime, attempt: Attempt | None
) -> None:
    if why:
        log.info("report of %s ignored: %s", authentic.agent, why)
    ReceivedReport.objects.create(
        agent=authentic.agent,
        received_at=now,
        envelope=envelope,
        attempt_id=authentic.report.attempt,
        verb=attempt.verb if attempt else "",
        accepted=not why,
        why=why,
    )


def _keep_unsigned(envelope: object, why: str, now: datetime) -> None:
    log.warning("report not believed: %s", why)
    text = envelope if isinstance(envelope, str) else repr(envelope)
    ReceivedReport.objects.create(
        agent=None,
        received_at=now,
        envelope=text[:MAX_KEPT_UNSIGNED].replace("\0", "�"),
        accepted=False,
        why=why[:MAX_KEPT_UNSIGNED].replace("\0", "�"),
    )
