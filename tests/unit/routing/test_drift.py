"""What drift is called, and what a page says that it does to mail."""

from __future__ import annotations

import pytest

from routing.core.drift import (
    AS_BEFORE,
    AS_CHANGED,
    LAST_RESORT,
    SPOOLED,
    meanwhile,
    what_differs,
)


def item(file: str, code: str, mode: str = "") -> dict[str, str]:
    return {"file": file, "code": code, "text": "…"} | ({"mode": mode} if mode else {})


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([item("release ab12cd34", "gone")], LAST_RESORT),
        ([item("sympa.cf", "removed")], LAST_RESORT),
        ([item("sympa.cf", "kind")], LAST_RESORT),
        ([item("sympa.cf", "mode", "0600")], LAST_RESORT),
        ([item("release ab12cd34", "mode", "0700")], LAST_RESORT),
        ([item("release ab12cd34", "mode", "0754")], LAST_RESORT),
        ([item("mailertable.db", "removed")], SPOOLED),
        ([item("mailertable.db", "mode", "0640")], SPOOLED),
        ([item("mailertable.db", "keys")], AS_CHANGED),
        ([item("sympa.cf", "edited")], AS_CHANGED),
        ([item("mailertable.db", "bytes")], AS_BEFORE),
        ([item("mailertable.db", "mode", "0666")], AS_BEFORE),
        ([item("mailertable", "edited")], AS_BEFORE),
        ([item("mailertable-fallback.db", "removed")], AS_BEFORE),
        ([item("release ab12cd34", "mode", "0777")], AS_BEFORE),
        ([item("mailertable.db", "keys"), item("sympa.cf", "removed")], LAST_RESORT),
        ([item("notes", "added"), item("mailertable.db", "keys")], AS_CHANGED),
        # As an older agent says it.
        ([{"file": "mailertable", "text": "was edited"}], AS_BEFORE),
    ],
)
def test_the_worst_that_happens_to_mail_is_said(items: list[dict[str, str]], said: str) -> None:
    assert meanwhile(items) == said


def test_the_sentence_names_the_host_and_what_differs() -> None:
    gone = what_differs("listes", [item("release ab12cd34", "gone")])
    assert gone == "The live release of listes is gone from the host."
    modes = what_differs("listes", [item("b", "mode", "0600"), item("a", "owner")])
    assert modes == "Modes or owners on listes were changed by hand: a, b."
    both = what_differs("listes", [item("b", "mode", "0600"), item("a", "edited")])
    assert both == "Files of listes were edited by hand: a, b."
    assert "does not remember" in what_differs("listes", [item("release ab", "forgotten")])
