"""Make a line a virtual domain: the edit for one that leads to the list server's own MTA."""

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
from routing.views.finding_rows import findings_again
from routing.views.nouns import DOMAINS, Noun
from routing.views.object_page import named
from routing.views.object_pages import UNCHANGED, Act, version_now

EFFECT = (
    "It is then handed to the MTA of the list server by its kind, also under the fallback. Its own"
    " mailer and next hop are given up."
)


@asks_first
@requires(Permission.EDIT)
def to_domain(request: HttpRequest, noun: Noun, key: str) -> HttpResponse:
    """Ask; then save the object as a virtual domain."""
    row = object_or_404(request, noun, key)
    if request.method != "POST":
        return _ask(request, noun, row, ())
    form = VersionForm(request.POST)
    if not form.is_valid():
        return _ask(request, noun, row, ("The page was not complete. Send it again.",))
    try:
        _save(row, form.cleaned_data["version"], request)
    except InvalidIntent as error:
        return _ask(request, noun, row, tuple(str(item) for item in error.findings))
    except ConflictingEdit as error:
        back = noun.href("page", row.key, row.server.name)
        return conflict(request, error=error, version=version_now(row), back=back)
    target = findings_again(request) or DOMAINS.href("page", row.key, row.server.name)
    return moved(request, target, f"{row.key} is a virtual domain now. {UNCHANGED}")


def _save(row: RoutingObject, version: int, request: HttpRequest) -> None:
    save_object(
        identity=row.pk,
        version=version,
        server=row.server,
        kind=ObjectKind.VIRTUAL_DOMAIN,
        key=row.key,
        enabled=row.enabled,
        note=row.note,
        by=signed_in(request),
    )


def _ask(
    request: HttpRequest, noun: Noun, row: RoutingObject, errors: tuple[str, ...]
) -> HttpResponse:
    words = f"Make {named(row.key)} a virtual domain"
    context = {
        "noun": noun,
        "key": row.key,
        "act": Act(words, EFFECT, words, danger=False),
        "form": VersionForm(initial={"identity": row.pk, "version": row.version}),
        "errors": errors,
        "back": findings_again(request) or noun.href("page", row.key, row.server.name),
        "action": request.get_full_path(),
    }
    return render(request, "routing/ask.html", context, status=422 if errors else 200)
