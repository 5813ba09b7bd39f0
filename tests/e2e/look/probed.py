"""Relays in the sites that pages are looked at in: one that is down, one that comes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import F
from django.utils import timezone

from mailadmin.people.models import Person
from routing.models import MailHost
from spools.core.policy import Mode, Policy
from spools.models import FallbackQuestion, ProbedServer, RelayHealth, RelayProbe, RelayTurn
from spools.services.policies import save_policy
from tests.fixtures.audited import unaudited
from tests.integration.pages.probing import probe

STORY = (
    (26 * 60, "healthy", ""),
    (19 * 60, "suspect", "421 4.3.2 Too many connections (to the connection)"),
    (19 * 60 - 2, "overloaded", "421 4.3.2 Too many connections (to the connection)"),
    (18 * 60, "recovering", ""),
    (18 * 60 - 3, "healthy", ""),
    (9 * 60, "unknown", "no probe for 300 s"),
    (8 * 60, "healthy", ""),
)
"""Minutes ago, the state, why."""


def relays_of_full(listes: MailHost) -> None:
    """smtp1 is down from listes and came back for another list server."""
    now = timezone.now()
    probe(listes, "ggffff", end=now)
    relay = RelayHealth.objects.get(server=listes)
    first = relay.turns.first()
    assert first is not None
    first.delete()
    RelayTurn.objects.bulk_create(
        RelayTurn(relay=relay, at=now - timedelta(minutes=ago), state=state, why=why)
        for ago, state, why in STORY
    )
    other = MailHost.in_service.exclude(pk=listes.pk).filter(
        push_targets__state="confirmed", kind="list_server"
    )
    if server := other.order_by("position", "name").first():
        probe(server, "gfffgggb", end=now)
    _asked(listes, now)


def _asked(listes: MailHost, now: datetime) -> None:
    """The policy of listes asks, and one that starts runs by itself is proposed for another."""
    anne = Person.objects.get(username="anne")
    policy = Policy(excluded=("orange.fr", "free.fr"))
    save_policy(server=listes, version=0, policy=policy, reason="They throttle us.", by=anne)
    other = MailHost.objects.get(name="lists1")
    alone = Policy(mode=Mode.AUTOMATIC, age_s=3600)
    save_policy(server=other, version=0, policy=alone, reason="Nights.", by=anne)
    with unaudited():
        FallbackQuestion.objects.create(
            server=listes,
            relay="smtp1",
            state="down",
            messages=198,
            asked_at=now - timedelta(minutes=4),
        )


def silence_relays(then: datetime) -> None:
    """Nobody probed since."""
    RelayHealth.objects.update(seen_at=then)
    RelayProbe.objects.update(at=then)
    text = "no answer from the agent listes spool before the order ran out"
    ProbedServer.objects.update(error=text, error_at=then)


def heard_relays(now: datetime) -> None:
    """Probed just now."""
    RelayHealth.objects.exclude(seen_at=None).update(seen_at=now)


def stir_relays() -> None:
    """One more probe, and one more order that a list server without relays did not answer."""
    RelayHealth.objects.update(reports=F("reports") + 1)
    silent = MailHost.objects.filter(relay_health=None).order_by("name").last()
    error = f"no answer before order {uuid4().hex[:8]} ran out"
    ProbedServer.objects.update_or_create(host=silent, defaults={"error": error})
