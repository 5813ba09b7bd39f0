"""What is due: the one sweep of the control plane. Any step may run twice, or never finish."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone

from mailadmin.audit.watch import watch_slice
from mailadmin.celery import app
from mailadmin.health.models import note_sweep
from mailadmin.wire.core.messages import Outcome, Verb
from mailadmin.wire.keys import load_private
from mailadmin.wire.models import Attempt
from mailadmin.wire.services import (
    forget_old,
    record,
    resend_open,
    sign_again,
    sign_and_send_due,
)
from mailadmin.wire.services.waiting import Handler
from mailadmin.wire.transport import Transport, TransportDown
from routing.services.advance import advance, open_pushes, settle_unheard
from routing.services.attempt_errors import expired
from routing.services.dns.slices import start_slice
from routing.services.findings import start_reading
from routing.services.hosts import not_observed, observed, refused_to_observe
from routing.services.looks import HANDLERS as ROUTING
from routing.services.observing import request_observations
from routing.services.order import may_sign as routing_may_sign
from routing.services.reading import record_reading, unheard_readings
from routing.services.record import record_result
from routing.services.transitions import MovedMeanwhile
from spools.services.orders import HANDLERS as SPOOLS

log = logging.getLogger(__name__)

Item = TypeVar("Item")
HANDLERS: Mapping[Verb, Handler] = {**ROUTING, **SPOOLS}
"""What agents are asked of which no push waits. One handler may be of several verbs."""


def tick() -> None:
    """Everything that is due, in the order in which one thing makes the next due."""
    now = timezone.now()
    sign_again(may_sign=may_sign, signing_key=signing_key(), now=now)
    _each(resend_open(transport=transport(), now=now), settle)
    _each(settle_unheard(), settle)
    _each(unheard_readings(), settle)
    _each(open_pushes(), advance)
    request_observations(now=now)
    _each(dict.fromkeys(HANDLERS.values()), lambda handler: handler.request(now))
    send_due(now)
    forget_old(now=now)
    start_reading(now=now)
    start_slice()
    watch_slice(now=now)
    note_sweep(now=timezone.now())


def take_in(envelope: str) -> None:
    """A report has arrived: believe it or not, apply it, and send what it made due."""
    now = timezone.now()
    try:
        attempt = record(envelope=envelope, transport=transport(), now=now)
    except TransportDown as error:
        log.warning("a report's blob could not be fetched, its receipt will come again: %s", error)
        return
    if attempt is not None:
        _each([attempt], settle)
        _each(open_pushes(), advance)
        send_due(now)


def may_sign(attempt: Attempt) -> str | None:
    """Why an order must not be signed now, None when it may."""
    handler = HANDLERS.get(Verb(attempt.verb))
    return handler.may_sign(attempt) if handler else routing_may_sign(attempt)


def settle(attempt: Attempt) -> None:
    """Apply an attempt that has ended to whatever waits for it."""
    if handler := HANDLERS.get(Verb(attempt.verb)):
        handler.record(attempt, timezone.now())
    elif attempt.verb == Verb.READ_FILES:
        record_reading(attempt=attempt)
    elif attempt.verb != Verb.OBSERVE:
        record_result(attempt=attempt)
    elif attempt.outcome == Outcome.DONE:
        agent = attempt.agent
        observed(agent_host=agent.host_name, role=agent.role, body=attempt.body, now=timezone.now())
    elif attempt.outcome == Outcome.FAILED:
        agent, error = attempt.agent, attempt.error or {}
        not_observed(agent_host=agent.host_name, role=agent.role, text=str(error.get("text", "")))
    elif text := expired(attempt):
        agent = attempt.agent
        refused_to_observe(agent_host=agent.host_name, role=agent.role, text=text)


def send_due(now: datetime) -> None:
    """Sign and send; an attempt that the policy stopped is settled at once."""
    cancelled = sign_and_send_due(
        may_sign=may_sign, signing_key=signing_key(), transport=transport(), now=now
    )
    _each(cancelled, settle)


@cache
def transport() -> Transport:
    """One connection pool per process."""
    return Transport.connect(app=app, url=settings.BROKER_URL, blob_ttl_s=settings.WIRE_BLOB_TTL_S)


@cache
def signing_key() -> Ed25519PrivateKey:
    """Read once per control worker; no other process is given the file."""
    return load_private(Path(settings.SIGNING_KEY_FILE))


def _each(items: Iterable[Item], act: Callable[[Item], None]) -> None:
    """One bad row must not stop the others; it is tried again at the next tick."""
    for item in items:
        try:
            act(item)
        except MovedMeanwhile as moved:
            log.info("%s", moved)
        except Exception:  # the loop's boundary: logged, and the row stays due
            log.exception("%s could not be advanced", item)
