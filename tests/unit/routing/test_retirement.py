"""The steps of retiring a domain, read from its object, and the text that refuses its mail."""

from __future__ import annotations

from uuid import UUID

import pytest

from routing.core.intent import ObjectKind, RoutingObject
from routing.core.retirement import (
    ORDER,
    WORDS,
    RetireStep,
    check_words,
    read_refusal,
    refusal,
    step_after,
    step_before,
    step_of,
)

DOMAIN = RoutingObject(UUID(int=1), ObjectKind.VIRTUAL_DOMAIN, "jres.org")
REFUSED = RoutingObject(
    UUID(int=1), ObjectKind.ROUTE, "jres.org", mailer="error", next_hop="5.1.6:550 moved"
)
ROUTED = RoutingObject(UUID(int=1), ObjectKind.ROUTE, "jres.org", mailer="esmtp", next_hop="[a.b]")


@pytest.mark.parametrize(
    ("item", "retiring", "step"),
    [
        (DOMAIN, False, RetireStep.MANAGED),
        (DOMAIN, True, RetireStep.DRAINING),
        (REFUSED, True, RetireStep.REJECTING),
        (None, True, RetireStep.GONE),
        (ROUTED, True, None),
    ],
)
def test_the_step_is_read_from_the_object(
    item: RoutingObject | None, retiring: bool, step: RetireStep | None
) -> None:
    assert step_of(item, retiring=retiring) is step


def test_there_is_a_way_on_and_back_between_all_steps() -> None:
    assert [step_after(step) for step in ORDER] == [*ORDER[1:], None]
    assert [step_before(step) for step in ORDER] == [None, *ORDER[:-1]]
    assert (step_before(None), step_after(None)) == (RetireStep.DRAINING, RetireStep.REJECTING)


def test_what_was_written_is_read_back() -> None:
    text = refusal("5.1.2", "  There is   no such domain ")
    assert text == "5.1.2:550 There is no such domain"
    assert read_refusal(text) == ("5.1.2", "There is no such domain")
    for other in ("", "nohost:550 x", "5.7.9:550 x", "4.7.1:450 later"):
        assert read_refusal(other) == ("5.1.6", WORDS)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('say "no"', "error_characters"),
        ("gone (x)", "error_characters"),
        ("fermé", "error_characters"),
        ("100% gone", "error_characters"),
        ("   ", "error_text_missing"),
        ("5.1.1 gone", "error_code"),
        ("x" * 201, "words_long"),
    ],
)
def test_words_that_sendmail_would_not_say_are_refused_with_their_field(
    words: str, code: str
) -> None:
    findings = check_words(words)
    assert {finding.code for finding in findings} == {code}
    assert {finding.field for finding in findings} == {"words"}


@pytest.mark.parametrize("words", [WORDS, "It's at lists.example.org; ask a@b.org", "5 years ago"])
def test_plain_words_are_fine(words: str) -> None:
    assert check_words(words) == ()
