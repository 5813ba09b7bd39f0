"""A person says that a relay target is worked on, and that it is over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.models import RelayTarget
from spools.core.health import maintained, released
from spools.models import RelayHealth, RelayMaintenance
from spools.services.errors import NotAllowed
from spools.services.probing import set_state

REASON_LIMIT = 500


def begin_maintenance(
    *, relay: RelayTarget, reason: str, until: datetime | None = None, by: Person | Actor
) -> RelayMaintenance:
    """From now on nothing is judged of it, on no list server, and no fallback is asked for.

    `until` is when it is meant to be over; nothing ends by itself. Raises NotAllowed: no reason,
    an end in the past, or it is in maintenance already.
    """
    now, reason = timezone.now(), reason.strip()
    with transaction.atomic():
        rows = _locked(relay)
        if reasons := _reasons_against(relay, reason, until, now):
            raise NotAllowed(reasons)
        made = RelayMaintenance.objects.create(
            relay=relay.pk,
            name=relay.name,
            reason=reason,
            began_at=now,
            began_by=acting(by).name,
            until=until,
        )
        for row in rows:
            set_state(row, maintained(int(now.timestamp()), reason), now)
        new = {"reason": reason, "until": until.isoformat() if until else None}
        record(by=acting(by), happened=_happened(relay, "began", new=new))
    return made


def end_maintenance(*, relay: RelayTarget, by: Person | Actor) -> None:
    """The next probe decides again. Nothing happens where it has ended already."""
    now = timezone.now()
    with transaction.atomic():
        rows = _locked(relay)
        row = RelayMaintenance.objects.filter(relay=relay.pk, ended_at=None).first()
        if row is None:
            return
        row.ended_at, row.ended_by = now, acting(by).name
        row.save(update_fields=["ended_at", "ended_by"])
        for health in rows:
            set_state(health, released(int(now.timestamp())), now)
        record(by=acting(by), happened=_happened(relay, "ended"))


def _locked(relay: RelayTarget) -> list[RelayHealth]:
    """What the list servers know of it; no probe is judged until the transaction ends."""
    rows = RelayHealth.objects.select_for_update().filter(relay=relay.pk)
    return list(rows.order_by("pk"))


def _reasons_against(
    relay: RelayTarget, reason: str, until: datetime | None, now: datetime
) -> list[str]:
    found = []
    if not reason:
        found.append("Say why: whoever is on call reads it.")
    if len(reason) > REASON_LIMIT:
        found.append(f"The reason has {len(reason)} characters; at most {REASON_LIMIT} are kept.")
    if until is not None and until <= now:
        found.append("It is to end in the past. Give a time to come, or none.")
    open_one = RelayMaintenance.objects.filter(relay=relay.pk, ended_at=None).first()
    if open_one:
        found.append(f"{relay.name} is in maintenance already: {open_one.reason}")
    return found


def _happened(relay: RelayTarget, what: str, new: dict[str, Any] | None = None) -> Happened:
    return Happened(
        action=f"maintenance.{what}", subject=relay.name, object_id=relay.pk, new=new or {}
    )
