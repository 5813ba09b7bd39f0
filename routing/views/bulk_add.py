"""Paste a list of routing objects, or of relay targets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.models import Person
from mailadmin.people.roles import Permission
from routing.core.facts import HostKind
from routing.core.intent import SMTP_PORT, ObjectKind
from routing.core.listed import read_list
from routing.core.listed_relays import read_relays
from routing.forms.bulk import ListForm, PastedForm, RelayListForm
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.services.bulk import Ask, BulkPlan, plan_bulk, save_bulk
from routing.services.bulk_relays import AskRelays, RelayPlan, plan_relays, save_relays
from routing.services.list_plan import Existing
from routing.services.rcpt import watch_added
from routing.views.nouns import NOUNS, RELAYS, Named, Noun
from routing.views.object_pages import NOT_LIVE
from routing.views.pasted import paste


@asks_first
@requires(Permission.EDIT)
def bulk_add(request: HttpRequest, noun: Noun) -> HttpResponse:
    """Routing objects of one kind, and what else its lines say they are."""
    return paste(request, ObjectListing(noun))


@asks_first
@requires(Permission.EDIT)
def bulk_add_relays(request: HttpRequest) -> HttpResponse:
    """Relay targets."""
    return paste(request, RelayListing())


@dataclass(frozen=True, slots=True)
class ObjectListing:
    """A list of keys."""

    noun: Noun
    not_live: str = NOT_LIVE.replace("It is", "They are")

    def form(self, request: HttpRequest | None = None) -> PastedForm:
        """Empty, or with what was sent."""
        lists = MailHost.in_service.filter(kind=HostKind.LIST_SERVER)
        servers = lists.values_list("name", flat=True)
        relays = RelayTarget.objects.values_list("name", flat=True)
        return ListForm(
            request.POST if request else None,
            request.FILES if request else None,
            kind=self.noun.kind,
            servers=[(name, name) for name in servers],
            relays=[(name, name) for name in relays],
        )

    def plan(self, form: PastedForm, token: UUID) -> BulkPlan:
        """What each line does."""
        return plan_bulk(self._ask(form), token=token)

    def save(self, form: PastedForm, *, token: UUID, shown: str, by: Person) -> int:
        """All of it or nothing."""
        return save_bulk(self._ask(form), token=token, shown=shown, by=by)

    def after(self, since: datetime) -> str:
        """Domains that are new have a checklist."""
        if self.noun.kind is ObjectKind.VIRTUAL_DOMAIN and watch_added(since=since):
            return reverse("new-domain-list")
        return self.noun.list_href

    def words(self, row: RoutingObject) -> str:
        """Kind, way, note and tags."""
        return row_words(row)

    def _ask(self, form: PastedForm) -> Ask:
        given = form.cleaned_data
        return Ask(
            listed=read_list(given["text"], server=given["server"]),
            kind=self.noun.kind,
            existing=Existing(given["existing"]),
            relay=given.get("relay", ""),
            tags=given["tags"],
        )


@dataclass(frozen=True, slots=True)
class RelayListing:
    """A list of relay targets."""

    noun: Named = RELAYS
    not_live: str = "No mail goes by a new one until a route does, and a push with it is live."

    def form(self, request: HttpRequest | None = None) -> PastedForm:
        """Empty, or with what was sent."""
        if request is None:
            return RelayListForm()
        return RelayListForm(request.POST, request.FILES)

    def plan(self, form: PastedForm, token: UUID) -> RelayPlan:
        """What each line does."""
        return plan_relays(self._ask(form), token=token)

    def save(self, form: PastedForm, *, token: UUID, shown: str, by: Person) -> int:
        """All of it or nothing."""
        return save_relays(self._ask(form), token=token, shown=shown, by=by)

    def after(self, since: datetime) -> str:
        """The list."""
        del since
        return self.noun.list_href

    def words(self, row: RelayTarget) -> str:
        """Hosts, port, note and tags."""
        port = "" if row.port == SMTP_PORT else f"port {row.port}"
        parts = [", ".join(row.hosts), port, row.note, f"tagged {row.tags}" if row.tags else ""]
        return ", ".join(part for part in parts if part)

    def _ask(self, form: PastedForm) -> AskRelays:
        given = form.cleaned_data
        existing = Existing(given["existing"])
        return AskRelays(read_relays(given["text"]), existing, given["tags"])


def row_words(row: RoutingObject) -> str:
    """What a row says beside its key, in one line."""
    way = f"{row.mailer}:{row.next_hop}" if row.mailer else ""
    if row.relay_target is not None:
        way = f"by {row.relay_target.name}"
    parts = [NOUNS[ObjectKind(row.kind)].one, way, "" if row.enabled else "disabled", row.note]
    parts += [f"tagged {row.tags}"] if row.tags else []
    return ", ".join(part for part in parts if part)
