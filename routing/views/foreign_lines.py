"""Foreign lines are lines that an import kept. They can be read, deleted, or made routes: here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mailadmin.answers import moved
from mailadmin.methods import asks_first
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from routing.core.findings import InvalidIntent
from routing.core.intent import ObjectKind
from routing.forms.objects import VersionForm
from routing.models import RoutingObject
from routing.services.errors import ConflictingEdit
from routing.services.objects import save_object
from routing.views.addressed import object_or_404
from routing.views.conflict import conflict
from routing.views.nouns import FOREIGN_LINES, ROUTES, Noun
from routing.views.object_pages import Act, version_now


@asks_first
@requires(Permission.EDIT)
def convert(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """Make it a route with the same mailer and next hop; where its mail goes does not change."""
    row = object_or_404(request, noun, key)
    if request.method != "POST":
        return _ask(request, row, ())
    form = VersionForm(request.POST)
    if not form.is_valid():
        return _ask(request, row, ("The page was not complete. Send it again.",))
    try:
        _to_route(row, form.cleaned_data["version"], request)
    except InvalidIntent as error:
        return _ask(request, row, tuple(str(item) for item in error.findings))
    except ConflictingEdit as error:
        return conflict(request, error=error, version=version_now(row), back=_page(row))
    return moved(
        request, ROUTES.href("page", row.key, row.server.name), f"{row.key} is a route now."
    )


def _to_route(row: RoutingObject, version: int, request: HttpRequest) -> None:
    save_object(
        identity=row.pk,
        version=version,
        server=row.server,
        kind=ObjectKind.ROUTE,
        key=row.key,
        enabled=row.enabled,
        relay_target=None,
        mailer=row.mailer,
        next_hop=row.next_hop,
        note=row.note,
        by=signed_in(request),
    )


def _ask(request: HttpRequest, row: RoutingObject, errors: tuple[str, ...]) -> HttpResponse:
    effect = f"Its value stays {row.mailer}:{row.next_hop}; where its mail goes does not change."
    context = {
        "noun": FOREIGN_LINES,
        "key": row.key,
        "act": Act(f"Turn {row.key} into a route", effect, f"Turn {row.key} into a route", False),
        "form": VersionForm(initial={"identity": row.pk, "version": row.version}),
        "errors": errors,
        "back": _page(row),
        "action": request.get_full_path(),
    }
    return render(request, "routing/ask.html", context, status=422 if errors else 200)


def _page(row: RoutingObject) -> str:
    return FOREIGN_LINES.href("page", row.key, row.server.name)
