"""Rendering a table and compiling it, against plain `makemap hash` of the same lines.

    MAILADMIN_VAR=... .venv/bin/python -m bench.render [--lines 1000000] [--rounds 5]

No database: objects as values in, files and their digest out, then compiled as a mail host does.
Both sides take turns; what is compared is CPU time, so that other work on the machine does not
count.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from uuid import UUID

from deploy.sandbox.tools import find_tools
from routing.agent.releases import MAP_TYPE
from routing.apps import COLLECT_AFTER
from routing.core.bundle import Bundle
from routing.core.intent import Intent, ObjectKind, RelayTarget, RoutingObject
from routing.core.mc import PRIMARY
from routing.core.render import render
from tests.unit.routing.values import FACTS

RELAY = RelayTarget(UUID(int=1), "smtp1", ("smtp1.renater.fr",))


def some_intent(lines: int) -> Intent:
    """Virtual domains, a tenth of them routes to the relay target, in key order."""
    found = []
    for number in range(lines):
        is_route = number % 10 == 0
        kind = ObjectKind.ROUTE if is_route else ObjectKind.VIRTUAL_DOMAIN
        key = f"liste{number * 2_654_435_761 % 4_294_967_296:08x}.org{number % 997}.example"
        relay = RELAY.id if is_route else None
        found.append(RoutingObject(UUID(int=number + 10), kind, key, relay_target=relay))
    found.sort(key=lambda item: item.key)
    return Intent(FACTS.name, tuple(found), (RELAY,))


def compiled(makemap: Path, kind: str, text: bytes, place: Path) -> None:
    """One run of makemap, with an empty configuration."""
    argv = [makemap, "-C", place.with_name("none.cf"), kind, place]
    subprocess.run(argv, input=text, check=True, stdout=subprocess.DEVNULL)


def seconds(act: Callable[[], object]) -> float:
    """Of CPU, with that of the programs it starts."""
    began = spent_until_now()
    act()
    return spent_until_now() - began


def spent_until_now() -> float:
    """Seconds of CPU of this process and of all that it started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def digested(intent: Intent) -> Bundle:
    """The bundle, and its digest once."""
    bundle = render(intent, FACTS)
    assert bundle.digest
    return bundle


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)
    var = Path(os.environ["MAILADMIN_VAR"])
    makemap, intent = find_tools(var / "tools").makemap, some_intent(options.lines)
    text = digested(intent).files[PRIMARY.table].encode()
    spent: dict[str, list[float]] = {"render": [], MAP_TYPE: [], "hash": [], "btree": []}
    with tempfile.TemporaryDirectory(dir=var, prefix="bench-") as name:
        place = Path(name) / "table"
        place.with_name("none.cf").touch()
        for _ in range(options.rounds):
            spent["render"].append(seconds(partial(digested, intent)))
            for kind in {MAP_TYPE, "hash", "btree"}:
                spent[kind].append(seconds(partial(compiled, makemap, kind, text, place)))
    found = {name: median(values) for name, values in spent.items()}
    ours = found["render"] + found[MAP_TYPE]
    print(f"{options.lines} lines, {len(text) >> 20} MiB, {options.rounds} rounds, seconds of CPU")
    print(f"render {found['render']:.2f}, makemap {MAP_TYPE} {found[MAP_TYPE]:.2f}")
    print(f"makemap hash {found['hash']:.2f}, ours in its terms {ours / found['hash']:.2f}")
    print(f"makemap btree {found['btree']:.2f}, ours in its terms {ours / found['btree']:.2f}")


if __name__ == "__main__":
    main()
