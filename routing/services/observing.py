"""Ask the agents of every mail host to look, at most one open question each."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.core.states import OPEN_STATES
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.services import request
from routing.models import MailHost

PATIENCE = 4
"""An observation that nobody answers is given up after so many periods, and asked anew."""


def request_observations(*, now: datetime) -> None:
    """One *observe* for each agent without an open order, last asked a period ago."""
    since = now - timedelta(seconds=settings.OBSERVE_SECONDS)
    busy = Attempt.objects.filter(
        Q(state__in=OPEN_STATES) | Q(verb=Verb.OBSERVE, created_at__gt=since)
    ).values("agent")
    hosts = MailHost.objects.values("name")
    for agent in Agent.objects.filter(disabled=False, host_name__in=hosts).exclude(pk__in=busy):
        request(
            host=agent.host_name,
            role=Role(agent.role),
            verb=Verb.OBSERVE,
            arguments={},
            lifetime_s=max(1, round(settings.OBSERVE_SECONDS * PATIENCE)),
        )
