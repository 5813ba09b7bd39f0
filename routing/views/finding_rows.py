"""A finding about a line as pages write it down: its kind in words, and the edit that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from routing.core.oddities import Mend, Odd, Oddity
from routing.views.nouns import DOMAINS, NOUNS

BACK = "back"
"""In the address of an edit: the list of findings to go back to."""
KINDS: Mapping[str, str] = {
    Oddity.STOPS: "Stops sendmail",
    Oddity.LOOP: "Comes back",
    Oddity.ASTRAY: "Misses the lists",
    Oddity.SWALLOWED: "Taken by another line",
    Oddity.LOOPBACK: "No virtual domain",
    Oddity.PASSED_OVER: "Passed over",
    Oddity.SHADOWED: "Own name",
    Oddity.UNREACHABLE: "Matches nothing",
    Oddity.TWIN: "Written twice",
    Oddity.OWN_MX: "Own MX",
    Oddity.REDUNDANT: "Redundant",
}
FORM = "#form-title"
MENDS: Mapping[Mend, tuple[str, str]] = {
    Mend.DELETE: ("delete", "Delete…"),
    Mend.MAKE_VIRTUAL: ("to-domain", "Make it a virtual domain…"),
    Mend.ENABLE: ("enable", "Enable…"),
    Mend.NEXT_HOP: ("edit", "Choose the next hop…"),
}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding. `mend_href` is the page that asks before the edit or has its form, or ""."""

    key: str
    href: str
    server: str
    kind: str
    text: str
    advice: str
    mend_href: str = ""
    mend_label: str = ""


def finding_row(server: str, odd: Odd, *, may_edit: bool, back: str = "") -> FindingRow:
    """An oddity as a page writes it down; the edit only for who may make it. `back` is the list of
    findings that the edit leads back to, "" where it goes on as any other."""
    noun, key = NOUNS[odd.item.kind], odd.item.key
    href, label = _mend(server, odd, back) if may_edit else ("", "")
    return FindingRow(
        key=key,
        href=noun.href("page", key, server),
        server=server,
        kind=KINDS[odd.kind],
        text=odd.finding.text,
        advice=odd.finding.advice,
        mend_href=href,
        mend_label=label,
    )


def _mend(server: str, odd: Odd, back: str) -> tuple[str, str]:
    """Where the edit is made, and its button."""
    match odd.mend:
        case None:
            return "", ""
        case Mend.RELAY:
            href = leading_back(reverse("relay-edit", args=[odd.relay]), back)
            return f"{href}{FORM}", f"Edit {odd.relay}…"
        case Mend.ADD_VIRTUAL:
            href = f"{DOMAINS.add_href}?{urlencode({'server': server})}"
            return leading_back(href, back), "Add a virtual domain…"
        case mend:
            act, label = MENDS[mend]
            href = leading_back(NOUNS[odd.item.kind].href(act, odd.item.key, server), back)
            return f"{href}{FORM}" if act == "edit" else href, label


def leading_back(href: str, back: str) -> str:
    """The address of an edit that leads back to that list of findings; unchanged without one."""
    return f"{href}{'&' if '?' in href else '?'}{urlencode({BACK: back})}" if back else href


def findings_again(request: HttpRequest) -> str:
    """The list of findings that an edit was chosen from, "" when it was chosen elsewhere."""
    back = request.GET.get(BACK, "")
    return back if back.partition("?")[0] == reverse("findings") else ""
