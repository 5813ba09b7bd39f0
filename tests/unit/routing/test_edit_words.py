"""Edits in words: what the proposer and the approver read."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from routing.core.edits import RELAY_TARGET, Edit, Op
from routing.core.intent import ObjectKind, RelayTarget, RoutingObject
from routing.views.edit_words import TITLE_LIMIT, change_words, relay_names, suggest_title

SMTP2 = uuid4()
RELAYS = {SMTP2: "smtp2"}


def domain(key: str, **more: object) -> RoutingObject:
    """A virtual domain."""
    made = RoutingObject(uuid4(), ObjectKind.VIRTUAL_DOMAIN, key)
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


def edit(before: RoutingObject | None, after: RoutingObject | None) -> Edit:
    """The edit between two values of one object."""
    shown = after or before
    assert shown is not None
    op = Op.UPDATE if before and after else (Op.CREATE if after else Op.DELETE)
    return Edit(shown.id, shown.kind.value, op, shown.key, before, after)


def to_smtp2(key: str) -> Edit:
    """A domain that becomes a route by smtp2."""
    before = domain(key)
    return edit(before, replace(before, kind=ObjectKind.ROUTE, relay_target=SMTP2))


def relay_edit(identity: UUID, hosts: tuple[str, ...]) -> Edit:
    """A relay target that gets other hosts."""
    before = RelayTarget(identity, "smtp1", ("smtp1.renater.fr",))
    after = RelayTarget(identity, "smtp1", hosts)
    return Edit(identity, RELAY_TARGET, Op.UPDATE, "smtp1", before, after)


def test_a_title_says_what_each_edit_does() -> None:
    edits = [edit(None, domain("conf.renater.fr")), to_smtp2("jres.org")]
    assert suggest_title(edits, RELAYS) == "Add conf.renater.fr, send jres.org to smtp2"


def test_a_verb_that_two_edits_share_is_said_once() -> None:
    edits = [edit(None, domain("a.example")), edit(None, domain("b.example"))]
    assert suggest_title(edits, RELAYS) == "Add a.example, b.example"


def test_a_title_names_three_edits_and_counts_the_rest() -> None:
    edits = [edit(domain(f"d{number}.example"), None) for number in range(5)]
    assert suggest_title(edits, {}) == "Remove d0.example, d1.example, d2.example, 2 more"


def test_a_title_fits_its_field() -> None:
    edits = [edit(None, domain(f"{'long.' * 30}{number}.example")) for number in range(3)]
    title = suggest_title(edits, {})
    assert len(title) == TITLE_LIMIT
    assert title.endswith("…")


def test_disabling_renaming_and_a_new_way_out_have_words_of_their_own() -> None:
    before = domain("jres.org")
    assert suggest_title([edit(before, replace(before, enabled=False))], {}) == "Disable jres.org"
    renamed = edit(before, replace(before, key="jres.fr"))
    assert suggest_title([renamed], {}) == "Rename jres.org to jres.fr"
    assert suggest_title([relay_edit(uuid4(), ("b.example",))], {}) == "Change relay smtp1"
    route = RoutingObject(uuid4(), ObjectKind.ROUTE, ".", relay_target=uuid4())
    moved = edit(route, replace(route, relay_target=SMTP2))
    assert suggest_title([moved], RELAYS) == "Send all other mail to smtp2"


def test_a_change_names_only_what_differs() -> None:
    assert change_words(to_smtp2("jres.org"), RELAYS) == (
        "virtual domain → route; Sympa on the server → smtp2"
    )
    hosts = relay_edit(uuid4(), ("b.example",))
    assert change_words(hosts, {}) == "smtp1.renater.fr → b.example"


def test_a_relay_target_that_is_gone_keeps_its_name_in_the_edits_that_leave_it() -> None:
    gone = Edit(SMTP2, RELAY_TARGET, Op.DELETE, "smtp2", RelayTarget(SMTP2, "smtp2", ("x",)), None)
    assert relay_names([gone], {}) == {SMTP2: "smtp2"}
