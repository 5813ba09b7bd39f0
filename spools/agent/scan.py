"""Scan: what waits in the spools of this host, in figures, and the oldest messages."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from mailadmin.wire.core.canonical import Json, canonical
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.host import HostConfig
from spools.agent.directories import spool_name
from spools.agent.spool_scan import SpoolScan
from spools.core.listing import changes, token_of
from spools.core.summary import MessageRow, SpoolReport

Listing = Mapping[str, MessageRow]

LISTINGS_KEPT = 2
"""The control plane may still have the one before, when a report was lost."""
_scans: dict[Path, SpoolScan] = {}
_listings: dict[Path, dict[str, Listing]] = {}


def scan(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Every spool of this host; one that cannot be read says so and hinders no other.

    `known` maps names of spools to the token of the list that the control plane has: with it, only
    what changed in the list is told.
    """
    known = arguments.get("known")
    tokens = known if isinstance(known, Mapping) else {}
    spools = (host.spool, *host.other_spools)
    reports = [_report(spool, str(tokens.get(spool_name(spool), ""))) for spool in spools]
    bodies, lists = [], {}
    for report in reports:
        whole = report.to_json()
        lists[report.name] = {"messages": whole.pop("messages"), "gone": whole.pop("gone")}
        bodies.append(whole)
    return done({"spools": bodies}, canonical(lists))


def _report(spool: Path, known: str) -> SpoolReport:
    name = spool_name(spool)
    try:
        scanned = _scans.setdefault(spool, SpoolScan(spool)).scan(at=int(time.time()))
    except OSError as error:
        # What it knew was being changed.
        del _scans[spool]
        problem = f"{error.filename or spool} cannot be read: {error.strerror}."
        return SpoolReport(name=name, path=str(spool), problem=problem)
    token = token_of(scanned.listed)
    kept = _listings.setdefault(spool, {})
    before = kept.get(known)
    messages, gone = changes(before or {}, scanned.listed)
    kept[token] = scanned.listed
    while len(kept) > LISTINGS_KEPT:
        del kept[next(iter(kept))]
    return SpoolReport(
        name=name,
        path=str(spool),
        summary=scanned.summary,
        token=token,
        base="" if before is None else known,
        messages=messages,
        gone=gone,
    )
