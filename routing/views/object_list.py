"""One list page for every kind of routing object: search, states, sort, keyset paging."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from mailadmin.answers import reason_not, shown
from mailadmin.asked import Asked, asked_of
from mailadmin.listing import (
    Column,
    ViewChip,
    chips_of,
    heads_of,
    pager_of,
    tag_chips,
    tag_links,
    views_of,
)
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.saved.menus import columns_for, saved_for
from mailadmin.ui.list_pages import DomainRow, DomainsPage, RowAction
from routing.core.findings import Severity
from routing.core.intent import ObjectKind
from routing.core.listed_tables import COLUMNS
from routing.queries.gone import gone_of_objects
from routing.queries.object_rows import ObjectRow, Shown
from routing.queries.objects import FILTERS, ORDERS, ObjectList, exported, list_objects
from routing.views.exports import exports_of, file_of
from routing.views.nouns import Noun

STATES: Mapping[str, str] = {
    "": "All",
    Shown.LIVE: "Live",
    Shown.EDITED: "Edited",
    Shown.IN_PUSH: "In push",
    Shown.DISABLED: "Disabled",
    Shown.REMOVED: "Removed, still live",
}


def show_list(request: HttpRequest, noun: Noun) -> HttpResponseBase:
    """The list that the address asks for; the address is its whole state."""
    asked = asked_of(request, noun.list_href, also=FILTERS)
    rows = partial(exported, noun.kind, asked)
    if file := file_of(request, name=f"{noun.slug}s", columns=COLUMNS, rows=rows):
        return file
    page = domains_page(request, noun, asked, list_objects(noun.kind, asked))
    return shown(request, "routing/domains.html", {"list": page})


def domains_page(request: HttpRequest, noun: Noun, asked: Asked, found: ObjectList) -> DomainsPage:
    """The values that the list's template writes down."""
    may_edit = not reason_not(request, Permission.EDIT, "")
    person = signed_in(request)
    columns = columns_for(person, noun.slug, _columns(noun, found), asked)
    return DomainsPage(
        words=noun,
        rows=tuple(_row(noun, asked, row, may_edit=may_edit) for row in found.rows),
        heads=heads_of(asked, columns.shown),
        total=found.total + found.counts[Shown.REMOVED],
        matched=found.turn.total,
        more=found.turn.more,
        action=noun.list_href,
        add_href=noun.add_href,
        import_href=reverse("adopt"),
        query=asked.text,
        add_reason=reason_not(request, Permission.EDIT, f"add {noun.many.lower()}"),
        chips=(*chips_of(asked, {"server": "Server"}), *tag_chips(asked)),
        tags=tag_links(asked, found.words),
        views=_views(asked, found),
        pager=pager_of(asked, found.turn),
        hidden=asked.hidden,
        columns=columns,
        saved=saved_for(person, noun.slug, asked),
        gone=gone_of_objects(noun.kind, asked, states=STATES, orders=ORDERS),
        acts=_acts(noun, asked) if may_edit else (),
        exports=exports_of(asked),
    )


def _acts(noun: Noun, asked: Asked) -> tuple[tuple[str, str], ...]:
    """What can be done with ticked rows."""
    undo = ("undo", "Undo edits…")
    if asked.state == Shown.REMOVED:
        return (undo,)
    foreign = noun.kind is ObjectKind.FOREIGN_LINE
    switch: tuple[tuple[str, str], ...] = (("disable", "Disable…"), ("enable", "Enable…"))
    if foreign:
        switch = ()
    if noun.kind is ObjectKind.ROUTE:
        switch = (*switch, ("send", "Choose the relay…"))
    words = (("tag", "Add tags…"), ("untag", "Remove tags…"), ("note", "Set the note…"))
    retire = (("drain", "Retire in steps…"),) if noun.kind is ObjectKind.VIRTUAL_DOMAIN else ()
    return (*switch, *words, undo, *retire, ("delete", "Delete…"))


def _row(noun: Noun, asked: Asked, row: ObjectRow, *, may_edit: bool) -> DomainRow:
    gone = row.state is Shown.REMOVED
    return DomainRow(
        name=row.key,
        href=noun.href("page", row.key, row.server),
        route=row.value or "—",
        state=row.state,
        server=row.server,
        server_href=asked.href(server=row.server),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        unicode=row.unicode,
        push=row.push,
        findings=len(row.findings),
        finding_kind="bad" if any(f.severity is Severity.ERROR for f in row.findings) else "warn",
        finding_text=" ".join(str(finding) for finding in row.findings),
        tags=row.tags,
        note=row.note,
        pick=f"{row.id.hex}.{row.version}" if may_edit else "",
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


def _columns(noun: Noun, found: ObjectList) -> tuple[Column, ...]:
    """All that there are. Where one server has everything, or nothing has a tag, a column that says
    so is not there until somebody asks for it."""
    return (
        Column(noun.head, "key"),
        Column("Server", name="server", standard=len(found.servers) > 1),
        Column("Route", name="route"),
        Column("State", name="state"),
        Column("Tags", name="tags", standard=bool(found.words), roomy=True),
        Column("Findings", name="findings"),
        Column("Note", name="note", standard=False, roomy=True),
        Column("Changed by", "changed", latest=True, name="changed"),
    )


def _views(asked: Asked, found: ObjectList) -> tuple[ViewChip, ...]:
    shown = {
        state: label
        for state, label in STATES.items()
        if state != Shown.REMOVED or found.counts[Shown.REMOVED]
    }
    return views_of(asked, shown, found.counts)
