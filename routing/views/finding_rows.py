"""A finding about a line as pages write it down: its kind in words, and the edit that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from routing.core.oddities import Mend, Odd, Oddity
from routing.views.nouns import NOUNS

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
MENDS: Mapping[Mend, tuple[str, str]] = {
    Mend.DELETE: ("delete", "Delete…"),
    Mend.MAKE_VIRTUAL: ("to-domain", "Make it a virtual domain…"),
}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding. `mend_href` is the page that asks before the edit, "" where there is none."""

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
    act, label = MENDS[odd.mend] if odd.mend and may_edit else ("", "")
    mend_href = noun.href(act, key, server) if act else ""
    return FindingRow(
        key=key,
        href=noun.href("page", key, server),
        server=server,
        kind=KINDS[odd.kind],
        text=odd.finding.text,
        advice=odd.finding.advice,
        mend_href=f"{mend_href}&{urlencode({BACK: back})}" if act and back else mend_href,
        mend_label=label,
    )


def findings_again(request: HttpRequest) -> str:
    """The list of findings that an edit was chosen from, "" when it was chosen elsewhere."""
    back = request.GET.get(BACK, "")
    return back if back.partition("?")[0] == reverse("findings") else ""
