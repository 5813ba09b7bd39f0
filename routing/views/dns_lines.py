"""What the DNS says of a name as pages write it down: the records, the verdict, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from mailadmin.answers import reason_not
from mailadmin.people.roles import Permission
from mailadmin.ui.parts import Action
from routing.core.dns.judge import Judged, Mark, Trouble
from routing.models import Asked
from routing.queries.dns import NOT_ASKED_HERE, CheckedName, DnsPart

LABELS: Mapping[str, str] = {"mx": "MX", "spf": "SPF", "host": "Address", "ptr": "PTR"}
EMPTY: Mapping[str, str] = {
    "mx": "no MX",
    "spf": "no SPF record",
    "host": "no address",
    "ptr": "no name",
}
TROUBLES: Mapping[str, str] = {
    Trouble.LOCAL_NO_ADDRESS: "Local host without address",
    Trouble.MX_NO_ADDRESS: "MX without address",
    Trouble.MX_NONE: "No MX",
    Trouble.MX_ELSEWHERE: "MX elsewhere",
    Trouble.SPF_BROKEN: "SPF cannot be read",
    Trouble.SPF_SEVERAL: "Several SPF",
    Trouble.SPF_NO_RELAY: "SPF without relay",
    Trouble.PTR_MISSING: "No PTR",
    Trouble.PTR_UNCONFIRMED: "PTR not confirmed",
    Trouble.SPF_NO_SERVER: "SPF without list server",
    Trouble.SPF_NONE: "No SPF",
    Trouble.LOCAL_NULL_MX: "Local host takes no mail",
    Trouble.MX_ALIAS: "MX is an alias",
}


@dataclass(frozen=True, slots=True)
class DnsLine:
    """One part of one name. `state` is a badge of the family dns; `name` is empty where the page is
    about it; `empty` stands for the records where there is none."""

    label: str
    name: str
    state: str
    words: str
    records: tuple[str, ...]
    empty: str
    at: datetime | None
    is_old: bool
    why: str
    text: str
    advice: str
    publish: str


@dataclass(frozen=True, slots=True)
class DnsPanel:
    """The lines of a page. `asks`: something of it is about to be asked, and the page looks again
    at `poll_href`; `silent_since` is the last try where nobody answered it."""

    lines: tuple[DnsLine, ...]
    check: Action | None
    poll_href: str
    asks: bool
    silent_since: datetime | None
    note: str = ""


def dns_panel(
    request: HttpRequest,
    names: Iterable[CheckedName],
    *,
    about: str,
    check: str,
    poll: str,
    note: str = "",
) -> DnsPanel:
    """The panel of a page. `about` is the name that its lines need not repeat; `note` says why
    there is nothing to ask, and then there is no button."""
    shown = tuple(names)
    silent = [name.asked_at for name in shown if name.is_silent and name.asked_at]
    reason = NOT_ASKED_HERE
    if settings.DNS_CHECKS:
        reason = reason_not(request, Permission.EDIT, "ask the DNS again")
    return DnsPanel(
        # The button says it once for all of them.
        lines=tuple(
            replace(line, why="" if line.why == NOT_ASKED_HERE else line.why)
            for name in shown
            for line in (dns_line(name, part, about=about) for part in name.parts)
        ),
        check=Action("check-dns", "Check now", check, reason=reason) if shown else None,
        poll_href=poll,
        asks=any(name.is_due for name in shown),
        silent_since=min(silent, default=None),
        note=note,
    )


def dns_line(name: CheckedName, part: DnsPart, *, about: str = "") -> DnsLine:
    """One part as a line."""
    found = part.judged.finding
    return DnsLine(
        label=LABELS[part.part],
        name="" if name.name == about else name.name,
        state=state_of(part.judged, part),
        words=part.judged.words,
        records=part.records,
        empty=EMPTY[part.part] if part.at else "",
        at=part.at,
        is_old=part.is_old,
        why=part.why or _told(name, part),
        text=found.text if found else "",
        advice=found.advice if found else "",
        publish=part.judged.record,
    )


def _told(name: CheckedName, part: DnsPart) -> str:
    """Of a local host nothing follows from its MX for the lists; it is told what does."""
    is_fine = part.mark is Mark.GOOD and part.judged.kind is None
    return part.judged.words if name.kind is Asked.LOCAL and is_fine else ""


def state_of(judged: Judged, part: DnsPart) -> str:
    """The badge: a finding of what works all the same is a warning; addresses are judged of a
    local host alone, and nothing that is old has a colour."""
    if part.part == "host" and part.at and judged.mark is Mark.UNKNOWN:
        return "found" if part.records else "missing"
    has_fault = judged.mark is Mark.GOOD and judged.kind is not None
    state = "warn" if has_fault else judged.mark.value
    return f"was_{state}" if part.is_old else state
