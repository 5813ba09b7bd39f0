"""No address of the site answers a stranger, but the few that must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from mailadmin.people.access import PUBLIC, SIGNED_IN, permission_of, public, requires
from mailadmin.people.middleware import RequirePermission
from mailadmin.people.roles import Permission
from mailadmin.ui.samples import PAGES

# Ours that anybody may call: the colours, the link that its secret guards, and the probes, of which
# the metrics say themselves who may read them (test_health.py).
OPEN = {"theme", "set-password", "set-password-link", "healthz", "readyz", "metrics"}

# Ours for everybody who is signed in: it tells them who they are.
OWN = {"session"}

# allauth's, which guard themselves: sign-in and its steps, and the page that says that nobody signs
# up here. A new version that brings another is decided here.
ALLAUTH_OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "mfa_authenticate",
    "mfa_login_webauthn",
}

EXAMPLES = {
    "int": "1",
    "str": "listes",
    "key": "jres.org",
    "slug": "domains",
    "uuid": "3f0c1a52-6f0e-4a77-9a53-0c5f7d1b2e94",
    "sample": next(iter(PAGES)),
}


@dataclass(frozen=True, slots=True)
class Route:
    """One address with an example for each of its parts."""

    name: str
    path: str
    asks: Permission | str | None
    is_allauth: bool

    def __str__(self) -> str:
        return f"{self.name} {self.path}"


def routes(found: list[URLPattern | URLResolver], before: str = "/") -> Iterator[Route]:
    for item in found:
        path = before + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from routes(item.url_patterns, path)
            continue
        view = getattr(item.callback, "view_class", item.callback)
        yield Route(
            name=item.name or "",
            path=re.sub(r"<(\w+):\w+>", lambda part: EXAMPLES[part[1]], path),
            asks=permission_of(item.callback),
            is_allauth=view.__module__.startswith("allauth."),
        )


ROUTES = tuple(routes(get_resolver().url_patterns))
GUARDED = [route for route in ROUTES if not route.is_allauth and route.name not in OPEN]
ALLAUTH_GUARDED = [r for r in ROUTES if r.is_allauth and r.name not in ALLAUTH_OPEN]


@pytest.fixture(autouse=True)
def site_cache(settings: Settings, redis_url: str) -> None:
    """allauth counts tries in the cache, which is a Redis here as on a site."""
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": redis_url}}


def test_the_walk_finds_every_part_of_the_site() -> None:
    assert {"home", "domain-page", "push-approve", "audit", "person", "mfa_index"} <= {
        route.name for route in ROUTES
    }
    assert len({route.path for route in ROUTES}) == len(ROUTES) > 60


@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_each_view_of_ours_asks_for_a_permission(route: Route) -> None:
    assert route.asks == SIGNED_IN if route.name in OWN else isinstance(route.asks, Permission)


def test_what_changes_something_asks_for_more_than_reading() -> None:
    acts = {"add", "edit", "enable", "disable", "delete", "convert", "propose", "restore"}
    acts |= {"approve", "refuse", "deploy", "retry", "put-back", "remove"}
    changing = [route for route in GUARDED if route.path.rstrip("/").split("/")[-1] in acts]

    assert len(changing) > 20
    assert [str(route) for route in changing if route.asks is Permission.READ] == []


def test_what_is_open_to_anybody_is_on_the_list() -> None:
    public_routes = {
        route.name for route in ROUTES if route.asks == PUBLIC and not route.is_allauth
    }

    assert public_routes == OPEN


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_a_stranger_is_sent_to_sign_in(db: None, route: Route, method: str) -> None:
    answer = getattr(Client(), method)(route.path)

    assert answer.status_code == 302
    assert answer["Location"] == f"/sign-in/?next={route.path}"


@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_a_fragment_asked_for_by_a_stranger_is_401(db: None, route: Route) -> None:
    answer = Client().get(route.path, headers={"HX-Request": "true"})

    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("route", ALLAUTH_GUARDED, ids=str)
def test_the_pages_of_an_account_are_for_who_signed_in(db: None, route: Route) -> None:
    for answer in (Client().get(route.path), Client().post(route.path)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/?next=")


def test_the_list_of_open_account_pages_names_no_page_that_is_gone() -> None:
    assert {route.name for route in ROUTES if route.is_allauth} >= ALLAUTH_OPEN


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_signs_up(db: None, method: str) -> None:
    sent = {"username": "eve", "password1": "long enough 17", "password2": "long enough 17"}
    answer = getattr(Client(), method)("/account/signup/", sent)

    assert "account/signup_closed.html" in [template.name for template in answer.templates]


def unmarked(request: HttpRequest) -> HttpResponse:
    raise AssertionError("a view without a permission ran")


def test_a_view_that_names_no_permission_is_refused() -> None:
    middleware = RequirePermission(lambda request: HttpResponse())

    with pytest.raises(ImproperlyConfigured, match="names no permission"):
        middleware.process_view(RequestFactory().get("/"), unmarked, (), {})


def test_the_marks_are_read_back() -> None:
    assert permission_of(requires(Permission.OPERATE)(lambda request: HttpResponse())) == "operate"
    assert permission_of(public(lambda request: HttpResponse())) == PUBLIC
    assert permission_of(unmarked) is None
