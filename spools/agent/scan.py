"""Scan: what waits in the spools of this host, in figures, and the oldest messages."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailadmin.wire.core.canonical import Json, canonical
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.host import HostConfig
from spools.agent.cache import cache_file, compacted, load, save
from spools.agent.directories import spool_name
from spools.agent.spool_scan import Scanned, SpoolScan
from spools.core.listing import Listing, changes, token_of
from spools.core.summary import SpoolReport

log = logging.getLogger(__name__)

LISTINGS_KEPT = 2
"""The control plane may still have the one before, when a report was lost."""
SAVED_EVERY_S = 300
SMALL = 20_000
"""Up to so many messages what is known is saved whenever it changed."""


@dataclass(slots=True)
class _Spool:
    """What this process knows of a spool: `listings` by token, the last one is at the end."""

    scan: SpoolScan
    listings: dict[str, Listing] = field(default_factory=dict)
    saved: float = 0.0

    def token(self, listed: Listing) -> str:
        """Names the list, which is kept. An unchanged one is not digested again."""
        last = next(reversed(self.listings), "")
        if self.listings.get(last) is listed:
            return last
        token = token_of(listed)
        self.listings.pop(token, None)
        self.listings[token] = listed
        while len(self.listings) > LISTINGS_KEPT:
            del self.listings[next(iter(self.listings))]
        return token


_spools: dict[Path, _Spool] = {}


def scan(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Every spool of this host; one that cannot be read says so and hinders no other.

    `known` maps names of spools to the token of the list that the control plane has: with it, only
    what changed in the list is told.
    """
    known = arguments.get("known")
    tokens = known if isinstance(known, Mapping) else {}
    reports = [
        _report(spool, str(tokens.get(spool_name(spool), "")), host.state)
        for spool in (host.spool, *host.other_spools)
    ]
    bodies, lists = [], {}
    for report in reports:
        whole = report.to_json()
        lists[report.name] = {"messages": whole.pop("messages"), "gone": whole.pop("gone")}
        bodies.append(whole)
    return done({"spools": bodies}, canonical(lists))


def forget() -> None:
    """Know nothing, as after a restart."""
    _spools.clear()


def _report(path: Path, known: str, state: Path) -> SpoolReport:
    name = spool_name(path)
    spool = _spools.pop(path, None) or _Spool(_restored(path, state))
    try:
        scanned = spool.scan.scan(at=int(time.time()))
    except OSError as error:
        # What was known was just being changed, so it is not known any more.
        problem = f"{error.filename or path} cannot be read: {error.strerror}."
        return SpoolReport(name=name, path=str(path), problem=problem)
    if spool.scan.known.is_hollow:
        spool.scan = SpoolScan(path, compacted(spool.scan.known, path))
    _spools[path] = spool
    _save(spool, scanned, path, state)
    before = spool.listings.get(known)
    token = spool.token(scanned.listed)
    messages, gone = changes(before or {}, scanned.listed)
    return SpoolReport(
        name=name,
        path=str(path),
        summary=scanned.summary,
        token=token,
        base="" if before is None else known,
        messages=messages,
        gone=gone,
    )


def _restored(path: Path, state: Path) -> SpoolScan:
    return SpoolScan(path, load(cache_file(state, path), path) if state.name else None)


def _save(spool: _Spool, scanned: Scanned, path: Path, state: Path) -> None:
    """Without it the next start reads more, and nothing else is amiss."""
    small = sum(scanned.summary.states.values()) <= SMALL
    due = small or time.monotonic() - spool.saved >= SAVED_EVERY_S or not spool.saved
    if not state.name or not spool.scan.unsaved or not due:
        return
    try:
        save(spool.scan.known, cache_file(state, path), path)
    except OSError as error:
        log.warning("what is known of %s was not saved: %s", path, error.strerror)
        return
    spool.scan.unsaved, spool.saved = False, time.monotonic()
