"""Ask the MTAs of list servers about domains: which are due, one order each, what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from mailadmin.wire.core.messages import Outcome, Role, Verb
from mailadmin.wire.core.states import OPEN_STATES
from mailadmin.wire.models import Attempt
from mailadmin.wire.services import NoSuchAgent, request
from mailadmin.wire.services.waiting import ended_unheard
from routing.core.dns.judge import Mark
from routing.core.intent import ObjectKind
from routing.core.rcpt import ADDRESS, MOST_ADDRESSES, Verdict, address_in, stranger_in
from routing.models import (
    Asked,
    DnsCheck,
    MailHost,
    RcptCheck,
    RoutingObject,
    Subject,
    SurveyedName,
)
from routing.services.dns.rows import check_now
from routing.services.surveys import survey_now

LATELY = timedelta(seconds=10)
FIRST_PAUSE, LAST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
MOST_TRIES = 340
"""Two weeks; then it waits for a person."""
ENROLLED_AT_ONCE = 500


def watch_domains(*, server: MailHost, domains: Iterable[str], now: datetime) -> None:
    """Ask about these until they are accepted; those that are there stay as they are."""
    rows = [
        RcptCheck(server=server, domain=name, address=address_in(name), began_at=now, due_at=now)
        for name in domains
        if ADDRESS.fullmatch(address_in(name))
    ]
    RcptCheck.objects.bulk_create(rows, ignore_conflicts=True, batch_size=ENROLLED_AT_ONCE)


def watch_added(*, since: datetime) -> int:
    """Watch every virtual domain that was added since then; returns how many there are."""
    added = RoutingObject.objects.filter(
        kind=ObjectKind.VIRTUAL_DOMAIN, version=1, changed_at__gte=since, server__retired_at=None
    )
    by_server: dict[MailHost, list[str]] = defaultdict(list)
    for row in added.select_related("server").only("key", "server"):
        by_server[row.server].append(row.key)
    for server, names in by_server.items():
        watch_domains(server=server, domains=names, now=since)
    return sum(len(names) for names in by_server.values())


def ask_now(*, server: MailHost, domain: str, address: str = "", now: datetime) -> bool:
    """Make a domain due, and the survey of its server. False where it was asked a moment ago, or an
    order for it is open."""
    watch_domains(server=server, domains=[domain], now=now)
    survey_now(server=server, now=now)
    rows = RcptCheck.objects.filter(server=server, domain=domain)
    if address:
        rows.update(address=address)
    if rows.filter(asked_at__gt=now - LATELY).exists():
        return False
    return rows.filter(attempt=None).update(due_at=now, tries=0) == 1


def request_rcpt(*, now: datetime) -> None:
    """One order for each list server with domains that are due and no such order open."""
    for ended in ended_unheard(RcptCheck.objects.all()):
        record_rcpt(attempt=ended, now=now)
    waiting = RcptCheck.objects.filter(due_at__lte=now, attempt=None)
    for host in MailHost.in_service.filter(pk__in=waiting.values("server")):
        with transaction.atomic():
            # Of two sweeps at once the second finds the first one's order.
            MailHost.objects.select_for_update().get(pk=host.pk)
            if not _is_asked(host):
                _request(host, now)


def may_ask(attempt: Attempt) -> str | None:
    """Why an order must not be signed now, None when it may; read from rows."""
    wanted = RcptCheck.objects.filter(attempt=attempt, server__retired_at=None)
    return None if wanted.exists() else "nobody waits for this answer any more"


@transaction.atomic
def record_rcpt(*, attempt: Attempt, now: datetime) -> None:
    """Keep what an order that ended brought, and when to ask again. Safe to call again."""
    rows = list(RcptCheck.objects.select_for_update().filter(attempt=attempt))
    done = attempt.outcome == Outcome.DONE
    answers = _by_address(attempt.body.get("answers")) if done else {}
    error = None if done else dict(attempt.error or {"code": attempt.state, "text": ""})
    for row in rows:
        row.attempt, row.error = None, error
        _keep(row, answers, now)
        row.tries += 1
        row.due_at = _again(row, now)
        row.save()


def _is_asked(host: MailHost) -> bool:
    orders = Attempt.objects.filter(verb=Verb.ASK_RCPT, agent__host_name=host.name)
    return orders.filter(state__in=[state.value for state in OPEN_STATES]).exists()


def _request(host: MailHost, now: datetime) -> None:
    due = RcptCheck.objects.filter(server=host, due_at__lte=now, attempt=None)
    rows = _still_there(host, list(due.order_by("due_at")[: MOST_ADDRESSES // 2]))
    if not rows:
        return
    addresses = [name for row in rows for name in (row.address, stranger_in(row.domain))]
    mine = RcptCheck.objects.filter(pk__in=[row.pk for row in rows])
    try:
        attempt = request(
            host=host.name,
            role=Role.SPOOL,
            verb=Verb.ASK_RCPT,
            arguments={"addresses": addresses},
            lifetime_s=settings.ORDER_LIFETIME_SECONDS,
        )
    except NoSuchAgent:
        text = f"No spool agent of {host.name} is let in."
        mine.update(due_at=now + LAST_PAUSE, error={"code": "no_agent", "text": text})
        return
    mine.update(attempt=attempt, asked_at=now)
    # What is missing of a new domain elsewhere is looked for as often as its MTA is asked.
    for row in rows:
        _ask_dns(row.domain, now)
    if not _all_robots(host, [row.domain for row in rows]):
        survey_now(server=host, now=now)


def _still_there(host: MailHost, rows: Sequence[RcptCheck]) -> list[RcptCheck]:
    """Those whose domain was not deleted; the others go."""
    names = [row.domain for row in rows]
    domains = RoutingObject.objects.filter(
        server=host, kind=ObjectKind.VIRTUAL_DOMAIN, key__in=names
    )
    there = set(domains.values_list("key", flat=True))
    if gone := [row.pk for row in rows if row.domain not in there]:
        RcptCheck.objects.filter(pk__in=gone).delete()
    return [row for row in rows if row.domain in there]


def _ask_dns(domain: str, now: datetime) -> None:
    if settings.DNS_CHECKS and not _dns_is_good(domain):
        check_now(name=domain, kind=Asked.DOMAIN, now=now)


def _all_robots(server: MailHost, domains: Sequence[str]) -> bool:
    """Whether Sympa was found to have a robot for each of them."""
    there = SurveyedName.objects.filter(survey__server=server, survey__subject=Subject.ROBOTS)
    return there.filter(name__in=domains).count() == len(domains)


def _dns_is_good(domain: str) -> bool:
    if not settings.DNS_CHECKS:
        return True
    checks = DnsCheck.objects.filter(kind=Asked.DOMAIN, name=domain)
    return checks.filter(mx_mark=Mark.GOOD, spf_mark=Mark.GOOD).exists()


def _by_address(answers: Any) -> Mapping[str, Mapping[str, Any]]:
    """What an agent reported; of another shape nothing is believed."""
    listed = answers if isinstance(answers, list) else []
    return {
        str(item["address"]): item
        for item in listed
        if isinstance(item, dict)
        and {"address", "verdict", "code", "text"} <= item.keys()
        and item["verdict"] in set(Verdict)
        and isinstance(item["code"], int)
        and 0 <= item["code"] < 1000
    }


def _keep(row: RcptCheck, answers: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
    own, other = answers.get(row.address), answers.get(stranger_in(row.domain))
    if own and own["verdict"] != Verdict.NOT_ASKED:
        row.verdict, row.code, row.text = own["verdict"], own["code"], str(own["text"])
        row.answered_at = now
    elif own:
        row.error = {"code": "not_asked", "text": str(own["text"])}
    if other and other["verdict"] != Verdict.NOT_ASKED:
        row.stranger, row.stranger_code = other["verdict"], other["code"]
        row.stranger_text = str(other["text"])


def _again(row: RcptCheck, now: datetime) -> datetime | None:
    """Sooner at first; not when all is as it should be, and not for ever."""
    accepted = row.error is None and row.verdict == Verdict.ACCEPTED
    settled = accepted and row.stranger not in ("", Verdict.LATER)
    if settled and _dns_is_good(row.domain):
        return None
    if row.tries >= MOST_TRIES:
        return None
    pause: timedelta = FIRST_PAUSE * 2 ** min(row.tries - 1, 10)
    return now + min(pause, LAST_PAUSE)
