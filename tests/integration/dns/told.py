"""What the DNS said, put into a site's rows without a server: for pages that are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from routing.core.dns.answers import Answer, Ask, Outcome, Record
from routing.models import DnsCheck
from routing.queries.dns import KINDS
from routing.queries.dns_site import read_sites
from routing.services.dns.rows import (
    AT_START,
    enrol_hosts,
    enrol_keys,
    judge_rows,
    record_answers,
)
from routing.services.dns.slices import asked

Table = Mapping[tuple[str, str], Sequence[str] | Outcome]
MOST = 10_000


def answers_of(table: Table) -> Ask:
    """Answers from a table by name and type; what is not in it is not there."""

    def ask(name: str, kind: Record) -> Answer:
        found = table.get((name, kind.value), table.get((name, "*"), ()))
        if isinstance(found, Outcome):
            return Answer(found)
        return Answer(Outcome.FOUND if found else Outcome.NONE, tuple(found))

    return ask


def told(table: Table, *, now: datetime) -> None:
    """Ask every domain, host and address of the site once, as of `now`, and judge the answers."""
    ask = answers_of(table)
    for kind in KINDS:
        enrol_keys(kind, after=AT_START, most=MOST, now=now)
    # Addresses are known after the names that have them.
    for _ in range(2):
        enrol_hosts(read_sites(), now=now)
        for check in DnsCheck.objects.filter(asked_at=None):
            record_answers(check=check, parts=asked(check, ask), now=now)
    judge_rows(checks=DnsCheck.objects.all(), sites=read_sites())
