"""A finding about a line as pages write it down: its kind in words, and the edit that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from routing.core.oddities import Mend, Odd, Oddity
from routing.views.nouns import NOUNS

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


def finding_row(server: str, odd: Odd, *, may_edit: bool) -> FindingRow:
    """An oddity as a page writes it down; the edit only for who may make it."""
    noun, key = NOUNS[odd.item.kind], odd.item.key
    act, label = MENDS[odd.mend] if odd.mend and may_edit else ("", "")
    return FindingRow(
        key=key,
        href=noun.href("page", key, server),
        server=server,
        kind=KINDS[odd.kind],
        text=odd.finding.text,
        advice=odd.finding.advice,
        mend_href=noun.href(act, key, server) if act else "",
        mend_label=label,
    )
