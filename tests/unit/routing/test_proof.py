"""What is asked, and what counts as explained."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.bundle import Bundle
from routing.core.bv import Answer
from routing.core.intent import Intent
from routing.core.names import KEY_LIMIT
from routing.core.plan import Plan, make_plan
from routing.core.proof import (
    LOCAL_MTA_CHANGED,
    Answers,
    Proof,
    addresses_to_ask,
    judge,
    proof_to_json,
)
from routing.core.render import render
from routing.core.resolve import Resolver, Table
from tests.unit.routing.values import (
    FACTS,
    FEW_KEYS,
    MOVED_MTA,
    SEED,
    SMTP2,
    intent,
    intents,
    route,
    to_relay,
    virtual,
)

MORE = intent(*SEED.objects, virtual(6, "lists.example"))
Sides = tuple[dict[str, Answer], dict[str, Answer]]


def sendmail(bundle: Bundle, asked: tuple[str, ...]) -> Sides:
    """What sendmail would say of a bundle, without the lines that it folds."""
    port = bundle.facts["local_mta_port"]
    local_mta = ("esmtp" if port == 25 else "local_mta", "[127.0.0.1]")

    def side(file: str) -> dict[str, Answer]:
        table = Table.from_text(bundle.files[file])
        own_names = {*FACTS.class_w, FACTS.fqdn}
        resolver = Resolver(table, own_names=own_names, local_mta=local_mta)
        return {address: resolver.resolve(address).answer for address in asked}

    return side("mailertable"), side("mailertable-fallback")


def managed(wanted: Intent) -> list[str]:
    return [item.key for item in wanted.objects if item.kind in ("virtual_domain", "local_host")]


class Case:
    """A push from one bundle to another, with answers that a test may spoil."""

    def __init__(self, live: Bundle | None, proposed: Bundle, *keys: str) -> None:
        self.live, self.proposed = live, proposed
        self.plan: Plan = make_plan(live, proposed)
        self.asked = addresses_to_ask(live, proposed, self.plan, keys)
        self.live_answers = sendmail(live, self.asked) if live else None
        self.staged_answers = sendmail(proposed, self.asked)

    def judge(self) -> Proof:
        live: tuple[Answers, Answers] | None = self.live_answers
        return judge(
            plan=self.plan,
            live_bundle=self.live,
            proposed_bundle=self.proposed,
            facts=FACTS,
            live_answers=live,
            staged_answers=self.staged_answers,
        )


def case(before: Intent | None, after: Intent) -> Case:
    live = None if before is None else render(before, FACTS)
    return Case(live, render(after, FACTS), *managed(after))


def test_changed_keys_managed_domains_and_strangers_are_asked() -> None:
    assert case(SEED, MORE).asked == (
        "probe@unknown.example",
        "probe@unknown.invalid",
        "postmaster",
        "probe@lists.example",
        "probe@probe.lists.example",
        "probe@demo.sympa.org",
        "probe@probe.demo.sympa.org",
        "probe@host.renater.fr",
        "probe@probe.host.renater.fr",
        "probe@jres.org",
        "probe@probe.jres.org",
        "probe@renater.fr",
        "probe@probe.renater.fr",
    )


def test_a_changed_suffix_asks_what_lies_below_it() -> None:
    live = intent(*SEED.objects, route(7, "x.a.fr", "esmtp", "[192.0.2.1]"))
    proposed = intent(*live.objects, route(8, ".fr", "esmtp", "[192.0.2.2]"))

    asked = case(live, proposed).asked

    assert {"probe@fr", "probe@probe.fr", "probe@x.a.fr", "probe@host.renater.fr"} <= set(asked)


def test_a_new_domain_is_one_explained_change() -> None:
    proof = case(SEED, MORE).judge()

    assert [(item.address, item.config, item.explained_by) for item in proof.differences] == [
        ("probe@lists.example", "primary", "lists.example"),
        ("probe@lists.example", "fallback", "lists.example"),
    ]
    assert (proof.unexplained, proof.disagreements, proof.blocks) == (0, (), ())
    assert (proof.destinations_changed, proof.planned) == (1, 1)
    assert proof.asked == 13


def test_a_change_that_nobody_planned_blocks() -> None:
    spoiled = case(SEED, MORE)
    spoiled.staged_answers[0]["probe@jres.org"] = ("esmtp", "[192.0.2.66]")

    proof = spoiled.judge()

    (difference,) = [item for item in proof.differences if not item.explained_by]
    assert (difference.address, difference.config) == ("probe@jres.org", "primary")
    assert proof.unexplained == 1
    assert len(proof.disagreements) == 1
    assert "probe@jres.org goes esmtp:[192.0.2.66] instead of esmtp:[127.0.0.1]" in proof.blocks[0]
    assert proof.destinations_changed == 2


def test_a_planned_change_that_did_not_happen_blocks() -> None:
    spoiled = case(SEED, MORE)
    spoiled.staged_answers[0]["probe@lists.example"] = ("esmtp", "[smtp1.renater.fr]")

    proof = spoiled.judge()

    assert [item.side for item in proof.disagreements] == ["staged"]
    assert len(proof.blocks) == 1


def test_a_silence_blocks() -> None:
    spoiled = case(SEED, MORE)
    assert spoiled.live_answers is not None
    del spoiled.live_answers[1]["probe@jres.org"]

    proof = spoiled.judge()

    (item,) = proof.disagreements
    assert (item.address, item.config, item.side, item.answered) == (
        "probe@jres.org",
        "fallback",
        "live",
        None,
    )
    assert "did not answer" in proof.blocks[0]


def test_no_answer_at_all_blocks() -> None:
    silent = case(None, SEED)
    silent.staged_answers = ({}, {})

    assert silent.judge().blocks != ()


def test_a_name_of_the_host_may_be_answered_together_with_another() -> None:
    own = case(SEED, intent(*SEED.objects, virtual(6, "listes.renater.fr")))
    for side in (*own.staged_answers, *(own.live_answers or ())):
        side.pop("probe@listes.renater.fr")

    proof = own.judge()

    assert proof.blocks == ()
    # The probe of the sub-domain is not one of the host's names, and no key decides otherwise.
    assert proof.planned == 0


def test_the_first_release_differs_from_nothing_and_is_still_checked() -> None:
    first = case(None, SEED)

    assert first.judge().blocks == ()
    assert first.judge().differences == ()
    first.staged_answers[0]["postmaster"] = ("local", "")
    assert len(first.judge().disagreements) == 1


def test_the_default_explains_every_address_that_it_routed() -> None:
    moved = intent(*(item for item in SEED.objects if item.key != "."), to_relay(5, ".", SMTP2))

    proof = case(SEED, moved).judge()

    assert {item.explained_by for item in proof.differences} == {"."}
    assert {item.config for item in proof.differences} == {"primary"}
    assert (proof.destinations_changed, proof.planned, proof.blocks) == (1, 1, ())


def test_a_moved_local_mta_explains_the_unqualified_name() -> None:
    moved = Case(render(SEED, FACTS), render(SEED, MOVED_MTA), *managed(SEED))

    proof = moved.judge()

    assert proof.blocks == ()
    assert LOCAL_MTA_CHANGED in {item.explained_by for item in proof.differences}


def test_a_domain_without_a_key_may_have_this_host_as_its_mx() -> None:
    ours = case(SEED, MORE)
    assert ours.live_answers is not None
    for answers in (ours.live_answers[1], ours.staged_answers[1]):
        answers["probe@probe.jres.org"] = ("esmtp", "[127.0.0.1]")

    assert ours.judge().blocks == ()
    ours.staged_answers[1]["probe@probe.jres.org"] = ("esmtp", "probe.jres.org.")
    assert ours.judge().unexplained == 1


def test_an_error_text_is_compared_without_its_blanks() -> None:
    closed = case(SEED, intent(*SEED.objects, route(6, "a.org", "error", "550 gone, see b.org")))
    for side in closed.staged_answers:
        side["probe@a.org"] = ("error", "gone,see b.org")

    assert closed.judge().blocks == ()


def test_a_proof_is_stored_as_plain_json() -> None:
    spoiled = case(SEED, MORE)
    spoiled.staged_answers[0].pop("probe@jres.org")

    data = json.loads(json.dumps(proof_to_json(spoiled.judge())))

    assert data["differences"][0]["staged"] == ["esmtp", "[127.0.0.1]"]
    assert data["disagreements"][0]["answered"] is None
    assert (data["asked"], data["unexplained"], len(data["blocks"])) == (13, 0, 1)


@given(st.tuples(intents(FEW_KEYS), intents(FEW_KEYS)))
def test_every_honest_answer_is_explained(pair: tuple[Intent, Intent]) -> None:
    proof = case(*pair).judge()

    assert proof.blocks == ()
    assert proof.destinations_changed <= len(make_plan(*(render(s, FACTS) for s in pair)).changes)


@given(st.tuples(intents(FEW_KEYS), intents(FEW_KEYS)), st.data())
def test_any_single_wrong_answer_blocks(pair: tuple[Intent, Intent], data: st.DataObject) -> None:
    spoiled = case(*pair)
    side = data.draw(st.sampled_from(spoiled.staged_answers))
    address = data.draw(st.sampled_from(spoiled.asked))
    side[address] = ("esmtp", "[198.51.100.1]")

    assert spoiled.judge().blocks != ()


@pytest.mark.parametrize(("length", "count"), [(243, 2), (244, 1), (KEY_LIMIT, 1)])
def test_an_address_that_sendmail_would_not_take_is_not_asked(length: int, count: int) -> None:
    label = "a" * 60
    name = ".".join([label] * 5)[: length - 4] + ".org"
    wanted = replace(SEED, objects=(virtual(1, name),), relay_targets=())
    plan = Plan((), 0, 1)

    asked = addresses_to_ask(None, render(wanted, FACTS), plan, [name])

    assert f"probe@{name}" in asked
    assert sum(address.endswith(name) for address in asked) == count
    assert all(len(address) <= 255 for address in asked)
