"""A zone for the demonstration's names, and slices until everything of it was asked."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from routing.services.dns.slices import run_slice
from tests.fixtures.nameserver import Zone

GOOD_SPF = "v=spf1 ip4:192.0.2.20 ip4:192.0.2.10 -all"
DOMAINS = ("demo.sympa.org", "jres.org", "renater.fr")


def as_it_should_be(zone: Zone) -> None:
    """MX to the list server, SPF with it and the relay, names of both addresses."""
    zone.add("listes.renater.fr", "A", "192.0.2.10")
    zone.add("smtp1.renater.fr", "A", "192.0.2.20")
    zone.add("10.2.0.192.in-addr.arpa", "PTR", "listes.renater.fr.")
    zone.add("20.2.0.192.in-addr.arpa", "PTR", "smtp1.renater.fr.")
    zone.add("host.renater.fr", "A", "192.0.2.44")
    for name in DOMAINS:
        zone.add(name, "MX", "10 listes.renater.fr.")
        zone.add(name, "TXT", GOOD_SPF)


def settle(now: datetime | None = None) -> datetime:
    """Slices until nothing is due: addresses become known after the names that have them."""
    now = now or timezone.now()
    for _ in range(6):
        run_slice(now=now)
    return now
