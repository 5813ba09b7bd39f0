"""What the address of a page names, or a 404 that says what there is none of."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from routing.models import MailHost, RelayTarget, RoutingObject
from routing.queries.objects import find_object
from routing.views.nouns import Noun


def found_object(request: HttpRequest, noun: Noun, key: str) -> RoutingObject | None:
    """The object that the address names, on the server that its query names."""
    return find_object(kind=noun.kind, key=key, server=request.GET.get("server", ""))


def object_or_404(request: HttpRequest, noun: Noun, key: str) -> RoutingObject:
    """The same for a page that only an object that is there can have."""
    row = found_object(request, noun, key)
    if row is None:
        raise Http404(f"There is no {noun.one} {key}.")
    return row


def relay_or_404(name: str) -> RelayTarget:
    """The relay target of that name."""
    row = RelayTarget.objects.filter(name=name).first()
    if row is None:
        raise Http404(f"There is no relay target {name}.")
    return row


def host_or_404(name: str) -> MailHost:
    """The mail host of that name, in service or retired."""
    host = MailHost.objects.filter(name=name).first()
    if host is None:
        raise Http404(f"There is no mail host {name}.")
    return host
