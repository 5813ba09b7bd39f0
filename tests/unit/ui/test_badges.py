from __future__ import annotations

from tablericons.templatetags.tablericons import icon

from mailadmin.ui.badges import DNS, FAMILIES, ICONS, PUSH, RELAY, TARGET, badge_of
from routing.core.dns.judge import Mark
from routing.core.states import PushState, TargetState
from spools.core.health import RelayState

# As people were told: what waits for somebody is amber, what went wrong is red, what moves is blue.
PUSH_KINDS = {
    "work": {"staging", "deploying"},
    "warn": {"proposed", "proved", "approved"},
    "ok": {"active"},
    "bad": {"refused", "stopped", "failed"},
    "unk": {"superseded", "expired", "given_up"},
}
TARGET_KINDS = {
    "unk": {"pending", "given_up"},
    "work": {"staged", "activated"},
    "ok": {"confirmed"},
    "bad": {"reverted", "failed", "unreachable"},
}


def test_every_state_of_a_push_has_a_badge_and_no_badge_is_left_over() -> None:
    assert set(PUSH) == {state.value for state in PushState}


def test_every_state_of_a_push_target_has_a_badge_and_no_badge_is_left_over() -> None:
    assert set(TARGET) == {state.value for state in TargetState}


def test_each_state_has_the_kind_that_it_was_promised() -> None:
    assert {s: k for k, names in PUSH_KINDS.items() for s in names} == {
        state: badge.kind for state, badge in PUSH.items()
    }
    assert {s: k for k, names in TARGET_KINDS.items() for s in names} == {
        state: badge.kind for state, badge in TARGET.items()
    }


def test_every_state_of_a_relay_has_a_badge_and_no_badge_is_left_over() -> None:
    assert set(RELAY) == {state.value for state in RelayState}


def test_every_badge_has_a_word_and_an_icon_that_exists() -> None:
    for family in FAMILIES.values():
        for badge in family.values():
            assert badge.word
            assert badge.icon == ICONS[badge.kind] or badge is RELAY["maintenance"]
            assert icon(f"outline/{badge.icon}", size=14).startswith("<svg")


def test_a_state_may_be_given_as_the_enum() -> None:
    assert badge_of("push", PushState.STAGING).word == "Staging"


def test_the_dns_has_a_badge_for_each_mark_new_and_old() -> None:
    states = {*(mark.value for mark in Mark), "warn"}

    assert {*DNS} == {*states, *(f"was_{state}" for state in states), "found", "missing"}
    assert {DNS[f"was_{state}"].kind for state in states} == {"unk"}
