"""How fast our resolver answers, against `sendmail -bv` with many addresses in one process.

    MAILADMIN_VAR=... .venv/bin/python -m bench.resolver [--lines 100000] [--rounds 5]

Both answer the same addresses by the same table, in turns. What is compared is CPU time, so that
other work on the machine does not count. Starting sendmail, and reading the text of the table, are
left out of both: the time of one address is taken from the time of all.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from deploy.sandbox.hosts import HostTree, make_host, sandbox_users
from deploy.sandbox.tools import find_tools
from routing.core.bv import Answer, parse_bv
from routing.core.intent import make_intent
from routing.core.render import render
from routing.core.resolve import Resolver, Table
from tests.integration.routing.built import Built, facts_of

AT_ONCE = 10_000
LOCAL = "esmtp:[127.0.0.1]"
RELAY = "esmtp:[smtp1.renater.fr]"


def run_there(
    tree: HostTree, user: str, *argv: str | Path, stdin: bytes = b"", seconds: float = 600
) -> subprocess.CompletedProcess[bytes]:
    """A program on the sandboxed host."""
    return subprocess.run(
        tree.command(user, argv), input=stdin, capture_output=True, timeout=seconds, check=False
    )


def some_lines(count: int) -> dict[str, str]:
    """A table of that many lines: domains of lists, a few suffixes, and the dot."""
    lines = {f"liste{number}.example.org": LOCAL for number in range(count - 11)}
    return lines | {f".zone{number}.example": RELAY for number in range(10)} | {".": RELAY}


def some_addresses(lines: int, dice: random.Random) -> list[str]:
    """As many addresses as one process takes: half of them of a line, the others of none."""
    known = [f"user{n}@liste{dice.randrange(lines)}.example.org" for n in range(AT_ONCE // 2)]
    below = [f"user{n}@a.b.zone{n % 10}.example" for n in range(AT_ONCE // 4)]
    other = [f"user{n}@site{n}.example.net" for n in range(AT_ONCE - AT_ONCE // 4 * 3)]
    return [*known, *below, *other]


def cpu_of_children() -> float:
    """CPU seconds of every process that was started and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds_of_sendmail(built: Built, addresses: Sequence[str]) -> tuple[float, dict[str, Answer]]:
    """The time of one process, and what it said."""
    began = cpu_of_children()
    done = built.sendmail("sympa", "-bv", *addresses)
    spent = cpu_of_children() - began
    return spent, dict(parse_bv(done.stdout.decode(), addresses))


def seconds_of_ours(table: Table, built: Built, addresses: Sequence[str]) -> float:
    """The time of a resolver that is made for these addresses."""
    facts = facts_of(built.tree, built.tools)
    began = time.process_time()
    resolver = Resolver.of_host(table, facts)
    for address in addresses:
        resolver.resolve(address)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    var = Path(os.environ["MAILADMIN_VAR"])
    with tempfile.TemporaryDirectory(dir=var, prefix="bench-") as place:
        Path(place).chmod(0o755)
        measure(Path(place), var / "tools", options.lines, options.rounds)


def measure(place: Path, tools_root: Path, count: int, rounds: int) -> None:
    """Build the table, let both answer in turns, compare, print."""
    tools, users = find_tools(tools_root), sandbox_users()
    tree = make_host(place / "h", "listes.renater.fr", {"smtp1.renater.fr": "127.0.0.1"}, users)
    built = Built(tree, tools, tree.routing / "releases" / "x", run_there)
    facts = facts_of(tree, tools)
    bundle = render(make_intent("listes", {}, {}), facts)
    lines = some_lines(count)
    text = "".join(f"{key}\t{value}\n" for key, value in sorted(lines.items()))
    built.write(replace(bundle, files={**bundle.files, "mailertable": text}))
    table, addresses = Table(lines), some_addresses(count - 11, random.Random(1))

    theirs, ours, resolver = list[float](), list[float](), Resolver.of_host(table, facts)
    for _ in range(rounds):
        start, _said = seconds_of_sendmail(built, addresses[:1])
        spent, said = seconds_of_sendmail(built, addresses)
        theirs.append((spent - start) / len(addresses))
        ours.append(seconds_of_ours(table, built, addresses) / len(addresses))
    wrong = [text for text in addresses if said.get(text) != resolver.resolve(text).answer]
    print(f"{count} lines, {len(addresses)} addresses, {rounds} rounds, {len(wrong)} disagreements")
    print(f"sendmail -bv   {median(theirs) * 1e6:8.2f} microseconds of CPU an address")
    print(f"our resolver   {median(ours) * 1e6:8.2f} microseconds of CPU an address")
    print(f"ratio          {median(theirs) / median(ours):8.1f}")


if __name__ == "__main__":
    main()
