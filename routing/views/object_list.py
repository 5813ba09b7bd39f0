"""One list page for every kind of routing object: search, states, sort, keyset paging."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from mailadmin.people.roles import Permission
from mailadmin.ui.pages import (
    DomainRow,
    DomainsPage,
    FilterChip,
    Pager,
    RowAction,
    SortHead,
    ViewChip,
)
from mailadmin.ui.words import number
from routing.core.findings import Severity
from routing.core.intent import ObjectKind
from routing.queries.objects import Asked, ObjectList, ObjectRow, Shown, list_objects
from routing.views.answers import reason_not, shown
from routing.views.nouns import Noun

STATES: Mapping[str, str] = {
    "": "All",
    Shown.LIVE: "Live",
    Shown.EDITED: "Edited",
    Shown.IN_PUSH: "In push",
    Shown.DISABLED: "Disabled",
    Shown.REMOVED: "Removed, still live",
}


def show_list(request: HttpRequest, noun: Noun) -> HttpResponse:
    """The list that the address asks for; the address is its whole state."""
    asked = asked_of(request, noun.kind)
    page = domains_page(request, noun, asked, list_objects(asked))
    return shown(request, "routing/domains.html", {"domains": page, "noun": noun})


def asked_of(request: HttpRequest, kind: ObjectKind) -> Asked:
    """What the query of the address asks for."""
    given = request.GET
    return Asked(
        kind=kind,
        text=given.get("q", "").strip(),
        state=given.get("state", ""),
        sort=given.get("sort", "key"),
        server=given.get("server", ""),
        cursor=given.get("page", ""),
    )


def domains_page(request: HttpRequest, noun: Noun, asked: Asked, found: ObjectList) -> DomainsPage:
    """The values that the list's template writes down."""
    may_edit = not reason_not(request, Permission.EDIT, "")
    several = len(found.servers) > 1
    return DomainsPage(
        rows=tuple(_row(noun, row, may_edit=may_edit) for row in found.rows),
        heads=_heads(noun, asked, several=several),
        total=found.total + found.counts[Shown.REMOVED],
        matched=found.matched,
        action=noun.list_href,
        add_href=noun.add_href,
        query=asked.text,
        add_reason=reason_not(request, Permission.EDIT, f"add {noun.many.lower()}"),
        chips=_chips(noun, asked),
        views=_views(noun, asked, found),
        clear_href=noun.list_href,
        pager=_pager(noun, asked, found),
        hidden=_hidden(asked),
        show_server=several,
    )


def address(noun: Noun, asked: Asked, **changed: str) -> str:
    """The list's address with some of its filters changed; a change goes to the first page."""
    now = {"q": asked.text, "state": asked.state, "sort": asked.sort, "server": asked.server}
    wanted = {name: value for name, value in {**now, **changed}.items() if value}
    if wanted.get("sort") == "key":
        del wanted["sort"]
    return f"{noun.list_href}?{urlencode(wanted)}" if wanted else noun.list_href


def _row(noun: Noun, row: ObjectRow, *, may_edit: bool) -> DomainRow:
    gone = row.state is Shown.REMOVED
    return DomainRow(
        name=row.key,
        href="" if gone else noun.href("page", row.key, row.server),
        route=row.value or "—",
        state=row.state,
        server=row.server,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        unicode=row.unicode,
        push=row.push,
        findings=len(row.findings),
        finding_kind="bad" if any(f.severity is Severity.ERROR for f in row.findings) else "warn",
        finding_text=" ".join(str(finding) for finding in row.findings),
        actions=_actions(noun, row) if may_edit and not gone else (),
    )


def _actions(noun: Noun, row: ObjectRow) -> tuple[RowAction, ...]:
    def to(act: str) -> str:
        return noun.href(act, row.key, row.server)

    if noun.kind is ObjectKind.FOREIGN_LINE:
        return (
            RowAction("Turn into a route…", to("convert"), "route"),
            RowAction("Delete…", to("delete"), "trash", danger=True),
        )
    switch = ("disable", "Disable…", "ban") if row.enabled else ("enable", "Enable…", "check")
    return (
        RowAction("Edit", to("edit"), "pencil"),
        RowAction(switch[1], to(switch[0]), switch[2]),
        RowAction("Delete…", to("delete"), "trash", danger=True),
    )


def _heads(noun: Noun, asked: Asked, *, several: bool) -> tuple[SortHead, ...]:
    heads = [_head(noun, asked, noun.head, "key", "ascending")]
    if several:
        heads.append(SortHead("Server"))
    heads += [SortHead("Route"), SortHead("State"), SortHead("Findings")]
    return (*heads, _head(noun, asked, "Changed by", "changed", "ascending"))


def _head(noun: Noun, asked: Asked, label: str, sort: str, up: str) -> SortHead:
    if asked.sort == sort:
        return SortHead(label, address(noun, asked, sort=f"-{sort}"), up)
    direction = "descending" if asked.sort == f"-{sort}" else ""
    first = f"-{sort}" if sort == "changed" and not direction else sort
    return SortHead(label, address(noun, asked, sort=first), direction)


def _chips(noun: Noun, asked: Asked) -> tuple[FilterChip, ...]:
    if not asked.server:
        return ()
    return (FilterChip(f"Server: {asked.server}", address(noun, asked, server="")),)


def _views(noun: Noun, asked: Asked, found: ObjectList) -> tuple[ViewChip, ...]:
    return tuple(
        ViewChip(
            label,
            address(noun, asked, state=state),
            asked.state == state,
            found.counts.get(Shown(state)) if state else None,
        )
        for state, label in STATES.items()
        if state != Shown.REMOVED or found.counts[Shown.REMOVED]
    )


def _pager(noun: Noun, asked: Asked, found: ObjectList) -> Pager | None:
    if not (found.back or found.next):
        return None
    last = found.first + len(found.rows) - 1
    sort = asked.sort or "key"
    return Pager(
        f"{number(found.first)} to {number(last)} of {number(found.matched)}",
        older_href=_turn(noun, asked, sort, found.next),
        newer_href=_turn(noun, asked, sort, found.back),
        older="Next" if sort == "key" else "Older",
        newer="Back" if sort == "key" else "Newer",
    )


def _turn(noun: Noun, asked: Asked, sort: str, cursor: str) -> str:
    if not cursor:
        return ""
    here = address(noun, asked, sort=sort)
    return f"{here}{'&' if '?' in here else '?'}{urlencode({'page': cursor})}"


def _hidden(asked: Asked) -> tuple[tuple[str, str], ...]:
    """The filters that a new search keeps."""
    kept = (("state", asked.state), ("server", asked.server), ("sort", asked.sort))
    return tuple((name, value) for name, value in kept if value and value != "key")
