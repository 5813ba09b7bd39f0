"""Have the spool agent read the files of a list server as it was, and keep what it found."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import CONTROL, Actor, Happened, record
from mailadmin.people.models import Person
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.core.states import OPEN_STATES
from mailadmin.wire.models import Attempt
from mailadmin.wire.services import again, request
from mailadmin.wire.services.agents import NoSuchAgent
from routing.core.adopt.reading import ReadingState, reading_from_json
from routing.core.facts import HostKind
from routing.models import MailHost, Reading
from routing.services.attempt_errors import error_of
from routing.services.errors import NotAllowed
from routing.services.record import ASK_AGAIN

LIFETIME_S = 180
"""A reading that is not answered by then is given up: a push must not wait behind it for long."""
TOO_OLD = "unknown_verb"


def ask_reading(*, host: MailHost, by: Actor, person: Person | None = None) -> Reading:
    """Ask once; while nobody has answered, the open question is given again.

    Raises NotAllowed where there is no spool agent to ask.
    """
    with transaction.atomic():
        host = MailHost.objects.select_for_update().get(pk=host.pk)
        waiting = Reading.objects.filter(host=host, state=ReadingState.ASKED).first()
        if waiting is not None:
            return waiting
        reading = Reading.objects.create(
            host=host,
            attempt=_attempt(host),
            person=person,
            asked_by=by.name,
            asked_at=timezone.now(),
        )
        record(by=by, happened=Happened(action="reading.asked", subject=host.name, host=host.name))
        return reading


def _attempt(host: MailHost) -> Attempt:
    if host.retired_at is not None or host.kind != HostKind.LIST_SERVER:
        raise NotAllowed([f"{host.name} is no list server in service."])
    try:
        return request(
            host=host.name,
            role=Role.SPOOL,
            verb=Verb.READ_FILES,
            arguments={},
            lifetime_s=LIFETIME_S,
        )
    except NoSuchAgent:
        text = f"{host.name} has no spool agent yet that could read its files: upload them."
        raise NotAllowed([text]) from None


def record_reading(*, attempt: Attempt) -> None:
    """Apply the end of an attempt to the reading that waits for it, once."""
    with transaction.atomic():
        reading = Reading.objects.select_for_update(of=("self",)).filter(attempt=attempt).first()
        attempt.refresh_from_db()
        if reading is None or reading.state != ReadingState.ASKED or attempt.is_open:
            return
        if (attempt.error or {}).get("code") in ASK_AGAIN:
            _ask_again(reading, attempt)
        elif why := _unreadable(attempt) if attempt.done else _why_not(attempt):
            _failed(reading, why)
        else:
            _answered(reading)


def _ask_again(reading: Reading, attempt: Attempt) -> None:
    """The agent was ahead of our record, and took nothing in."""
    Reading.objects.filter(pk=reading.pk).update(attempt=again(attempt=attempt))
    host, note = reading.host.name, "asked anew: the agent was ahead of our record"
    happened = Happened(action="reading.asked", subject=host, host=host, note=note)
    record(by=CONTROL, happened=happened)


def unheard_readings() -> Iterable[Attempt]:
    """Attempts that have ended while nobody applied them."""
    waiting = Reading.objects.filter(state=ReadingState.ASKED).exclude(
        attempt__state__in=OPEN_STATES
    )
    return [reading.attempt for reading in waiting.select_related("attempt__agent")]


def _unreadable(attempt: Attempt) -> str:
    """Why a report that says done is none that can be used, "" when it is."""
    try:
        reading_from_json(json.loads(attempt.result_bytes() or b""))
    except (ValueError, KeyError, TypeError) as error:
        return f"What {attempt.agent.host_name} sent cannot be read: {type(error).__name__}."
    return ""


def _why_not(attempt: Attempt) -> str:
    error = error_of(attempt)
    if error["code"] == TOO_OLD:
        host = attempt.agent.host_name
        return f"The spool agent of {host} is too old to read files: bring it up, or upload them."
    return str(error["text"])


def _answered(reading: Reading) -> None:
    _end(reading, ReadingState.ANSWERED, "")
    host, digest = reading.host.name, reading.attempt.result_digest
    happened = Happened(action="reading.answered", subject=host, host=host, digest=digest)
    record(by=CONTROL, happened=happened)
    _forget_older(reading)


def _failed(reading: Reading, why: str) -> None:
    _end(reading, ReadingState.FAILED, why)
    host = reading.host.name
    record(
        by=CONTROL, happened=Happened(action="reading.failed", subject=host, host=host, note=why)
    )


def _end(reading: Reading, state: ReadingState, why: str) -> None:
    Reading.objects.filter(pk=reading.pk).update(
        state=state.value, ended_at=timezone.now(), why=why
    )


def _forget_older(reading: Reading) -> None:
    """Of a server's files the newest texts are enough, and none are kept that nobody needs."""
    older = Reading.objects.filter(host=reading.host_id).exclude(pk=reading.pk)
    Attempt.objects.filter(pk__in=older.values("attempt"), result__isnull=False).update(
        result=None, result_digest=""
    )
