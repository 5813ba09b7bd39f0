"""`manage.py route`: where mail for an address goes, told without the mail host."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mailadmin.people.models import Person
from tests.integration.pages import world

pytestmark = pytest.mark.django_db


def person() -> Person:
    return world.people()["claire"]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("route", *arguments, stdout=out)
    return out.getvalue()


def answers(*arguments: str) -> dict[str, dict[str, str]]:
    lines = [json.loads(line) for line in run(*arguments, "--json").splitlines()]
    return {line["config"]: line for line in lines}


def test_the_live_table_and_its_fallback_answer_each_for_itself() -> None:
    world.imported(world.list_server())
    found = answers("claire@orange.fr", "--host", "listes")
    assert (found["live"]["key"], found["live"]["relay"]) == (".", "smtp1")
    assert found["live"]["next_hop"].startswith("[smtp1")
    assert (found["fallback"]["key"], found["fallback"]["why"]) == ("", "no key: by MX")
    assert found["fallback"]["next_hop"] == "orange.fr."
    assert found["desired"]["value"] == found["live"]["value"]


def test_an_edit_shows_in_the_saved_rows_and_not_live() -> None:
    host = world.list_server()
    world.imported(host)
    world.add_domain(host, "new.jres.org", person())
    found = answers("x@new.jres.org", "--host", "listes")
    assert (found["live"]["key"], found["desired"]["key"]) == (".", "new.jres.org")


def test_a_name_of_the_host_itself_never_sees_the_table() -> None:
    """The trap of the first table: a line for a name in class w has no effect."""
    world.imported(world.list_server())
    found = answers("root@listes.renater.fr", "--host", "listes", "--config", "live")
    assert found["live"]["why"] == "a name of the host itself"
    assert set(found) == {"live"}


def test_a_domain_alone_is_any_address_there() -> None:
    world.imported(world.list_server())
    assert "any@jres.org  Live: esmtp [127.0.0.1]  by the line jres.org" in run(
        "jres.org", "--host", "listes"
    )


def test_before_the_first_push_it_says_that_nothing_is_live() -> None:
    world.list_server()
    assert "Live: no answer\n  No release of ours is live on listes." in run(
        "a@b.org", "--host", "listes"
    )


def test_every_text_that_is_no_address_is_named_and_nothing_is_answered() -> None:
    world.imported(world.list_server())
    out = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("route", "a@b@c", "a@b.org", "x y@d", "--host", "listes", stdout=out)
    assert "a@b@c holds more than one @" in str(refused.value)
    assert "x y" in str(refused.value)
    assert out.getvalue() == ""


def test_an_unknown_host_is_said_with_those_that_there_are() -> None:
    world.list_server()
    with pytest.raises(CommandError, match=r"no list server nowhere\. There are listes\."):
        run("a@b.org", "--host", "nowhere")
