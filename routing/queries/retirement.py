"""Retirements as the pages show them: where each stands, what of it is live, what is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from mailadmin.audit.models import AuditEvent
from routing.core.intent import ObjectKind
from routing.core.intent import RoutingObject as Item
from routing.core.retirement import RetireStep, step_of
from routing.models import Retirement, RoutingObject
from routing.queries.among import among
from routing.queries.edits import row_values
from routing.queries.pending import Standing, standing
from routing.queries.touched import TouchedBy


@dataclass(frozen=True, slots=True)
class Retiring:
    """One retirement. `kind` is what its object is, or was.

    `step` is as saved, None where somebody made another route of the domain by hand; `live` is what
    its server runs, None where nothing of ours runs there, and `live_at` since when. `push` is the
    open push that holds the step, `version` that of the object, 0 where it has no row.
    """

    mark: Retirement
    server: str
    kind: ObjectKind
    step: RetireStep | None
    live: RetireStep | None
    live_at: datetime | None
    push: int | None
    text: str
    version: int = 0

    @property
    def is_live(self) -> bool:
        """Whether the server runs what is saved."""
        return self.step is not None and self.step is self.live

    def is_due(self, today: date) -> bool:
        """Whether the day has come that somebody chose for the next step."""
        return self.mark.next_on is not None and self.mark.next_on <= today


def retiring_of(object_id: UUID, pushes: Iterable[TouchedBy]) -> Retiring | None:
    """The retirement of an object, there or deleted; `pushes` are those that changed it."""
    mark = Retirement.objects.select_related("server").filter(object_id=object_id).first()
    if mark is None:
        return None
    there = _there([object_id])
    return _retiring(mark, there, standing(), _last_live(pushes, mark.server.name))


def retirement_named(key: str, server: str) -> UUID | None:
    """The object of the newest retirement of a domain; `server` "" is any."""
    marks = Retirement.objects.filter(key=key)
    if server:
        marks = marks.filter(server__name=server)
    return marks.order_by("-began_at").values_list("object_id", flat=True).first()


def retirements() -> tuple[Retiring, ...]:
    """All that are not over: those that are gone from their server too are left out. By name."""
    marks = list(Retirement.objects.select_related("server").filter(server__retired_at=None))
    there, now = _there([mark.object_id for mark in marks]), standing()
    found = (_retiring(mark, there, now, None) for mark in marks)
    return tuple(item for item in found if not (item.step is RetireStep.GONE and item.is_live))


def due(today: date) -> tuple[Retiring, ...]:
    """Those whose planned day has come, the longest due first."""
    marks = Retirement.objects.filter(next_on__lte=today, server__retired_at=None)
    if not marks.exists():
        return ()
    waits = [item for item in retirements() if item.is_due(today)]
    return tuple(sorted(waits, key=lambda item: (item.mark.next_on or today, item.mark.key)))


@dataclass(frozen=True, slots=True)
class _There:
    """The objects of retirements: as values, their versions, and what those that are gone were."""

    items: Mapping[UUID, Item]
    versions: Mapping[UUID, int]
    kinds: Mapping[UUID, ObjectKind]


def _there(identities: Iterable[UUID]) -> _There:
    ids = list(identities)
    rows = RoutingObject.objects.filter(pk__in=among(ids))
    items = {item.id: item for item in row_values(rows)}
    gone = AuditEvent.objects.filter(
        object_id__in=among([identity for identity in ids if identity not in items]),
        action__endswith=".deleted",
    )
    kinds: dict[UUID, ObjectKind] = {}
    for identity, action in gone.order_by("number").values_list("object_id", "action"):
        if identity is not None:
            kinds[identity] = ObjectKind(action.rpartition(".")[0])
    return _There(items, dict(rows.order_by().values_list("pk", "version")), kinds)


def _retiring(
    mark: Retirement, there: _There, now: Standing, touched_at: datetime | None
) -> Retiring:
    item = there.items.get(mark.object_id)
    kind = item.kind if item else there.kinds.get(mark.object_id, ObjectKind.VIRTUAL_DOMAIN)
    server = next((s for s in now.servers if s.host.pk == mark.server_id), None)
    live = None
    if server is not None and server.live.base is not None:
        live = step_of(server.live.objects.get(mark.object_id), retiring=True)
    live_at = touched_at
    if live is RetireStep.DRAINING:
        # It is no change of any file: it holds from the moment it was saved.
        live_at = max(touched_at, mark.began_at) if touched_at else mark.began_at
    return Retiring(
        mark=mark,
        server=mark.server.name,
        kind=kind,
        step=step_of(item, retiring=True),
        live=live,
        live_at=live_at,
        push=now.held.get(mark.object_id),
        text=item.next_hop if item else "",
        version=there.versions.get(mark.object_id, 0) if item else 0,
    )


def _last_live(pushes: Iterable[TouchedBy], server: str) -> datetime | None:
    moments = [
        part.live_at
        for push in pushes
        for part in push.hosts
        if part.name == server and part.live_at is not None
    ]
    return max(moments, default=None)
