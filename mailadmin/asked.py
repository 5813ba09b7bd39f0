"""What the address of a list asks for. The address is the whole state of the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import HttpRequest

PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address of a list asks for. `place` is the address itself, without a query.

    `plain` is the order that needs no word in the address, `also` are further filters by name.
    """

    place: str
    text: str = ""
    state: str = ""
    sort: str = "key"
    plain: str = "key"
    also: Mapping[str, str] = field(default_factory=dict)
    cursor: str = ""

    def href(self, **changed: str) -> str:
        """The address with some of it changed, on its first page. Names: q, state, sort, others."""
        now = {"q": self.text, "state": self.state, "sort": self.sort, **self.also} | changed
        wanted = {name: value for name, value in now.items() if value}
        if wanted.get("sort") == self.plain:
            del wanted["sort"]
        return f"{self.place}?{urlencode(wanted)}" if wanted else self.place

    def turned(self, cursor: str) -> str:
        """The address of another page of the same list, "" when there is no such page."""
        if not cursor:
            return ""
        here = self.href()
        return f"{here}{'&' if '?' in here else '?'}{urlencode({PAGE: cursor})}"

    def at(self, place: str) -> str:
        """The same state of the list, page and all, at another address."""
        return replace(self, place=place).turned(self.cursor) or replace(self, place=place).href()

    @property
    def hidden(self) -> tuple[tuple[str, str], ...]:
        """The filters that a new search keeps."""
        kept = {"state": self.state, **self.also}
        if self.sort != self.plain:
            kept["sort"] = self.sort
        return tuple((name, value) for name, value in kept.items() if value)

    @property
    def is_filtered(self) -> bool:
        """Whether the address leaves anything out."""
        return bool(self.text or self.state or any(self.also.values()))


def asked_of(
    request: HttpRequest, place: str, *, plain: str = "key", also: Iterable[str] = ()
) -> Asked:
    """What the query of an address asks for; `also` names the filters that only this list has."""
    given = request.GET
    return Asked(
        place=place,
        text=given.get("q", "").strip(),
        state=given.get("state", ""),
        sort=given.get("sort", "") or plain,
        plain=plain,
        also={name: given.get(name, "") for name in also},
        cursor=given.get(PAGE, ""),
    )
