"""What the lists of this app are of, as pages name it, and where their pages are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from routing.core.intent import ObjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a list is of: its words, and the names of its addresses, which begin with `slug`.
    `from_list`: many can be added from a pasted list; `several` is what many are called
    where that is not the title."""

    slug: str
    one: str
    many: str
    head: str
    icon: str
    empty: str
    can_add: bool = True
    from_list: bool = True
    several: str = ""

    def words(self, count: int) -> str:
        """What so many are called, inside a sentence."""
        return self.one if count == 1 else self.several or self.many.lower()

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
        return reverse(f"{self.slug}-add") if self.can_add else ""

    @property
    def bulk_href(self) -> str:
        """The page that adds many from a list; none where none can be added so."""
        return reverse(f"{self.slug}-bulk-add") if self.from_list else ""

    @property
    def act_href(self) -> str:
        """The page that asks before an act on many."""
        return reverse(f"{self.slug}-act")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun(Named):
    """One kind of routing object."""

    kind: ObjectKind

    def href(self, act: str, key: str, server: str) -> str:
        """A page of one object: `page`, `edit`, `enable`, `disable`, `delete` or `route`."""
        query = urlencode({"server": server})
        return f"{reverse(f'{self.slug}-{act}', args=[key])}?{query}"


DOMAINS = Noun(
    kind=ObjectKind.VIRTUAL_DOMAIN,
    slug="domain",
    one="virtual domain",
    many="Virtual domains",
    head="Domain",
    icon="world",
    empty="A virtual domain is handed to Sympa on the list server itself.",
)
LOCAL_HOSTS = Noun(
    kind=ObjectKind.LOCAL_HOST,
    slug="local-host",
    one="local host",
    many="Local hosts",
    head="Host",
    icon="server",
    empty="A local host is served on this network: mail for it is handed to the host of that name.",
)
ROUTES = Noun(
    kind=ObjectKind.ROUTE,
    slug="route",
    one="route",
    many="Routes",
    head="Destination",
    icon="route",
    empty="A route sends one destination by a relay target or a mailer of its own.",
)
FOREIGN_LINES = Noun(
    kind=ObjectKind.FOREIGN_LINE,
    slug="foreign-line",
    one="foreign line",
    many="Foreign lines",
    head="Key",
    icon="quote",
    empty="An import keeps a line here when it is nothing else. None is left.",
    can_add=False,
    from_list=False,
)

RELAYS = Named(
    slug="relay",
    one="relay",
    many="Relays",
    head="Relay",
    icon="arrows-diagonal",
    empty="A relay target is the way out; without one all mail goes by its own MX.",
)
MAIL_HOSTS = Named(
    slug="mail-host",
    one="mail host",
    many="Mail hosts",
    head="Host",
    icon="server-2",
    empty="A mail host is a list server or an outgoing relay with agents on it.",
    from_list=False,
)

RETIRING = Named(
    slug="retiring",
    one="domain",
    many="Domains being retired",
    several="domains",
    head="Domain",
    icon="archive",
    empty="A domain is retired in steps from its page, or many from their list: drained, then"
    " refused with a text, then gone.",
    can_add=False,
    from_list=False,
)

NOUNS: Mapping[ObjectKind, Noun] = {
    noun.kind: noun for noun in (DOMAINS, LOCAL_HOSTS, ROUTES, FOREIGN_LINES)
}
