"""Read the lines of list servers for what is odd, and keep what is found.

A small table is read by whoever looks, when something was written since. A large one is read by a
process of its own that the control worker starts, and pages say how old the answer is.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import BATCH
from routing.core.facts import HostFacts, HostKind
from routing.core.oddities import RANK, Odd, odd_lines
from routing.models import FindingsPass, LineFinding, MailHost, RoutingObject
from routing.queries.edits import rows_intent
from routing.queries.findings import basis_of, holds
from routing.queries.object_rows import facts_by_server

log = logging.getLogger(__name__)

AT_ONCE = 20_000
"""Lines that a page reads while somebody waits for it: about half a second."""
SHARE = 20
"""A large table is read anew after so many times the time that it took."""
SHORTEST_PAUSE = timedelta(seconds=30)
LOST = timedelta(minutes=10)
"""A reading that was begun and has not ended by then died."""
KEPT = ("server_id", "place", "object_kind", "key", "text", "advice", "mend")


def read_small(*, at_once: int = AT_ONCE) -> None:
    """Bring the findings of every small list server up to now."""
    for host, facts in _known():
        if not _is_current(host, facts) and not _is_large(host, at_once):
            read_lines(host, facts)


def read_large(*, now: datetime, at_once: int = AT_ONCE) -> int:
    """Read every large list server that is due; the number of those that were."""
    due = [(host, facts) for host, facts in _known() if _is_due(host, facts, now, at_once)]
    for host, facts in due:
        FindingsPass.objects.update_or_create(server=host, defaults={"begun_at": now})
        read_lines(host, facts)
    return len(due)


def read_lines(host: MailHost, facts: HostFacts) -> None:
    """Find what is odd about every line of a list server, and write down what is new or gone."""
    began, at, basis = time.monotonic(), timezone.now(), basis_of(facts)
    intent = rows_intent(host)
    found = {(odd.item.id, str(odd.kind)): _row(host, odd) for odd in odd_lines(intent, facts)}
    with transaction.atomic():
        FindingsPass.objects.get_or_create(server=host)
        before = FindingsPass.objects.select_for_update().get(server=host)
        if before.number > basis.number:
            return  # Another reading began later and has ended already.
        _write(host, found)
        FindingsPass.objects.filter(server=host).update(
            number=basis.number,
            hash=basis.hash,
            facts=basis.facts,
            lines=len(intent.objects),
            counts=Counter(kind for _, kind in found),
            at=at,
            seconds=time.monotonic() - began,
            begun_at=None,
        )


class _Child:
    """The process that reads large tables, while it runs."""

    running: subprocess.Popen[bytes] | None = None


def start_reading(*, now: datetime) -> bool:
    """Start a process that reads the large tables that are due; whether one was started.

    Not a thread, and not this process: a million lines take half a minute and a gigabyte.
    """
    if _Child.running is not None:
        if _Child.running.poll() is None:
            return False
        if _Child.running.returncode:
            log.error("the findings could not be read: exit code %d", _Child.running.returncode)
        _Child.running = None
    if not any(_is_due(host, facts, now, AT_ONCE) for host, facts in _known()):
        return False
    argv = [sys.executable, "-m", "django", "read_findings", f"--larger-than={AT_ONCE}"]
    _Child.running = subprocess.Popen(argv)
    return True


def _known() -> Iterator[tuple[MailHost, HostFacts]]:
    facts = facts_by_server()
    for host in MailHost.in_service.filter(kind=HostKind.LIST_SERVER):
        known = facts.get(host.name)
        if known is not None:
            yield host, known


def _is_current(host: MailHost, facts: HostFacts) -> bool:
    before = FindingsPass.objects.filter(server=host).first()
    return before is not None and holds(before, facts)


def _is_large(host: MailHost, at_once: int) -> bool:
    return RoutingObject.objects.filter(server=host).order_by()[: at_once + 1].count() > at_once


def _is_due(host: MailHost, facts: HostFacts, now: datetime, at_once: int) -> bool:
    before = FindingsPass.objects.filter(server=host).first()
    if before is None or before.at is None:
        return _is_large(host, at_once) and not _is_under_way(before, now)
    pause = max(SHORTEST_PAUSE, timedelta(seconds=SHARE * before.seconds))
    if before.at + pause > now or _is_under_way(before, now):
        return False
    return not holds(before, facts) and _is_large(host, at_once)


def _is_under_way(before: FindingsPass | None, now: datetime) -> bool:
    return before is not None and before.begun_at is not None and before.begun_at + LOST > now


def _row(host: MailHost, odd: Odd) -> LineFinding:
    kind, item = odd.kind, odd.item
    return LineFinding(
        server=host,
        place=f"{RANK[kind]:02} {host.name} {item.key}",
        kind=kind.value,
        object_id=item.id,
        object_kind=item.kind.value,
        key=item.key,
        text=odd.finding.text,
        advice=odd.finding.advice,
        mend=odd.mend.value if odd.mend else "",
    )


def _write(host: MailHost, found: Mapping[tuple[UUID, str], LineFinding]) -> None:
    """Make the rows of a server those that were found; what stays as it is is not touched."""
    gone, same = [], set()
    kept = LineFinding.objects.filter(server=host).order_by()
    columns = kept.values_list("pk", "object_id", "kind", *KEPT)
    for pk, identity, kind, *values in columns.iterator(chunk_size=5000):
        row = found.get((identity, kind))
        if row is not None and values == [getattr(row, name) for name in KEPT]:
            same.add((identity, kind))
        else:
            gone.append(pk)
    for start in range(0, len(gone), BATCH):
        LineFinding.objects.filter(pk__in=gone[start : start + BATCH]).delete()
    new = (row for key, row in found.items() if key not in same)
    LineFinding.objects.bulk_create(new, batch_size=BATCH)
