"""The rows of the DNS checks: which names are asked, which are due, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from routing.core.dns.answers import Outcome
from routing.core.dns.judge import RANK, Judged
from routing.models import Asked, DnsCheck, DnsFinding, MailHost
from routing.queries.dns import judged_parts, own_sites, served_by, servers_of
from routing.queries.dns_site import Sites

CLAIMED = timedelta(minutes=2)
"""A row that is being asked is nobody else's for so long, and due again if its process died."""
FIRST_PAUSE = timedelta(minutes=1)
LATELY = timedelta(seconds=10)


def enrol(names: Iterable[str], *, kind: Asked, now: datetime) -> None:
    """Ask these from now on; those that are there already stay as they are."""
    made = [DnsCheck(kind=kind.value, name=name, due_at=now) for name in names]
    DnsCheck.objects.bulk_create(made, ignore_conflicts=True)


def enrol_hosts(sites: Sites, *, now: datetime) -> None:
    """The relays' and list servers' names and addresses; what is none of them any more goes."""
    wanted = {Asked.HOST: sites.host_names, Asked.ADDRESS: frozenset(sites.sources)}
    for kind, names in wanted.items():
        there = frozenset(DnsCheck.objects.filter(kind=kind).values_list("name", flat=True))
        enrol(sorted(names - there), kind=kind, now=now)
        if gone := there - names:
            DnsCheck.objects.filter(kind=kind, name__in=gone).delete()


Walked = tuple[str, str]
"""How far the domains were walked through: a list server and a key of it."""
AT_START: Walked = ("", "")


def enrol_keys(kind: Asked, *, after: Walked, most: int, now: datetime) -> Walked:
    """The next virtual domains, or local hosts, by server and key; returns where to go on, AT_START
    at the end."""
    keys: list[str] = []
    at = AT_START
    for server in MailHost.in_service.filter(name__gte=after[0]).order_by("name"):
        key = after[1] if server.name == after[0] else ""
        rows = served_by([server], kind).filter(key__gt=key).order_by("key")
        keys += rows.values_list("key", flat=True)[: most - len(keys)]
        if len(keys) == most:
            at = (server.name, keys[-1])
            break
    there = DnsCheck.objects.filter(kind=kind, name__in=keys)
    known = set(there.values_list("name", flat=True))
    new = (key for key in dict.fromkeys(keys) if key not in known)
    enrol(new, kind=kind, now=now)
    return at


def forget_keys(kind: Asked, *, after: str, most: int) -> str:
    """Drop the next checks of what is no such key any more; gives where to go on, "" at the end."""
    rows = DnsCheck.objects.filter(kind=kind, name__gt=after).order_by("name")
    names = list(rows.values_list("name", flat=True)[:most])
    servers = list(MailHost.in_service.all())
    there = set(served_by(servers, kind).filter(key__in=names).values_list("key", flat=True))
    if gone := [name for name in names if name not in there]:
        DnsCheck.objects.filter(kind=kind, name__in=gone).delete()
    return names[-1] if len(names) == most else ""


def check_now(*, name: str, kind: Asked, now: datetime) -> bool:
    """Make a name due. False where it was asked a moment ago: a button that is pressed all the
    time asks no more than once in ten seconds."""
    enrol([name], kind=kind, now=now)
    rows = DnsCheck.objects.filter(kind=kind, name=name)
    if rows.filter(asked_at__gt=now - LATELY).exists():
        return False
    rows.filter(due_at__gt=now).update(due_at=now)
    return True


def claim_due(*, most: int, now: datetime) -> list[DnsCheck]:
    """The rows that are due longest, at most so many, taken by compare-and-set: another process
    that sweeps at once gets others."""
    due = DnsCheck.objects.filter(due_at__lte=now).order_by("due_at")[:most]
    return [row for row in due if claim(row, now=now)]


def claim(row: DnsCheck, *, now: datetime) -> bool:
    """Whether this caller, and not another one that read the same row, is to ask it."""
    rows = DnsCheck.objects.filter(pk=row.pk, due_at=row.due_at)
    return rows.update(due_at=now + CLAIMED) == 1


@transaction.atomic
def record_answers(
    *, check: DnsCheck, parts: Mapping[str, tuple[Outcome, Mapping[str, Any]]], now: datetime
) -> None:
    """Keep each part that was answered; a part that was not keeps what it said before.

    `parts` maps mx, spf, host or ptr to how asking ended and the stored form of the answer.
    """
    outcomes = [outcome for outcome, _ in parts.values()]
    unknown = [outcome for outcome in outcomes if not outcome.known]
    failures = check.failures + 1 if unknown else 0
    answers = dict(check.answers)
    for name, (outcome, data) in parts.items():
        if outcome.known:
            answers[name] = {**data, "at": now.isoformat()}
    check.answers, check.failures, check.asked_at = answers, failures, now
    check.outcome = (unknown or outcomes)[0].value
    check.due_at = now + pause(failures)
    check.judged_by = ""
    check.save(update_fields=["answers", "failures", "asked_at", "outcome", "due_at", "judged_by"])


def pause(failures: int) -> timedelta:
    """Until the next question: the interval, or after failures a minute that doubles up to it."""
    interval = timedelta(hours=settings.DNS_HOURS)
    if not failures:
        return interval
    grown: timedelta = FIRST_PAUSE * 2 ** min(failures - 1, 20)
    return min(interval, grown)


def unjudged(sites: Sites, *, most: int) -> list[DnsCheck]:
    """Rows that were judged by another site than today's, or not since they were asked. What was
    never asked is none of them: its null is in no range."""
    found: list[DnsCheck] = []
    # Two ranges of the index; a condition "other than" would read the whole table.
    for side in ("judged_by__lt", "judged_by__gt"):
        rows: QuerySet[DnsCheck] = DnsCheck.objects.filter(**{side: sites.digest})
        found += rows[: most - len(found)]
    return found


def judge_rows(*, checks: Iterable[DnsCheck], sites: Sites) -> None:
    """Judge stored answers again, each row in a transaction of its own."""
    checks = list(checks)
    servers = servers_of([check.name for check in checks if check.kind == Asked.DOMAIN])
    for check in checks:
        own = own_sites(sites, servers.get(check.name, ()))
        _store(check, judged_parts(check, own, sites), sites.digest)


@transaction.atomic
def _store(check: DnsCheck, judged: Mapping[str, Judged], digest: str) -> None:
    """Only while the row still holds what was judged: somebody may have asked it again."""
    marks = {f"{part}_mark": judged[part].mark.value for part in ("mx", "spf") if part in judged}
    same = DnsCheck.objects.filter(pk=check.pk, asked_at=check.asked_at)
    if not same.update(judged_by=digest, **marks):
        return
    kinds = {item.kind for item in judged.values() if item.kind is not None}
    places = {kind: f"{RANK[kind]:02} {check.name}" for kind in sorted(kinds)}
    found = DnsFinding.objects.filter(check_of=check)
    found.exclude(kind__in=places, place__in=places.values()).delete()
    DnsFinding.objects.bulk_create(
        [DnsFinding(check_of=check, kind=kind, place=place) for kind, place in places.items()],
        ignore_conflicts=True,
    )
