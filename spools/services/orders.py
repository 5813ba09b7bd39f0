"""The orders that spools gives to agents: when each is due, whether it may still go, its end."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.services.waiting import Handler
from spools.services.flushes import may_flush, record_flush, request_flushes
from spools.services.probing import may_probe, record_probes, request_probes
from spools.services.scans import may_sign_scan, record_scan, request_scans

RUNS = Handler(request_flushes, may_flush, record_flush)
"""Both kinds of runs are rows of one table."""

HANDLERS: Mapping[Verb, Handler] = {
    Verb.SCAN: Handler(request_scans, may_sign_scan, record_scan),
    Verb.PROBE: Handler(request_probes, may_probe, record_probes),
    Verb.FLUSH: RUNS,
    Verb.RETRY: RUNS,
}
