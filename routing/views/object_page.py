"""The page of one routing object, there or deleted: its way, its pushes, its history."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from mailadmin.answers import reason_not, shown
from mailadmin.people.roles import Permission
from mailadmin.ui.parts import Event
from mailadmin.ui.waiting import what_waits
from routing.core.intent import DEFAULT_KEY, ObjectKind
from routing.forms.objects import FORMS, ObjectForm
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.queries.effects import effect_without
from routing.queries.findings import oddities_of
from routing.queries.object_rows import ObjectRow, Shown, facts_by_server, object_row
from routing.queries.pending import standing
from routing.queries.retirement import Retiring, retiring_of
from routing.queries.touched import Gone, gone_object, history_of, pushes_of
from routing.queries.ways import name_below, ways_of
from routing.views.checklist import new_panel
from routing.views.dns_lines import DnsPanel
from routing.views.dns_panel import domain_panel, local_panel
from routing.views.finding_rows import finding_row, findings_again, leading_back
from routing.views.history import timeline
from routing.views.nouns import Noun
from routing.views.retire_words import card_of


def show_object(
    request: HttpRequest,
    noun: Noun,
    row: RoutingObject,
    form: ObjectForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of one object."""
    line, pushes = object_row(row, facts_by_server(), standing()), pushes_of(row.pk)
    back = findings_again(request)
    retiring = retiring_of(row.pk, pushes.newest)
    reason = reason_not(request, Permission.EDIT, f"change {noun.many.lower()}")
    context = {
        "noun": noun,
        "row": line,
        "named": named(row.key),
        "ways": ways_of(row.server, f"any@{name_below(row.key)}"),
        "form": form or (object_form(noun, _initial(row), row=row) if noun.kind in FORMS else None),
        "reason": reason,
        "effect": effect_without(row.server, row.key, row.pk),
        "history": _history(row.pk, row.key, row.server.name, retiring),
        "pushes": pushes,
        "card": card_of(retiring) if retiring else None,
        "panel": new_panel(request, row) if row.kind == ObjectKind.VIRTUAL_DOMAIN else None,
        "waiting": what_waits(request, row.server.name, row.key),
        "links": _links(noun, line, back),
        "back": back,
        "dns": _dns(request, row),
        "oddities": [
            finding_row(row.server.name, odd, may_edit=not reason, back=back)
            for odd in oddities_of(row)
        ],
    }
    return shown(request, "routing/object.html", context, status=status)


def show_gone(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """The page of a deleted object: who deleted it, what is live of it, its pushes and history.

    410 when no mail host has it any more. Raises Http404 where there never was one.
    """
    gone = gone_object(noun.kind, key, request.GET.get("server", ""))
    if gone is None:
        raise Http404(f"There is no {noun.one} {key}.")
    now = standing()
    reason = reason_not(request, Permission.EDIT, f"change {noun.many.lower()}")
    is_live = any(item.id == gone.object_id for _, item in now.removed(noun.kind))
    pushes = pushes_of(gone.object_id)
    retiring = retiring_of(gone.object_id, pushes.newest)
    context = {
        "noun": noun,
        "key": key,
        "gone": gone,
        "is_live": is_live,
        "push": now.held.get(gone.object_id),
        "reason": reason,
        "undo_href": _undo_gone(noun, gone) if is_live else "",
        "add_href": _add_again(noun, key, gone.server) if noun.add_href else "",
        "history": _history(gone.object_id, key, gone.server, retiring),
        "object_id": gone.object_id,
        "pushes": pushes,
        "card": card_of(retiring) if retiring else None,
    }
    return shown(request, "routing/object_gone.html", context, status=200 if is_live else 410)


def named(key: str) -> str:
    """The key in a sentence or on a button: a lone dot is not seen there."""
    return "the . key" if key == DEFAULT_KEY else key


def object_form(
    noun: Noun, initial: dict[str, Any] | None, data: Any = None, row: RoutingObject | None = None
) -> ObjectForm:
    """The form of a new object, or of `row`, which stays on its server."""
    servers = MailHost.in_service.filter(kind="list_server").values_list("name", flat=True)
    names = [row.server.name] if row else list(servers)
    relays = RelayTarget.objects.values_list("pk", "name")
    return FORMS[noun.kind](
        data,
        initial=initial,
        servers=[(name, name) for name in names],
        relays=[(str(identity), name) for identity, name in relays],
    )


def page_of(noun: Noun, row: RoutingObject) -> str:
    """The address of an object's page."""
    return noun.href("page", row.key, row.server.name)


def _history(
    object_id: UUID, key: str, server: str, retiring: Retiring | None
) -> tuple[Event, ...]:
    own = {object_id, retiring.mark.pk} if retiring else {object_id}
    return timeline(history_of(object_id, key, server), own)


def _initial(row: RoutingObject) -> dict[str, Any]:
    return {
        "identity": row.pk,
        "version": row.version,
        "server": row.server.name,
        "key": row.key,
        "relay_target": str(row.relay_target_id or ""),
        "mailer": row.mailer,
        "next_hop": row.next_hop,
        "note": row.note,
        "tags": row.tags,
    }


def _links(noun: Noun, row: ObjectRow, back: str) -> dict[str, str]:
    acts = (
        ("delete", "convert")
        if noun.kind is ObjectKind.FOREIGN_LINE
        else (
            "edit",
            "enable",
            "disable",
            "delete",
        )
    )
    links = {act: leading_back(noun.href(act, row.key, row.server), back) for act in acts}
    if noun.kind is ObjectKind.VIRTUAL_DOMAIN:
        links["checklist"] = noun.href("checklist", row.key, row.server)
    if noun.kind is ObjectKind.VIRTUAL_DOMAIN and row.enabled:
        links["retire"] = noun.href("retire", row.key, row.server)
    if row.state in (Shown.EDITED, Shown.NEW):
        links["undo"] = f"{noun.act_href}?act=undo&pick={row.id.hex}.{row.version}"
    return links


def _undo_gone(noun: Noun, gone: Gone) -> str:
    return f"{noun.act_href}?act=undo&pick={gone.object_id.hex}.0"


def _add_again(noun: Noun, key: str, server: str) -> str:
    return f"{noun.add_href}?{urlencode({'key': key, 'server': server})}"


def _dns(request: HttpRequest, row: RoutingObject) -> DnsPanel | None:
    match row.kind:
        case ObjectKind.VIRTUAL_DOMAIN:
            return domain_panel(request, row)
        case ObjectKind.LOCAL_HOST:
            return local_panel(request, row)
        case _:
            return None
