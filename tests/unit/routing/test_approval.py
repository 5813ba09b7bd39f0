"""Who may approve, the words in which they are told, and what an approval binds."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

import pytest

from routing.core.approval import PushPart, push_digest, why_not_approve, why_not_refuse
from routing.core.states import PushState

PART = PushPart("listes", "a" * 64, "b" * 64, "c" * 64)
ALLOWED: dict[str, Any] = {
    "person_id": "luc",
    "roles": {"approver"},
    "editor_ids": {"anne"},
    "proposer_id": "anne",
    "state": PushState.PROVED,
    "digest_shown": "a1b2c3d4e5",
    "digest_now": "a1b2c3d4e5",
}


def codes(**changed: Any) -> list[str]:
    return [reason.code for reason in why_not_approve(**(ALLOWED | changed))]


def text(**changed: Any) -> str:
    (reason,) = why_not_approve(**(ALLOWED | changed))
    return reason.text


def test_another_approver_may() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"roles": {"editor"}}, "role"),
        ({"roles": set()}, "role"),
        ({"person_id": "anne"}, "editor"),
        ({"editor_ids": set(), "person_id": "anne"}, "proposer"),
        ({"state": PushState.STAGING}, "state"),
        ({"state": PushState.FAILED}, "state"),
        ({"state": PushState.APPROVED}, "state"),
        ({"state": PushState.ACTIVE}, "state"),
        ({"digest_now": "ffff"}, "digest"),
        ({"digest_shown": "", "digest_now": ""}, "digest"),
        ({"guards": ["default_key"], "guards_acknowledged": False}, "guards"),
    ],
)
def test_each_rule_has_its_reason(changed: dict[str, Any], code: str) -> None:
    assert codes(**changed) == [code]


@pytest.mark.parametrize("state", [state for state in PushState if state is not PushState.PROVED])
def test_only_a_proved_push_is_approved(state: PushState) -> None:
    assert codes(state=state) == ["state"]


def test_every_reason_is_given_at_once() -> None:
    assert codes(
        person_id="anne",
        roles=set(),
        state=PushState.STAGING,
        digest_now="other",
        guards=["default_key"],
        guards_acknowledged=False,
    ) == ["state", "role", "editor", "guards", "digest"]


def test_one_postmaster_lifts_only_the_rule_of_the_second_person() -> None:
    assert codes(person_id="anne", one_postmaster=True) == []
    assert codes(person_id="anne", one_postmaster=True, digest_now="other") == ["digest"]
    assert codes(person_id="anne", one_postmaster=True, roles=set()) == ["role"]


def test_an_editor_is_told_what_they_edited_and_who_can() -> None:
    told = text(person_id="anne", edited=["jres.org"], could=["Luc Petit", "Anne Roy"])

    assert told == "You edited jres.org in it. Luc Petit or Anne Roy can approve."


def test_many_edits_and_nobody_else() -> None:
    names = ["a.org", "b.org", "c.org", "d.org", "e.org"]

    assert text(person_id="anne", edited=names) == (
        "You edited a.org, b.org, c.org and 2 more in it. Nobody else can approve yet."
    )
    assert text(person_id="anne", edited=names[:2]).startswith("You edited a.org and b.org in it.")


def test_a_proposer_without_edits_is_told_so() -> None:
    told = text(editor_ids=set(), person_id="anne", could=["Luc Petit"])

    assert told == "You proposed it. Luc Petit can approve."


def test_an_older_page_is_told_both_digests() -> None:
    assert text(digest_now="0f0f0f0f0f0f") == (
        "You saw a1b2c3d4, and this push is 0f0f0f0f now: approve nothing you have not seen."
    )


def test_an_approver_may_refuse_until_it_is_deployed() -> None:
    may = [s for s in PushState if not why_not_refuse(roles={"approver"}, state=s)]

    assert may == [
        PushState.PROPOSED,
        PushState.STAGING,
        PushState.PROVED,
        PushState.APPROVED,
    ]


def test_only_an_approver_refuses() -> None:
    (reason,) = why_not_refuse(roles={"editor"}, state=PushState.PROVED)

    assert (reason.code, reason.text) == ("role", "Only an approver can refuse it.")


def test_the_digest_is_stable() -> None:
    assert push_digest([PART]) == push_digest([replace(PART)])
    assert len(push_digest([PART])) == 64


@pytest.mark.parametrize(
    "field", ["host", "bundle_digest", "manifest_digest", "base_digest", "ground"]
)
def test_every_field_of_every_part_is_bound(field: str) -> None:
    assert push_digest([replace(PART, **{field: "x"})]) != push_digest([PART])


def test_a_push_from_before_the_ground_was_said_keeps_its_digest() -> None:
    parts = [{name: value for name, value in asdict(PART).items() if name != "ground"}]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    assert push_digest([PART]) == sha256(text.encode()).hexdigest()


def test_the_order_and_number_of_hosts_are_bound() -> None:
    other = replace(PART, host="smtp1")

    assert push_digest([PART, other]) != push_digest([other, PART])
    assert push_digest([PART, other]) != push_digest([PART])
    assert push_digest([]) != push_digest([PART])
