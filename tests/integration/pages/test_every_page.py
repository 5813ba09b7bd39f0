"""Every page answers, and only to those who may."""

from __future__ import annotations

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from mailadmin.people.access import permission_of
from routing.models import ConfigPush
from tests.integration.pages.conftest import Site

READABLE = [
    "/lists/domain/filters/?q=a",
    "/",
    "/spools/",
    "/spools/?state=look&q=list&sort=-waiting&page=x",
    "/domains/",
    "/domains/?state=edited&sort=-changed&q=renater",
    "/domains/?state=removed",
    "/domains/jres.org/",
    "/domains/jres.org/?server=listes",
    "/domains/~retiring/",
    "/domains/~new/",
    "/domains/jres.org/checklist/",
    "/local-hosts/",
    "/local-hosts/host.renater.fr/",
    "/routes/",
    "/routes/~everything-else/",
    "/foreign-lines/",
    "/findings/",
    "/findings/?state=redundant&q=org&server=listes&page=x",
    "/matrix/",
    "/matrix/?state=gaps&q=org&server=listes&page=x",
    "/matrix/?state=robots",
    "/findings/dns/",
    "/findings/dns/?state=mx_none&q=org&page=x",
    "/domains/jres.org/dns/",
    "/relays/smtp1/dns/",
    "/relays/",
    "/relays/?state=removed",
    "/relays/smtp1/",
    "/mail-hosts/",
    "/mail-hosts/listes/",
    "/pushes/",
    "/pushes/?view=waiting",
    "/pushes/?view=open",
    "/pushes/?view=live",
    "/audit/",
    "/audit/?actor=import&action=push.active&since=2026-01-01",
]
EDITING = [
    "/domains/add/",
    "/domains/bulk-add/",
    "/local-hosts/bulk-add/",
    "/routes/bulk-add/",
    "/domains/~act/?act=drain&all=yes",
    "/relays/bulk-add/",
    "/relays/~act/?act=delete&all=yes",
    "/domains/~act/?act=delete&all=yes",
    "/domains/jres.org/edit/",
    "/domains/jres.org/disable/",
    "/domains/jres.org/delete/",
    "/domains/jres.org/retire/",
    "/routes/add/",
    "/local-hosts/add/",
    "/relays/add/",
    "/relays/smtp1/edit/",
    "/relays/smtp1/delete/",
    "/pushes/propose/",
]
ADMINISTERING = [
    "/people/",
    "/people/claire/",
    "/mail-hosts/add/",
    "/mail-hosts/listes/edit/",
    "/mail-hosts/~act/?act=note&all=yes",
    "/design/",
]
EVERYBODY = ("vera", "claire", "luc", "paul", "otto", "anne")


def test_pages_that_are_read_open_for_every_role(site: Site) -> None:
    assert _who_opens(site, READABLE) == dict.fromkeys(READABLE, EVERYBODY)


def test_pages_that_edit_open_for_editors_only(site: Site) -> None:
    assert _who_opens(site, EDITING) == dict.fromkeys(EDITING, ("claire", "luc"))


def test_pages_that_administer_open_for_administrators_only(site: Site) -> None:
    assert _who_opens(site, ADMINISTERING) == dict.fromkeys(ADMINISTERING, ("anne",))


@pytest.mark.parametrize("act", ["approve", "refuse", "deploy", "retry"])
def test_only_approvers_reach_what_ends_or_deploys_a_push(
    site: Site, waiting: ConfigPush, act: str
) -> None:
    for name in ("vera", "claire", "otto", "anne"):
        answer = site.sign_in(name).post(f"/pushes/{waiting.pk}/{act}/", {"digest": waiting.digest})
        assert answer.status_code == 403
        assert "approver" in answer.content.decode()
    waiting.refresh_from_db()
    assert waiting.state == "proved"


def test_a_stranger_is_sent_to_sign_in_and_a_fragment_gets_401(site: Site) -> None:
    client = site.sign_in("vera")
    client.logout()
    for address in (*READABLE, *EDITING, *ADMINISTERING):
        page = client.get(address)
        assert page.status_code == 302, address
        assert page["Location"].startswith("/sign-in/?next="), address
        assert client.get(address, headers={"HX-Request": "true"}).status_code == 401, address


def test_no_address_is_without_a_permission() -> None:
    unmarked = [
        pattern.pattern
        for pattern in _patterns(get_resolver().url_patterns)
        if permission_of(pattern.callback) is None
    ]
    assert unmarked == []


def test_an_unknown_object_is_not_found(site: Site) -> None:
    client = site.sign_in("vera")
    for address in (
        "/domains/nowhere.example/",
        "/domains/host.renater.fr/",
        "/domains/jres.org/?server=other",
        "/relays/none/",
        "/mail-hosts/none/",
        "/pushes/999/",
        "/pushes/999/live/",
        "/pushes/1/files/listes/none.mc",
        "/pushes/1/files/other/sympa.mc",
    ):
        assert client.get(address).status_code == 404, address


def _who_opens(site: Site, addresses: list[str]) -> dict[str, tuple[str, ...]]:
    """Who gets each page; everybody else must be refused with 403."""
    opened: dict[str, tuple[str, ...]] = {}
    for name in EVERYBODY:
        client = site.sign_in(name)
        for address in addresses:
            status = client.get(address).status_code
            assert status in (200, 403), (name, address, status)
            opened[address] = (*opened.get(address, ()), *((name,) if status == 200 else ()))
    return opened


def _patterns(items: list[URLPattern | URLResolver]) -> list[URLPattern]:
    found: list[URLPattern] = []
    for item in items:
        found += _patterns(item.url_patterns) if isinstance(item, URLResolver) else [item]
    return found
