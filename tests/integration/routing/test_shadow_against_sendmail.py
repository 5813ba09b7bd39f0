"""What is said of a line is what real sendmail does with the line and without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from routing.core.bv import Answer
from routing.core.intent import make_intent
from routing.core.render import render
from routing.core.shadow import Judge, Standing
from tests.fixtures.sandbox import AsHost
from tests.integration.routing.built import Built, facts_of

RELAY = "esmtp:[smtp1.renater.fr]"
LOCAL = "esmtp:[127.0.0.1]"
TABLE = {
    ".": RELAY,
    ".closed.org": "error:5.7.1:550 closed",
    ".in.org": LOCAL,
    ".plain.org": RELAY,
    "*.star.org": LOCAL,
    "[192.0.2.9]": LOCAL,
    "a.in.org": LOCAL,
    "b.in.org": RELAY,
    "bare.org": "[192.0.2.1]",
    "c.closed.org": "error:5.7.1:550 closed",
    "d.plain.org": RELAY,
    "jres.org": LOCAL,
    "listes.renater.fr": RELAY,
    "other.org": RELAY,
    "two..dots.org": LOCAL,
}
EXPECTED = {
    ".": Standing.EFFECTIVE,
    ".closed.org": Standing.EFFECTIVE,
    ".in.org": Standing.EFFECTIVE,
    ".plain.org": Standing.REDUNDANT,
    "*.star.org": Standing.UNREACHABLE,
    "[192.0.2.9]": Standing.UNREACHABLE,
    "a.in.org": Standing.REDUNDANT,
    "b.in.org": Standing.EFFECTIVE,
    "bare.org": Standing.PASSED_OVER,
    "c.closed.org": Standing.REDUNDANT,
    "d.plain.org": Standing.REDUNDANT,
    "jres.org": Standing.EFFECTIVE,
    "listes.renater.fr": Standing.SHADOWED,
    "other.org": Standing.REDUNDANT,
    "two..dots.org": Standing.UNREACHABLE,
}
NAMES = [key for key in TABLE if key[0] not in ".*[" and ".." not in key]
ASKED = [
    "p@any.example",
    *(f"p@{below}{name}" for name in NAMES for below in ("", "x.")),
    *(f"p@{below}{key}" for key in TABLE if key[0] == "." != key for below in ("x", "x.y")),
    "p@x.star.org",
    "p@[192.0.2.9]",
]


def test_sendmail_misses_the_lines_that_are_effective_and_no_other(
    host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools, as_host: AsHost
) -> None:
    tree = host_dir()
    facts = facts_of(tree, sendmail_tools)
    bundle = render(make_intent("listes", {}, {}), facts)

    def ask(table: Mapping[str, str]) -> Mapping[str, Answer]:
        text = "".join(f"{key}\t{value}\n" for key, value in sorted(table.items()))
        written = replace(bundle, files={**bundle.files, "mailertable": text})
        built = Built(tree, sendmail_tools, tree.routing / "releases" / written.digest, as_host)
        built.write(written)
        return built.answers("sympa", ASKED)

    judged = {line.key: line.standing for line in Judge([TABLE], facts).every()}
    assert judged == EXPECTED
    with_all = ask(TABLE)
    assert len(with_all) == len(ASKED)
    missed = {
        key
        for key in TABLE
        if ask({other: value for other, value in TABLE.items() if other != key}) != with_all
    }
    assert missed == {key for key, what in EXPECTED.items() if what is Standing.EFFECTIVE}
