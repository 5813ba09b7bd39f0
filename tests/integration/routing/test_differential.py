"""Our resolver against real sendmail, on tables that nobody would write and somebody has.

Each table is built by makemap and asked through `sendmail -bv` with the rendered configuration.
Where our resolver gives an answer, sendmail must give the same; where it says that sendmail stops,
sendmail must give none. What it does not answer at all is counted, and bounded.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

import pytest

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from routing.core.bv import Answer, parse_bv
from routing.core.mailers import ERROR
from routing.core.render import render
from routing.core.resolve import BadAddress, Resolution, Resolver, Table, Why
from routing.core.table import candidates
from tests.fixtures.sandbox import AsHost
from tests.integration.routing.built import Built, facts_of
from tests.integration.routing.hostile import some_addresses, some_table
from tests.integration.routing.test_resolve_against_sendmail import some_intent

TABLES = 25
SHORT_RUNS = 1
LONG_RUNS = 40
ASKED_ALONE = 3
ADDRESSES = {"short": 200, "long": 1000}

RUNS = [("short", seed) for seed in range(SHORT_RUNS)] + [
    pytest.param("long", seed, marks=pytest.mark.long)
    for seed in range(SHORT_RUNS, SHORT_RUNS + LONG_RUNS)
]


class Asked(NamedTuple):
    """What our resolver says of one address."""

    address: str
    predicted: Resolution


@pytest.mark.parametrize(("form", "seed"), RUNS)
def test_our_resolver_says_what_sendmail_says(
    form: str,
    seed: int,
    host_dir: Callable[..., HostTree],
    sendmail_tools: SendmailTools,
    as_host: AsHost,
) -> None:
    tree = host_dir()
    facts = facts_of(tree, sendmail_tools, local_mta_port=2525)
    built = Built(tree, sendmail_tools, tree.routing / "releases" / "x", as_host)
    bundle = render(some_intent(1, default=True), facts)
    built.write(replace(bundle, files={**bundle.files, "mailertable": ""}))
    compared = refused = 0
    wrong: list[tuple[Asked, Answer | None, list[str]]] = []

    for number in range(TABLES):
        dice = random.Random(f"{seed}/{number}")  # repeatable on purpose
        table = some_table(dice)
        write_table(built, table)
        resolver = Resolver.of_host(Table(table), facts)
        asked, bad = predict(resolver, some_addresses(dice, table, ADDRESSES[form]))
        refused += bad
        predicted = [item for item in asked if item.predicted.is_predicted]
        answered, said = ask_all(built, predicted)
        compared += len(answered)
        for item in answered:
            if not same(item.predicted, said.get(item.address)):
                wrong.append((item, said.get(item.address), lines_for(table, item.address)))
        for item in stopped(asked)[:3]:
            if (answer := ask(built, [item.address]).get(item.address)) is not None:
                wrong.append((item, answer, lines_for(table, item.address)))

    assert wrong[:20] == []
    assert compared > TABLES * ADDRESSES[form] * 0.5
    assert refused < TABLES * ADDRESSES[form] * 0.1


def lines_for(table: dict[str, str], address: str) -> list[str]:
    """The lines that could decide, for the message of a failure."""
    name = address.rpartition("@")[2].lower().rstrip(".")
    return [f"{key} {table[key]}" for key in candidates(name) if key in table]


def write_table(built: Built, table: dict[str, str]) -> None:
    """The same paths again: nothing else reads this release."""
    text = "".join(f"{key}\t{value}\n" for key, value in table.items())
    (built.path / "mailertable").write_text(text)
    built.makemap("sympa", "mailertable")
    (built.path / "mailertable.db").chmod(0o644)


def predict(resolver: Resolver, addresses: Iterable[str]) -> tuple[list[Asked], int]:
    """The answers, and how many addresses were refused."""
    asked, refused = [], 0
    for address in addresses:
        try:
            asked.append(Asked(address, resolver.resolve(address)))
        except BadAddress:
            refused += 1
    return asked, refused


def stopped(asked: list[Asked]) -> list[Asked]:
    return [item for item in asked if item.predicted.why is Why.UNKNOWN_MAILER]


def ask(built: Built, addresses: Iterable[str]) -> dict[str, Answer]:
    waiting = list(addresses)
    if not waiting:
        return {}
    done = built.sendmail("sympa", "-bv", "--", *waiting)
    return dict(parse_bv((done.stdout + done.stderr).decode(), waiting))


def ask_all(built: Built, asked: list[Asked]) -> tuple[list[Asked], dict[str, Answer]]:
    """What was answered, and the answers.

    A value may send every address to one user; sendmail answers such recipients once. Of those
    that it left out, a few by each key are asked alone, the others are not counted.
    """
    said = ask(built, (item.address for item in asked))
    alone: dict[str, int] = defaultdict(int)
    kept = []
    for item in asked:
        if item.address not in said:
            alone[item.predicted.key] += 1
            if alone[item.predicted.key] > ASKED_ALONE:
                continue
            said |= ask(built, [item.address])
        kept.append(item)
    return kept, said


def same(predicted: Resolution, said: Answer | None) -> bool:
    if said is None or predicted.mailer != said[0]:
        return False
    if predicted.mailer == ERROR:
        return squash(predicted.host) == squash(said[1])
    return predicted.host == said[1]


def squash(text: str) -> str:
    """Blanks are sendmail's own, and a name in the text keeps the letters of the question."""
    return "".join(text.split()).lower()
