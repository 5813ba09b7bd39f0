"""A NUL byte in an address or a form: PostgreSQL stores none, so no page may hand it one."""

from __future__ import annotations

import base64
import json

import pytest
from django.test import Client

from tests.integration.pages.conftest import Site

NUL = "a\0b"
LISTS = ("domains", "local-hosts", "routes", "foreign-lines", "relays", "audit", "pushes", "people")
PARAMETERS = (
    *("q", "sort", "page", "state", "server", "view", "before"),
    *("text", "actor", "action", "object", "push", "since", "until"),
)
PLACES = ("/relays/{}/", "/relays/{}/edit/", "/mail-hosts/{}/", "/domains/{}/", "/people/{}/")
FAULT = 500


@pytest.mark.parametrize("name", LISTS)
def test_no_list_breaks(site: Site, name: str) -> None:
    anne = site.sign_in("anne")

    statuses = {asked: anne.get(f"/{name}/", {asked: NUL}).status_code for asked in PARAMETERS}

    assert {asked: status for asked, status in statuses.items() if status >= FAULT} == {}


@pytest.mark.parametrize("name", LISTS)
def test_no_cursor_breaks(site: Site, name: str) -> None:
    anne = site.sign_in("anne")
    forged = base64.urlsafe_b64encode(json.dumps([NUL, NUL]).encode()).decode().rstrip("=")

    assert anne.get(f"/{name}/", {"page": forged}).status_code < FAULT


@pytest.mark.parametrize("place", PLACES)
def test_no_address_breaks(site: Site, place: str) -> None:
    assert site.sign_in("anne").get(place.format("a%00b")).status_code == 404


def test_no_form_breaks(site: Site) -> None:
    claire, anne = site.sign_in("claire"), site.sign_in("anne")

    said = {
        "domain": claire.post("/domains/add/", {"key": NUL, "server": "listes", "note": NUL}),
        "relay": claire.post("/relays/add/", {"name": NUL, "hosts": NUL, "port": NUL, "note": NUL}),
        "host": anne.post(
            "/mail-hosts/add/",
            {"name": "forums", "kind": "list_server", "position": "1", "note": NUL},
        ),
        "m4": anne.post(
            "/mail-hosts/listes/edit/",
            {"name": "listes", "kind": "list_server", "position": "1", "site_m4": NUL},
        ),
        "push": claire.post("/pushes/propose/", {"title": NUL, "note": NUL, "edit": NUL}),
    }

    assert {name: answer.status_code for name, answer in said.items()} == dict.fromkeys(said, 422)


def test_signing_in_does_not_break(client: Client, db: None) -> None:
    answer = client.post("/sign-in/", {"login": NUL, "password": NUL})

    assert answer.status_code < FAULT
