"""The checklist of a new domain: what is there, what is missing, and the text that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mailadmin.answers import moved, reason_not, shown, wants_fragment
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.core.rcpt import ADDRESS, address_in
from routing.core.survey import KEYS, Subject
from routing.models import RoutingObject
from routing.queries.checklist import (
    Checklist,
    Line,
    Need,
    State,
    checklist_of,
    is_new,
    new_domains,
)
from routing.services.rcpt import ask_now
from routing.views.addressed import object_or_404
from routing.views.nouns import DOMAINS

TITLES: Mapping[Need, str] = {
    Need.ROBOT: "Robot in Sympa",
    Need.MTA: "MTA has the domain",
    Need.MX: "MX",
    Need.SPF: "SPF",
    Need.ROUTE: "Route",
    Need.RCPT: "RCPT accepted",
}
"""Short: a table has them as heads."""
SYMPA_PLACE, CLASS_W_FILE = "/etc/sympa", "/etc/mail/local-host-names"


@dataclass(frozen=True, slots=True)
class Todo:
    """What to do, in words, with texts to copy: each (what it is for, the text)."""

    words: str
    texts: tuple[tuple[str, str], ...] = ()
    href: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One line with its title, and what to do about it where there is something."""

    title: str
    line: Line
    todo: Todo | None

    @property
    def folds(self) -> bool:
        """What is not known may well be there: what to do about it is not in the way."""
        return self.line.state is State.UNKNOWN


@dataclass(frozen=True, slots=True)
class Panel:
    """The checklist as a card. `version` changes with anything that it says; `poll_href` is "" when
    nothing of it changes by itself."""

    key: str
    server: str
    lines: tuple[ListedLine, ...]
    done: int
    total: int
    is_done: bool
    is_asked: bool
    due_at: datetime | None
    address: str
    ask_href: str
    poll_href: str
    page_href: str
    version: str
    reason: str


@require_safe
@requires(Permission.READ)
def checklist_page(request: HttpRequest, key: str) -> HttpResponse:
    """The page; asked by a poll the card alone, 204 while it says the same."""
    row = object_or_404(request, DOMAINS, key)
    panel = panel_of(request, checklist_of(row))
    if wants_fragment(request) and request.GET.get("seen") == panel.version:
        return HttpResponse(status=204)
    context = {"noun": DOMAINS, "row": row, "panel": panel}
    name = "routing/_checklist.html" if wants_fragment(request) else "routing/checklist.html"
    return shown(request, name, context)


@require_POST
@requires(Permission.EDIT)
def checklist_ask(request: HttpRequest, key: str) -> HttpResponse:
    """Look now: the MTA, and the DNS."""
    row = object_or_404(request, DOMAINS, key)
    address = request.POST.get("address", "").strip()
    back = DOMAINS.href("checklist", row.key, row.server.name)
    if address and (not ADDRESS.fullmatch(address) or not address.endswith(f"@{row.key}")):
        panel = panel_of(request, checklist_of(row))
        error = f"Write one plain address of {row.key}, such as {address_in(row.key)}."
        context = {"noun": DOMAINS, "row": row, "panel": panel, "error": error, "typed": address}
        return render(request, "routing/checklist.html", context, status=422)
    asked = ask_now(server=row.server, domain=row.key, address=address, now=timezone.now())
    said = "is asked again." if asked else "was asked a moment ago, or is being asked."
    return moved(request, back, f"{row.key} {said}")


@require_safe
@requires(Permission.READ)
def new_domain_list(request: HttpRequest) -> HttpResponse:
    """The gaps of all new domains as a table."""
    found, more = new_domains()
    rows = [panel_of(request, item) for item in found]
    context = {"noun": DOMAINS, "rows": rows, "heads": TITLES.values(), "more": more}
    return render(request, "routing/new_domains.html", context)


def new_panel(request: HttpRequest, row: RoutingObject) -> Panel | None:
    """The card on the page of a domain, while it is new."""
    found = checklist_of(row) if is_new(row) else None
    return panel_of(request, found) if found and not found.is_done else None


def panel_of(request: HttpRequest, found: Checklist) -> Panel:
    """A checklist as pages show it."""
    row = found.row
    key, server = row.key, row.server.name
    page = DOMAINS.href("checklist", key, server)
    looks_again = found.is_asked or (found.is_watched and not found.is_done)
    return Panel(
        key=key,
        server=server,
        lines=tuple(
            ListedLine(TITLES[line.need], line, todo_of(line, key, server)) for line in found.lines
        ),
        done=found.done,
        total=len(found.lines),
        is_done=found.is_done,
        is_asked=found.is_asked,
        due_at=found.due_at,
        address=found.address or address_in(key),
        ask_href=DOMAINS.href("checklist-ask", key, server),
        poll_href=page if looks_again else "",
        page_href=page,
        version=_version(found),
        reason=reason_not(request, Permission.EDIT, "have a domain looked at"),
    )


def _version(found: Checklist) -> str:
    """Of what is said, and not of how old it is: a page that says the same stays as it is."""
    said = [(line.state, line.seen, line.at, line.push) for line in found.lines]
    return sha256(repr((said, found.is_asked, found.address)).encode()).hexdigest()[:16]


def todo_of(line: Line, key: str, server: str) -> Todo | None:
    """What to do about a line, None where nothing is to be done."""
    if line.state is State.DONE:
        return None
    match line.need:
        case Need.ROBOT:
            place = line.places[0] if line.places else SYMPA_PLACE
            return Todo(
                f"See on {server} whether it is there; if not, make it, and write its lines into"
                f" robot.conf. {f'Its agent looks in {place}; other' if line.places else 'The'}"
                " places are those of Debian.",
                (
                    ("See whether it is there", f"ls -l {place}/{key}/robot.conf"),
                    (
                        "Make its directories",
                        f"install -d -o sympa -g sympa {place}/{key}"
                        f" /var/lib/sympa/list_data/{key}",
                    ),
                    ("A line of robot.conf", f"wwsympa_url https://{key}/sympa"),
                    *_to_name(line, Subject.ROBOTS),
                ),
            )
        case Need.MTA:
            file = line.places[0] if line.places else CLASS_W_FILE
            return Todo(
                f"Add it to class w of the MTA of {server}, unless another table there has it."
                " sendmail relays for every client on its own host, so only itself can tell: its"
                " answer to 3,0 names the mailer, which has to be local or Sympa's own.",
                (
                    ("See what it does", f"echo '3,0 x@{key}' | sendmail -bt"),
                    ("Add it to class w", f"echo {key} >> {file}"),
                    ("Have it read", "systemctl restart sendmail"),
                    *_to_name(line, Subject.ACCEPTED),
                ),
            )
        case Need.MX | Need.SPF:
            record = (("The record to publish", line.record),) if line.record else ()
            if line.state is State.UNKNOWN:
                kind = "MX" if line.need is Need.MX else "TXT"
                return Todo("See what is there:", (("Ask the DNS", f"dig +short {key} {kind}"),))
            return Todo("", record) if record else None
        case Need.ROUTE:
            if line.push:
                href = reverse("push", args=[line.push])
                return Todo("", href=href, label=f"Open push #{line.push}")
            return Todo("", href=reverse("propose"), label="Propose it")
        case _:
            return Todo(
                "Every domain has to take mail for postmaster (RFC 5321).",
                (("See where it goes", f"sendmail -bv {address_in(key)}"),),
            )


def _to_name(line: Line, subject: Subject) -> tuple[tuple[str, str], ...]:
    """What to write into the agent's file, so that it tells by itself."""
    return () if line.is_named else (("A line for its agent's file", KEYS[subject]),)
