"""What may stand after `error:`, and what sendmail shows of it."""

from __future__ import annotations

import pytest

from routing.core.error_values import check_error_text, shown_text


@pytest.mark.parametrize(
    "text",
    [
        "5.7.1:550 This domain is closed",
        "4.7.1:450 Try again later",
        "550 5.7.1 No such list",
        "no such host",
        "nohost:550 no such host",
        "5.7.1:550 See http://renater.fr/closed?x=1, or ask a@renater.fr; it's #1!",
    ],
)
def test_words_with_and_without_codes_are_fine(text: str) -> None:
    assert check_error_text(text) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5.7.1:550 see (below)", "error_characters"),
        ('5.7.1:550 say "no"', "error_characters"),
        ("5.7.1:550 100% full", "error_characters"),
        ("5.7.1:550 <x>", "error_characters"),
        ("5.7.1:550 a\\b", "error_characters"),
        ("5.7.1:550 fermé", "error_characters"),
        ("5.7.1:550 ", "error_text_missing"),
        ("", "error_text_missing"),
        ("2.0.0:250 fine", "error_code"),
        ("5.7.1:450 both", "error_code"),
        ("4.7.1:550 both", "error_code"),
        ("5.1.1 gone away", "error_code"),
        ("5.7.1:5.7.1 gone away", "error_code"),
        ("451 4.7.1 later", "error_code"),
    ],
)
def test_what_sendmail_would_garble_is_refused(text: str, code: str) -> None:
    findings = check_error_text(text, field="next_hop")

    assert [finding.code for finding in findings] == [code]
    assert findings[0].field == "next_hop"


def test_all_faults_of_one_text_are_named() -> None:
    assert [finding.code for finding in check_error_text("5.7.1:450 (x)")] == [
        "error_characters",
        "error_code",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("5.7.1:550 go away now", "go away now"),
        ("nohost:no such host", "no such host"),
        ("go away", "go away"),
        ("550 5.7.1 go away", "go away"),
        ("5.7.1:550 5.7.9 twice", "twice"),
        ("hold on: wait", "hold on: wait"),
        ("5.1.1 go away", "5.1.1 go away"),
        ("tempfail:450 x y", "x y"),
    ],
)
def test_the_codes_are_not_shown(value: str, shown: str) -> None:
    assert shown_text(value) == shown
