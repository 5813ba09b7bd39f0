"""What a sender is told by real sendmail when mail for a retired domain is refused."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from routing.core.error_values import shown_text
from routing.core.intent import ObjectKind, RoutingObject, make_intent
from routing.core.mailertable import format_mailertable
from routing.core.render import render
from routing.core.retirement import REASONS, WORDS, WORDS_LIMIT, check_words, refusal
from tests.fixtures.sandbox import AsHost
from tests.integration.routing.built import CONFIGS, Built, facts_of

SAID = (
    WORDS,
    "This domain has moved to lists.example.org",
    "Moved: see http://a.example/moved?from=x&to=y#1 or ask a-b+c_d@example.org; it's closed!",
    "a, b; c: d. e / f = g & h - i + j",
    "5 years ago: 550 people",
    "550 people have moved",
    "error:550 relay:x",
    "x@y",
    "x" * WORDS_LIMIT,
)
"""Every kind of sign that may be written."""
GARBLED = (
    '"quoted" words',
    "words (a comment)",
    "a <b> c",
    "a \\ b",
    "50%1 off",
    "5.1.1 gone",
    "4.2.0 gone",
)
"""What `check_words` refuses because sendmail says something else, or gives another code."""


@pytest.fixture
def table(
    host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools, as_host: AsHost
) -> Callable[[dict[str, str]], Built]:
    """Build a release with one error line for each key, whatever its text."""

    def built(lines: dict[str, str]) -> Built:
        tree = host_dir()
        closed = RoutingObject(
            UUID(int=1), ObjectKind.ROUTE, "a.example", mailer="error", next_hop="closed"
        )
        intent = make_intent("listes", {closed.id: closed}, {})
        plain = render(intent, facts_of(tree, sendmail_tools))
        # Rendering refuses what is garbled; makemap does not.
        text = format_mailertable(f"{key}\terror:{said}\n" for key, said in lines.items())
        tables = dict.fromkeys(CONFIGS.values(), text)
        bundle = replace(plain, files={**plain.files, **tables})
        path = tree.routing / "releases" / bundle.digest
        made = Built(tree, sendmail_tools, path, as_host)
        made.write(bundle)
        return made

    return built


def told(built: Built, name: str, keys: list[str]) -> dict[str, str]:
    """The reply to RCPT for each key, as an SMTP session of this configuration gives it."""
    rcpt = "".join(f"RCPT TO:<list@{key}>\r\n" for key in keys)
    script = f"MAIL FROM:<>\r\n{rcpt}QUIT\r\n".encode()
    cf = built.path / f"{name}.cf"
    # It refuses a client that speaks before it has greeted, or goes on before EHLO is answered.
    client = "sleep 0.5; printf 'EHLO client.example\\r\\n'; sleep 0.5; cat"
    session = f"({client}) | exec {built.tools.sendmail} -C {cf} -bs"
    done: subprocess.CompletedProcess[bytes] = built.as_host(
        built.tree, built.tree.users.spool, "/bin/sh", "-c", session, stdin=script
    )
    found = re.findall(rb"(?m)^(\d{3} [^\r\n]*?)<list@([^>]+)>\.\.\. ([^\r\n]*)", done.stdout)
    return {key.decode(): (code + words).decode() for code, key, words in found}


@pytest.mark.parametrize("name", CONFIGS)
def test_sendmail_gives_the_code_and_the_words_that_were_written(
    table: Callable[[dict[str, str]], Built], name: str
) -> None:
    lines = {
        f"n{n}.{status.replace('.', '-')}.example": refusal(status, words)
        for status in REASONS
        for n, words in enumerate(SAID)
    }
    said = told(table(lines), name, list(lines))
    assert set(said) == set(lines)
    for key, text in lines.items():
        status = text.partition(":")[0]
        assert check_words(shown_text(text)) == ()
        assert said[key].startswith(f"550 {status} "), said[key]
        words = said[key].removeprefix(f"550 {status} ")
        assert words.replace(" ", "") == shown_text(text).replace(" ", "")


def test_what_is_refused_would_be_garbled(table: Callable[[dict[str, str]], Built]) -> None:
    lines = {f"n{n}.example": refusal("5.1.6", words) for n, words in enumerate(GARBLED)}
    said = told(table(lines), "sympa", list(lines))
    whole = {key: f"550 5.1.6 {words}" for key, words in zip(lines, GARBLED, strict=True)}
    assert [words for words in GARBLED if not check_words(words)] == []
    assert [key for key in lines if said.get(key) == whole[key]] == []
    assert said["n5.example"] == "550 5.1.1 gone"
