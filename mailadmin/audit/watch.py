"""The trail read whole, again and again, a slice at each tick: a touched event is found by itself.

`manage.py check_audit` does the same in one go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailadmin.audit.models import AuditEvent, AuditHead, AuditPass
from mailadmin.audit.queries import expected_hash

SLICE = 500
"""Events of one slice: some ten milliseconds."""
PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class WholePass:
    """What reading the trail came to: `broken_at` is the first wrong event, None if none is."""

    at: datetime
    broken_at: int | None

    @property
    def ok(self) -> bool:
        return self.broken_at is None


def last_whole_pass() -> WholePass | None:
    """The last one that ended, None before the first."""
    found = AuditPass.objects.filter(pk=1).first()
    return WholePass(found.ended_at, found.broken_at) if found and found.ended_at else None


def watch_slice(*, now: datetime, most: int = SLICE) -> None:
    """Go on with the reading, or begin another when the last one ended an hour ago.

    May be called by two workers at once: what the second one found is dropped.
    """
    found, _ = AuditPass.objects.get_or_create(pk=1)
    if not found.is_running and found.ended_at is not None and now - found.ended_at < PAUSE:
        return
    # The newest event before the head: whatever is written meanwhile moves the head, never back.
    newest = AuditEvent.objects.order_by("-number").values_list("number", flat=True).first() or 0
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    number, digest, broken = _read_on(found.number, found.hash, most)
    if broken is None and head.number < newest:
        broken = head.number + 1
    if broken is None and number >= head.number:
        at_head = number == head.number
        broken = number if at_head and digest != head.hash else None
        ended = True
    elif broken is None and number == found.number:
        broken, ended = number + 1, True
    else:
        ended = broken is not None
    _keep(found, number, digest, broken, now if ended else None)


def _read_on(number: int, digest: str, most: int) -> tuple[int, str, int | None]:
    """The number and hash of the last good event of a slice, and the first wrong one."""
    for event in AuditEvent.objects.filter(number__gt=number).order_by("number")[:most]:
        if event.number != number + 1 or event.hash != expected_hash(event, digest):
            return number, digest, number + 1
        number, digest = event.number, event.hash
    return number, digest, None


def _keep(
    found: AuditPass, number: int, digest: str, broken: int | None, ended: datetime | None
) -> None:
    """Where the reading stands; after its end the next one begins at the first event."""
    unmoved = AuditPass.objects.filter(pk=1, number=found.number, ended_at=found.ended_at)
    if ended is None:
        unmoved.update(number=number, hash=digest, is_running=True)
    else:
        unmoved.update(number=0, hash="", is_running=False, ended_at=ended, broken_at=broken)
