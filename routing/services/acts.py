"""One act on many rows, each as it was when it was shown: what is common, whatever the rows are."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic
from uuid import UUID

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import Happened
from routing.core.tags import check_tags, with_tags, without_tags
from routing.services.list_plan import happened_at_once, rows_saved
from routing.services.writing import WritesOf, Written

CHANGED = "changed it after this page was opened."
NOTE_LIMIT = 2000


class Act(StrEnum):
    """What is done to each of the chosen rows; not every kind of row knows each."""

    DISABLE = "disable"
    ENABLE = "enable"
    DELETE = "delete"
    NOTE = "note"
    TAG = "tag"
    UNTAG = "untag"
    SEND = "send"
    SWAP = "swap"
    PORT = "port"
    UNDO = "undo"
    DRAIN = "drain"
    REJECT = "reject"
    GONE = "gone"
    READMIT = "readmit"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Left:
    """A row that stays as it is, and why."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class ActPlan(Generic[Written]):
    """What the act would write, what needs no writing, and what it leaves alone."""

    writes: WritesOf[Written]
    same: int
    left: tuple[Left, ...]


class LeftAlone(Exception):
    """Why one row is not touched."""


class NotMeant(Exception):
    """The act says nothing of this row: it is neither written nor told of."""


@dataclass(frozen=True, slots=True)
class Rows(Generic[Written]):
    """The rows that there are by id, and how they are told: their name, their fields as JSON
    values, and what one that has no row any more was called."""

    there: Mapping[UUID, Written]
    name: Callable[[Written], str]
    values: Callable[[Written], dict[str, Any]]
    gone: Callable[[UUID], str]


def plan_each(
    chosen: Mapping[UUID, int],
    rows: Rows[Written],
    after: Callable[[UUID, Written | None], Written | None],
    *,
    touched: Container[UUID] = (),
) -> ActPlan[Written]:
    """What becomes of each chosen row: ids with the versions that a page showed, 0 for one that has
    no row any more. `after` gives the row as it will be, None for none, or raises LeftAlone or
    NotMeant. What is `touched` is left alone."""
    writes, same, left = WritesOf[Written](), 0, []
    for identity, version in chosen.items():
        row = rows.there.get(identity)
        try:
            _check_version(row, version, is_touched=identity in touched)
            same += not _put(writes, row, after(identity, row), rows.values)
        except NotMeant:
            continue
        except LeftAlone as why:
            left.append(Left(rows.name(row) if row else rows.gone(identity), str(why)))
    return ActPlan(writes, same, tuple(left))


def done_once(
    *,
    token: UUID,
    act: Act,
    plan: Callable[[], ActPlan[Written]],
    write: Callable[[ActPlan[Written], Happened], None],
) -> ActPlan[Written]:
    """Plan and write, inside a transaction that holds the locks; sent twice with one token it is
    done once. `write` gets the event of all rows together."""
    if (done := rows_saved(token)) is not None:
        return ActPlan(WritesOf(), done, ())
    found = plan()
    if found.writes.total:
        write(found, happened_at_once(token, found.writes.total, act=act.value))
    return found


def noted(row: Written, text: str) -> Written:
    """The row with another note."""
    after = copy(row)
    after.note = text[:NOTE_LIMIT]
    return after


def tagged(row: Written, text: str, name: str) -> Written:
    """The row with these tags too; `name` is what it is called. Raises LeftAlone."""
    after = copy(row)
    after.tags = with_tags(row.tags, text)
    if found := check_tags(after.tags, name):
        raise LeftAlone(" ".join(str(finding) for finding in found))
    return after


def untagged(row: Written, text: str) -> Written:
    """The row without these tags."""
    after = copy(row)
    after.tags = without_tags(row.tags, text)
    return after


def touched_since(since: int | None) -> frozenset[UUID]:
    """What has an event after that number; nothing where nobody asks. For all that match nobody
    sends ten thousands of versions: `since` is the last event when they were shown."""
    if since is None:
        return frozenset()
    events = AuditEvent.objects.filter(number__gt=since).exclude(object_id=None)
    return frozenset(events.values_list("object_id", flat=True))  # type: ignore[arg-type]  # none is None


def name_in_trail(identity: UUID) -> str:
    """What a row that is gone was called last."""
    event = AuditEvent.objects.filter(object_id=identity).order_by("-number").first()
    return event.subject if event else "A row"


def last_values(identity: UUID) -> dict[str, Any]:
    """What the last row of an id said when it was deleted; nothing where it never was."""
    gone = AuditEvent.objects.filter(object_id=identity, action__endswith=".deleted")
    event = gone.order_by("-number").first()
    return (event.old if event else None) or {}


def _check_version(row: Any, version: int, *, is_touched: bool) -> None:
    if row is None and version:
        raise LeftAlone("Somebody deleted it meanwhile.")
    if row is not None and row.version != version:
        raise LeftAlone(f"{row.changed_by} {CHANGED}")
    if is_touched:
        raise LeftAlone(f"{row.changed_by if row else 'Somebody'} {CHANGED}")


def _put(
    writes: WritesOf[Written],
    row: Written | None,
    after: Written | None,
    values: Callable[[Written], dict[str, Any]],
) -> bool:
    """Note what is to be written; False when nothing is."""
    if row is None and after is not None:
        writes.created.append(after)
    elif row is not None and after is None:
        writes.deleted.append(row)
    elif row is not None and after is not None and values(row) != values(after):
        writes.changed.append((row, after))
    else:
        return False
    return True
