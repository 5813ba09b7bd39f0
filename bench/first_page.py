"""What a page costs right after a write, with many edits that no push holds.

    MAILADMIN_VAR=... .venv/bin/python -m bench.first_page [--edits 100000] [--rounds 5]
    ... .venv/bin/python -m deploy.sandbox.postgresql .venv/bin/python -m bench.first_page

In each round one edit is saved, then one page is asked for: that page has to find out anew what is
not live. Beside it stands reading everything, which is what the page would do without knowing what
was written. The first line is a process that has just begun.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median

from django.db import connection
from django.test import Client
from django.utils import timezone

from bench.site import database
from mailadmin.people.models import Person
from routing.models import MailHost, RoutingObject
from routing.queries.edits import pending_edits
from routing.queries.pending import standing
from tests.integration.pages import world

PAGES = (
    "/",
    "/pushes/",
    "/domains/",
    "/domains/edit0.example/",
    "/domains/?state=edited",
    "/relays/",
    "/mail-hosts/",
)


def fill(host: MailHost, edits: int) -> None:
    """Save that many virtual domains, all of them edits."""
    now = timezone.now()
    rows = (
        RoutingObject(
            server=host,
            kind="virtual_domain",
            key=f"edit{number}.example",
            changed_at=now,
            changed_by="Claire Martin",
        )
        for number in range(edits)
    )
    RoutingObject.objects.bulk_create(rows, batch_size=5000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def measure(host: MailHost, claire: Person, rounds: int) -> None:
    """Print a line for each page: median and slowest, and the median of reading everything."""
    client, written = Client(), 0
    client.force_login(claire)

    def write() -> None:
        nonlocal written
        written += 1
        world.add_domain(host, f"w{written}.example", claire)

    print(f"{'':<28}{'median':>9}{'slowest':>9}{'whole':>9}")
    print(f"{'cold':<28}{timed(standing):9.0f}")
    for page in PAGES:
        client.get(page)
        spent, whole = [], []
        for _ in range(rounds):
            write()
            spent.append(timed(partial(client.get, page)))
            whole.append(timed(pending_edits))
        print(f"{page:<28}{median(spent):9.0f}{max(spent):9.0f}{median(whole):9.0f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "No directory at")
    with database():
        people, host = world.people(), world.list_server()
        world.imported(host)
        fill(host, arguments.edits)
        print(f"{connection.vendor}, {arguments.edits} edits, milliseconds")
        measure(host, people["claire"], arguments.rounds)


if __name__ == "__main__":
    main()
