"""The orders that spools gives to agents: when each is due, whether it may still go, its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt
from spools.services.flushes import may_flush, record_flush, request_flushes
from spools.services.probing import may_probe, record_probes, request_probes
from spools.services.scans import may_sign_scan, record_scan, request_scans


@dataclass(frozen=True, slots=True)
class Handler:
    """One verb. `request` writes the attempts that are due, and applies what an end that nobody
    applied would have brought: it is called at every tick, twice at once too. `may_sign` says why
    an order must not go, None when it may. `record` applies an attempt that ended, done or not, and
    may be called again."""

    request: Callable[[datetime], None]
    may_sign: Callable[[Attempt], str | None]
    record: Callable[[Attempt, datetime], None]


HANDLERS: Mapping[Verb, Handler] = {
    Verb.SCAN: Handler(request_scans, may_sign_scan, record_scan),
    Verb.PROBE: Handler(request_probes, may_probe, record_probes),
    Verb.FLUSH: Handler(request_flushes, may_flush, record_flush),
}
