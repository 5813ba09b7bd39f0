from __future__ import annotations

from mailadmin.ui.navigation import Link, groups
from mailadmin.ui.standing import Standing, Strip, merged


def _links(path: str, counts: dict[str, int], *, administrator: bool) -> dict[str, Link]:
    made = groups(path, counts, administrator=administrator)
    return {link.label: link for group in made for link in group.links}


def test_people_are_shown_to_administrators_only() -> None:
    assert "People" in _links("/", {}, administrator=True)
    assert "People" not in _links("/", {}, administrator=False)
    assert [group.label for group in groups("/", {}, administrator=False)] == [
        "Operate",
        "Configure",
        "Change",
    ]


def test_the_page_below_an_entry_marks_that_entry() -> None:
    links = _links("/pushes/12/", {}, administrator=False)
    assert [link.label for link in links.values() if link.current] == ["Pushes"]


def test_the_overview_is_current_on_its_own_page_only() -> None:
    for path in ("/", "/pushes/"):
        found = _links(path, {}, administrator=False)["Overview"]
        assert found.current is (path == "/")


def test_a_count_stands_only_where_something_waits() -> None:
    links = _links("/", {"pushes": 3}, administrator=True)
    assert links["Pushes"].count == 3
    assert links["Audit"].count == 0


def test_never_more_than_two_strips() -> None:
    strips = tuple(Strip("warn", str(at)) for at in range(3))
    joined = merged([Standing({"pushes": 1}, strips[:1]), Standing({"hosts": 2}, strips[1:])])
    assert [strip.text for strip in joined.strips] == ["0", "1"]
    assert joined.counts == {"pushes": 1, "hosts": 2}
