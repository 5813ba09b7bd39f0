"""The route page and the box on every page that leads there."""

from __future__ import annotations

import pytest

from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text


def ask(site: Site, address: str, **more: str) -> str:
    answer = site.sign_in("vera").get("/route/", {"address": address} | more)
    assert answer.status_code == 200
    return text(answer)


def test_every_page_has_the_box(site: Site) -> None:
    page = site.sign_in("vera").get("/domains/").content.decode()
    assert '<form class="ma-route-box" method="get" action="/route/"' in page


def test_an_address_is_answered_by_each_table_with_the_reason(site: Site) -> None:
    said = ask(site, "x@jres.org")
    assert "Live and as saved" in said
    assert "Under fallback, live and as saved" in said
    assert "The line jres.org decides: it is the whole name." in said
    assert "not live yet" not in said


def test_what_a_push_would_change_is_marked(site: Site) -> None:
    world.add_domain(site.host, "new.jres.org", site.people["claire"])
    said = ask(site, "new.jres.org")
    for label in ("Live", "Live, under fallback", "As saved", "As saved, under fallback"):
        assert label in said
    assert "not live yet" in said


def test_the_question_alone_has_no_answer_and_no_error(site: Site) -> None:
    said = text(site.sign_in("vera").get("/route/"))
    assert "Show the route" in said
    assert "Line that decides" not in said


@pytest.mark.parametrize("address", ["a@b@c", "x y@d.org", "@d.org", "a\x07@b.org"])
def test_what_is_no_address_is_said_at_the_field_and_kept(site: Site, address: str) -> None:
    answer = site.sign_in("vera").get("/route/", {"address": address})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'role="alert"' in page
    assert 'aria-invalid="true"' in page


def test_each_list_server_answers_and_one_can_be_chosen(site: Site) -> None:
    world.list_server("forums", position=1)
    assert "On listes" in (both := ask(site, "x@jres.org"))
    assert "On forums" in both
    assert "On listes" not in ask(site, "x@jres.org", host="forums")
