"""One slice of the DNS checks: enrol, ask what is due, judge. It never keeps the tick waiting.

The rows are the queue; a slice that dies loses nothing, its rows are due again two minutes later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from routing.core.dns.answers import (
    Answer,
    Ask,
    Outcome,
    Record,
    host_to_json,
    look_at_host,
    look_at_mx,
    look_at_ptr,
    mx_to_json,
    ptr_to_json,
)
from routing.core.dns.spf import look_at_spf, to_json
from routing.models import Asked, DnsCheck
from routing.queries.dns_site import read_sites
from routing.services.dns.resolver import Resolver, reverse_name
from routing.services.dns.rows import (
    AT_START,
    Walked,
    claim_due,
    enrol_hosts,
    enrol_keys,
    forget_keys,
    judge_rows,
    record_answers,
    unjudged,
)

log = logging.getLogger(__name__)

THREADS = 8
ENROLLED = 500
JUDGED = 200
PATIENCE = 5

Parts = Mapping[str, tuple[Outcome, Mapping[str, Any]]]


@dataclass(slots=True)
class _Sweep:
    """How far this process has looked through the keys of a kind. Another one begins anew: no
    harm."""

    enrolled: Walked = AT_START
    forgotten: str = ""


_sweeps = {Asked.DOMAIN: _Sweep(), Asked.LOCAL: _Sweep()}
_running = threading.Lock()


def start_slice() -> bool:
    """Begin a slice in a thread of its own; False while the last one runs, or checks are off."""
    if not settings.DNS_CHECKS or not _running.acquire(blocking=False):
        return False
    threading.Thread(target=_in_thread, name="dns", daemon=True).start()
    return True


def _in_thread() -> None:
    try:
        run_slice(now=timezone.now())
    except Exception:  # the thread's boundary: logged, and what was claimed comes due again
        log.exception("a slice of the DNS checks ended early")
    finally:
        connection.close()
        _running.release()


def run_slice(*, now: datetime) -> int:
    """Everything that is due, in bounds; returns how many names were asked. Raises BadServer."""
    sites = read_sites()
    enrol_hosts(sites, now=now)
    for kind, sweep in _sweeps.items():
        sweep.enrolled = enrol_keys(kind, after=sweep.enrolled, most=ENROLLED, now=now)
        sweep.forgotten = forget_keys(kind, after=sweep.forgotten, most=ENROLLED)
    resolver = Resolver(settings.DNS_SERVERS, settings.DNS_SECONDS)
    due = claim_due(most=settings.DNS_SLICE, now=now)
    # The threads ask and nothing else: rows are read and written by this one.
    with ThreadPoolExecutor(THREADS) as pool:
        waited = [(check, pool.submit(asked, check, resolver.ask)) for check in due]
        for check, future in waited:
            _kept(check, future)
    # What was just learnt of a relay's address is what the others are judged by.
    sites = read_sites()
    judge_rows(checks=unjudged(sites, most=JUDGED), sites=sites)
    return len(due)


def _kept(check: DnsCheck, future: Future[Parts]) -> None:
    """One bad answer must not stop the others; its row stays claimed and is due again."""
    try:
        record_answers(check=check, parts=future.result(), now=timezone.now())
    except Exception:  # the loop's boundary
        log.exception("the DNS of %s could not be recorded", check)


def asked(check: DnsCheck, ask: Ask) -> Parts:
    """Ask everything of one name, in at most PATIENCE times the time of one question."""
    ask = _within(ask, settings.DNS_SECONDS * PATIENCE)
    match check.kind:
        case Asked.DOMAIN:
            mx, spf = look_at_mx(check.name, ask), look_at_spf(check.name, ask)
            return {"mx": (mx.worst, mx_to_json(mx)), "spf": (spf.worst, to_json(spf))}
        case Asked.LOCAL:
            own, mx = look_at_host(check.name, ask), look_at_mx(check.name, ask)
            return {"host": (own.outcome, host_to_json(own)), "mx": (mx.worst, mx_to_json(mx))}
        case Asked.HOST:
            host = look_at_host(check.name, ask)
            return {"host": (host.outcome, host_to_json(host))}
        case _:
            ptr = look_at_ptr(check.name, reverse_name(check.name), ask)
            return {"ptr": (ptr.worst, ptr_to_json(ptr))}


def _within(ask: Ask, seconds: float) -> Ask:
    """The same, but past the time every further question has timed out already: a record can lead
    to two hundred names, and a dead server makes each of them wait."""
    end = time.monotonic() + seconds

    def bounded(name: str, kind: Record) -> Answer:
        return ask(name, kind) if time.monotonic() < end else Answer(Outcome.TIMED_OUT)

    return bounded
