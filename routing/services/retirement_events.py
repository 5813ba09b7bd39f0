"""What the events of a retirement say. They name its own row: who plans a step edits no domain."""

from __future__ import annotations

from datetime import date
from typing import Any

from mailadmin.audit.services import Happened
from routing.core.retirement import RetireStep
from routing.models import Retirement


def plan_said(step: RetireStep | None, next_on: date | None, note: str) -> dict[str, str]:
    """What an event and a conflict show of a retirement."""
    day = next_on.isoformat() if next_on else ""
    return {"step": step.value if step else "another route", "next_on": day, "note": note}


def retirement_happened(
    mark: Retirement,
    what: str,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    note: str = "",
) -> Happened:
    """An event of a retirement: began, moved, planned or ended."""
    return Happened(
        action=f"retirement.{what}",
        subject=mark.key,
        object_id=mark.pk,
        host=mark.server.name,
        old=old,
        new=new,
        note=note,
    )
