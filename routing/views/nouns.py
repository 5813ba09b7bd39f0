"""The four kinds of routing objects as pages name them, and where their pages are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from routing.core.intent import ObjectKind


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind: its words, and the names of its addresses, which begin with `slug`."""

    kind: ObjectKind
    slug: str
    one: str
    many: str
    head: str
    icon: str
    empty: str

    @property
    def short(self) -> str:
        """The last word, for buttons: "Add domain"."""
        return self.one.removeprefix("virtual ")

    @property
    def list_href(self) -> str:
        """The list of all of them."""
        return reverse(f"{self.slug}-list")

    @property
    def add_href(self) -> str:
        """The page that adds one; there is none for foreign lines."""
        return "" if self.kind is ObjectKind.FOREIGN_LINE else reverse(f"{self.slug}-add")

    @property
    def bulk_href(self) -> str:
        """The page that adds many from a list; none where none can be added."""
        return "" if self.kind is ObjectKind.FOREIGN_LINE else reverse(f"{self.slug}-bulk-add")

    @property
    def act_href(self) -> str:
        """The page that asks before an act on many."""
        return reverse(f"{self.slug}-act")

    def href(self, act: str, key: str, server: str) -> str:
        """A page of one object: `page`, `edit`, `enable`, `disable`, `delete` or `route`."""
        query = urlencode({"server": server})
        return f"{reverse(f'{self.slug}-{act}', args=[key])}?{query}"


DOMAINS = Noun(
    ObjectKind.VIRTUAL_DOMAIN,
    "domain",
    "virtual domain",
    "Virtual domains",
    "Domain",
    "world",
    "A virtual domain is handed to Sympa on the list server itself.",
)
LOCAL_HOSTS = Noun(
    ObjectKind.LOCAL_HOST,
    "local-host",
    "local host",
    "Local hosts",
    "Host",
    "server",
    "A local host is served on this network: mail for it is handed to the host of that name.",
)
ROUTES = Noun(
    ObjectKind.ROUTE,
    "route",
    "route",
    "Routes",
    "Destination",
    "route",
    "A route sends one destination by a relay target or a mailer of its own.",
)
FOREIGN_LINES = Noun(
    ObjectKind.FOREIGN_LINE,
    "foreign-line",
    "foreign line",
    "Foreign lines",
    "Key",
    "quote",
    "An import keeps a line here when it is nothing else. None is left.",
)

NOUNS: Mapping[ObjectKind, Noun] = {
    noun.kind: noun for noun in (DOMAINS, LOCAL_HOSTS, ROUTES, FOREIGN_LINES)
}
