"""Proposing some of thousands of edits: one page is shown, and the ticks of the others go along."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from mailadmin.audit.services import Actor, Happened, record_all
from mailadmin.paging import PAGE_SIZE
from routing.models import ConfigPush, RoutingObject
from routing.views import propose as view
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text

HERE = "/pushes/propose/"
CLAIRE = Actor("claire", "Claire Martin")


def add(site: Site, count: int, by: Actor = CLAIRE, name: str = "lab") -> list[RoutingObject]:
    """That many virtual domains that are not live, with their events."""
    rows = [
        RoutingObject(
            server=site.host,
            kind="virtual_domain",
            key=f"{name}{number:05}.example",
            changed_at=timezone.now(),
            changed_by=by.name,
        )
        for number in range(count)
    ]
    happened = [
        Happened(action="virtual_domain.created", subject=row.key, object_id=row.pk, new={})
        for row in rows
    ]
    with transaction.atomic():
        RoutingObject.objects.bulk_create(rows, batch_size=500)
        record_all(by=by, happened=happened)
    return rows


class Form:
    """The form of the page as a browser without JavaScript sends it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.answer: Any = client.get(HERE)
        self.status = 200

    @property
    def page(self) -> Any:
        return self.answer.context["page"]

    @property
    def names(self) -> list[str]:
        return [line.name for _, lines, _ in self.page.hosts for line in lines]

    @property
    def ticked(self) -> set[str]:
        return {
            line.name
            for _, lines, _ in self.page.hosts
            for line in lines
            if line.picked or line.pulled
        }

    def send(
        self,
        *,
        tick: AbstractSet[str] = frozenset(),
        untick: AbstractSet[str] = frozenset(),
        **more: str,
    ) -> Any:
        """Press a button after ticking boxes of this page."""
        values: dict[str, Any] = dict(form_of(self.answer, HERE))
        lines = [line for _, lines, _ in self.page.hosts for line in lines]
        wanted = (self.ticked | tick) - untick
        values["pick"] = [line.id for line in lines if line.name in wanted]
        self.answer = self.client.post(HERE, values | more)
        return self.answer


def proposed_keys() -> set[str]:
    plan = ConfigPush.objects.latest("pk").targets.get().plan
    return {change["key"] for change in plan["changes"]}


def test_a_page_of_edits_is_shown_with_a_filter_and_all_are_ticked(site: Site) -> None:
    add(site, PAGE_SIZE + 20)
    form = Form(site.sign_in("claire"))

    assert len(form.names) == PAGE_SIZE
    page = text(form.answer)
    assert "70 of 70 ticked" in page
    assert "1 to 50 of 70" in page
    assert "Propose 70 edits" in page
    form.send(turn=form.page.turn.next)
    assert form.names == [f"lab{n:05}.example" for n in range(50, 70)]
    assert form.send(title="All of them").status_code == 302
    assert len(proposed_keys()) == 70


def test_a_short_list_has_no_filter_and_is_unticked_at_once(site: Site) -> None:
    add(site, PAGE_SIZE)
    form = Form(site.sign_in("claire"))
    page = text(form.answer)
    assert "Search edits" not in page
    assert "Tick all 50" in page and "50 of 50 ticked" in page
    form.send(mark="none")
    assert form.ticked == set()
    form.send(tick={"lab00003.example"}, look="1")
    assert form.ticked == {"lab00003.example"}
    assert "Propose 1 edit<" in text(form.answer)


def test_three_edits_are_ticked_one_by_one(site: Site) -> None:
    add(site, 3)
    assert "Tick all" not in text(site.sign_in("claire").get(HERE))


def test_five_of_many_are_chosen_by_filter_and_by_hand(site: Site) -> None:
    add(site, 130)
    form = Form(site.sign_in("claire"))
    form.send(mark="none")
    assert "Tick at least one edit." in text(form.answer)
    form.send(q="lab0011", look="filter")
    assert len(form.names) == 10
    assert "10 of 130" in text(form.answer)
    form.send(tick={"lab00111.example", "lab00112.example"}, q="lab00001", look="filter")
    assert form.names == ["lab00001.example"]
    form.send(tick={"lab00001.example"}, q="", look="filter")
    form.send(turn=form.page.turn.next)
    form.send(tick={"lab00050.example", "lab00099.example"}, turn=form.page.turn.back)
    assert form.ticked == {"lab00001.example"}
    assert "5 of 130 ticked" in text(form.answer)

    assert form.send(title="Five").status_code == 302
    assert proposed_keys() == {f"lab{n:05}.example" for n in (1, 50, 99, 111, 112)}


def test_all_that_fit_are_ticked_or_unticked_at_once(site: Site) -> None:
    add(site, 130)
    form = Form(site.sign_in("claire"))
    form.send(mark="none", q="lab0011")
    form.send(mark="fit", q="lab0011")
    assert "10 of 130 ticked" in text(form.answer)
    form.send(untick={"lab00115.example"}, look="1", q="lab0011")
    form.send(q="", look="filter")
    assert "9 of 130 ticked" in text(form.answer)
    form.send(mark="all")
    form.send(q="lab0011", look="filter")
    form.send(mark="unfit", q="lab0011")
    assert form.send(title="The rest", q="").status_code == 302
    assert len(proposed_keys()) == 120


def test_a_tick_counts_without_a_look(site: Site) -> None:
    add(site, 60)
    form = Form(site.sign_in("claire"))
    form.send(mark="none")
    assert form.send(tick={"lab00007.example"}, title="One").status_code == 302
    assert proposed_keys() == {"lab00007.example"}


def test_an_edit_that_came_meanwhile_is_not_proposed_unseen(site: Site) -> None:
    add(site, 60)
    form = Form(site.sign_in("claire"))
    form.send(mark="all")
    world.add_domain(site.host, "new.example", site.people["luc"])

    answer = form.send(title="All")

    assert answer.status_code == 409
    assert "The edits are others than this page showed." in text(answer)
    assert "61 of 61 ticked" in text(answer)
    assert ConfigPush.objects.count() == 1
    assert form.send(title="All").status_code == 302
    assert len(proposed_keys()) == 61


def test_ones_own_are_ticked_and_a_colleagues_are_not(site: Site) -> None:
    add(site, 60)
    add(site, 60, Actor("luc", "Luc Petit"), "other")
    form = Form(site.sign_in("claire"))
    assert "60 of 120 ticked" in text(form.answer)
    form.send(mark="all")
    assert "120 of 120 ticked" in text(form.answer)
    form.send(mark="mine")
    assert form.send(title="Mine").status_code == 302
    assert len(proposed_keys()) == 60


def test_a_long_table_is_not_rendered_for_a_look_and_is_judged_when_proposed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "LOOKED_AT", 20)
    monkeypatch.setattr(view, "preview", None)
    add(site, 60)
    form = Form(site.sign_in("claire"))

    page = text(form.answer)
    assert "computed and checked when the push is made" in page
    assert "Reason for what is unusual" in page
    assert form.send(title="All").status_code == 302
    assert len(proposed_keys()) == 60


def test_the_page_is_as_long_for_thousands_of_edits(site: Site) -> None:
    client = site.sign_in("claire")
    add(site, 60)
    few = len(client.get(HERE).content)
    add(site, 3000, name="more")
    many = len(client.get(HERE).content)
    assert many < few * 1.3 + 20_000


@pytest.mark.parametrize(
    "spoilt",
    [{"ticks": "x"}, {"shown": "x y"}, {"at": "x"}, {"turn": "zz"}, {"mark": "every"}, {"op": "x"},
     {"server": "nobody"}, {"q": "%_\\"}, {"was": "x"}],
)  # fmt: skip
def test_a_field_that_nobody_wrote_breaks_nothing(site: Site, spoilt: dict[str, str]) -> None:
    add(site, 60)
    form = Form(site.sign_in("claire"))
    answer = form.send(**{"look": "1", **spoilt})  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert ConfigPush.objects.count() == 1


def test_a_digest_of_other_edits_is_refused(site: Site) -> None:
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    sent = {"token": str(uuid4()), "title": "One", "pick": [str(row.pk)], "digest": "0" * 64}
    answer = site.sign_in("claire").post(HERE, sent)
    assert answer.status_code == 409
    assert ConfigPush.objects.count() == 1
