"""Ask the agents of every mail host to look, at most one open question each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.core.states import OPEN_STATES
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.services import request
from routing.models import MailHost
from routing.queries.revisions import running_revision

PATIENCE = 4
"""An observation that nobody answers is given up after so many periods, and asked anew."""


@transaction.atomic
def request_observations(*, now: datetime) -> None:
    """One *observe* for each agent without an open order, last asked a period ago."""
    since = now - timedelta(seconds=settings.OBSERVE_SECONDS)
    busy = Attempt.objects.filter(
        Q(state__in=OPEN_STATES) | Q(verb=Verb.OBSERVE, created_at__gt=since)
    )
    hosts = MailHost.in_service.values("name")
    idle = Agent.objects.filter(disabled=False, host_name__in=hosts).exclude(
        pk__in=busy.values("agent")
    )
    for agent in _still_idle(idle, busy):
        request(
            host=agent.host_name,
            role=Role(agent.role),
            verb=Verb.OBSERVE,
            arguments=_known(agent),
            lifetime_s=max(1, round(settings.OBSERVE_SECONDS * PATIENCE)),
        )


def _known(agent: Agent) -> dict[str, Json]:
    """To a deploy agent: what we take for live on its host, so that it can say what is other."""
    host = MailHost.objects.filter(name=agent.host_name).first()
    if host is None or agent.role != Role.DEPLOY:
        return {}
    wanted = running_revision(host)
    return {"known": wanted.digest} if wanted else {}


def _still_idle(idle: QuerySet[Agent], busy: QuerySet[Attempt]) -> Iterable[Agent]:
    """Of two sweeps at once the second looks again when it has the rows: the first has asked."""
    locked = list(idle.select_for_update(no_key=True).order_by("pk"))
    asked = set(busy.values_list("agent", flat=True)) if locked else set()
    return [agent for agent in locked if agent.pk not in asked]
