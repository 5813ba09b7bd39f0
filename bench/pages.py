"""What the list of virtual domains costs, beside django.contrib.admin's list of the same rows.

    MAILADMIN_VAR=... .venv/bin/python -m bench.pages [--domains 1000000] [--rounds 7]
    ... .venv/bin/python -m deploy.sandbox.postgresql .venv/bin/python -m bench.pages

Both are asked in one process, in turns, with sign-in, frame and permissions. `small` is the same
page of ours with a thousand domains, before the others are written.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median, quantiles

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.admin_settings"
os.environ.setdefault("MAILADMIN_LOG_LEVEL", "WARNING")

from django.db import connection
from django.test import Client
from django.utils import timezone

from bench.site import database
from bench.some_domains import EDITS, RARE, fill, make_live
from mailadmin.paging import cursor_after
from routing.core.intent import ObjectKind
from routing.models import FindingsPass, MailHost
from routing.queries import pending, revisions
from routing.queries.objects import ORDERS, rows_of
from routing.queries.pending import standing
from routing.services.findings import read_large
from tests.integration.pages import world

SMALL = 1000


@dataclass(frozen=True, slots=True)
class Ask:
    """One page: our address, and the admin's, "" where it has none."""

    name: str
    ours: str
    theirs: str = ""


def asks(count: int) -> tuple[Ask, ...]:
    """The pages that are compared. The deep one is in the middle."""
    middle = count // 2
    order = ORDERS["key"]
    row = rows_of(ObjectKind.VIRTUAL_DOMAIN).order_by(*order.columns)[middle - 1]
    deep = f"/domains/?page={cursor_after(row, order, at=middle)}"
    return (
        Ask("first page", "/domains/", "/peer/"),
        Ask("page in the middle", deep, f"/peer/?p={middle // 50 + 1}"),
        Ask("search, two rows", f"/domains/?q={RARE}", f"/peer/?q={RARE}"),
        Ask("search, no row", "/domains/?q=nowhere", "/peer/?q=nowhere"),
        Ask("search, every fourth", "/domains/?q=forum", "/peer/?q=forum"),
        Ask("last changed", "/domains/?sort=-changed", "/peer/?o=-6"),
        Ask("edited", "/domains/?state=edited"),
        Ask("live", "/domains/?state=live"),
        Ask("disabled", "/domains/?state=disabled"),
        Ask("one domain", f"/domains/{row.key}/"),
        Ask("overview", "/"),
        Ask("findings", "/findings/"),
        Ask("propose", "/pushes/propose/"),
    )


def timed(client: Client, address: str) -> float:
    """Milliseconds of one page."""
    began = time.perf_counter()
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return (time.perf_counter() - began) * 1000


def measure(client: Client, pages: tuple[Ask, ...], rounds: int) -> dict[str, list[list[float]]]:
    """Milliseconds of each page, ours and the admin's, asked in turns."""
    found: dict[str, list[list[float]]] = {}
    for ask in pages:
        ours, theirs = [], []
        timed(client, ask.ours)
        for _ in range(rounds):
            ours.append(timed(client, ask.ours))
            if ask.theirs:
                theirs.append(timed(client, ask.theirs))
        found[ask.name] = [ours, theirs]
    return found


def show(small: Mapping[str, list[list[float]]], large: Mapping[str, list[list[float]]]) -> None:
    """A line a page."""
    heads = ("small", "p95", "ours", "p95", "growth", "of p95", "admin", "ratio")
    print(" " * 22 + "".join(f"{head:>9}" for head in heads))
    for name, (ours, theirs) in large.items():
        before = small[name][0]
        line = f"{name:<22}{median(before):9.1f}{p95(before):9.1f}{median(ours):9.1f}"
        line += f"{p95(ours):9.1f}{median(ours) / median(before):9.2f}"
        line += f"{p95(ours) / p95(before):9.2f}"
        if theirs:
            line += f"{median(theirs):9.1f}{median(theirs) / median(ours):9.1f}"
        print(line)


def p95(spent: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(spent, n=20, method="inclusive")[-1]


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="pages whose name holds this")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "No directory at")
    with database():
        people, host = world.people(), world.list_server()
        world.imported(host)
        client = Client()
        client.force_login(people["claire"])
        small = at_size(client, host, SMALL, arguments.rounds, arguments.only)
        large = at_size(client, host, arguments.domains, arguments.rounds, arguments.only)
        print(f"{connection.vendor}, {arguments.domains} domains, {EDITS} edits, milliseconds")
        show(small, large)


def at_size(
    client: Client, host: MailHost, count: int, rounds: int, only: str
) -> dict[str, list[list[float]]]:
    """Fill the table and measure."""
    host.objects_of.exclude(key=".").delete()
    FindingsPass.objects.all().delete()
    began = time.perf_counter()
    fill(host, count)
    filled = time.perf_counter()
    make_live(host)
    live = time.perf_counter()
    pending._kept.clear()
    revisions._intent.cache_clear()
    standing()
    cold = time.perf_counter()
    read_large(now=timezone.now())
    read = time.perf_counter()
    print(
        f"{count}: rows {filled - began:.1f} s, made live {live - filled:.1f} s,"
        f" the first answer of a process {cold - live:.1f} s, findings {read - cold:.1f} s"
    )
    return measure(client, tuple(a for a in asks(count) if only in a.name), rounds)


if __name__ == "__main__":
    main()
