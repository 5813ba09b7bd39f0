"""The difference of two versions of a table, against diff(1).

    .venv/bin/python -m bench.diff [--lines 1000000] [--changes 300] [--rounds 5]

`plan` is what a push page tells of each key, read from the two texts; `file view` are the lines as
the page of a file shows them. Each reads its texts from files, as diff(1)
does. What is compared is CPU time.
"""

from __future__ import annotations

import argparse
import gc
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from routing.apps import COLLECT_AFTER
from routing.core.bundle import Bundle
from routing.core.diff import diff_texts
from routing.core.plan import make_plan

LOCAL = "esmtp:[127.0.0.1]"
RELAY = "esmtp:[smtp1.renater.fr]"


def two_versions(lines: int, changes: int) -> tuple[dict[str, str], dict[str, str]]:
    """A third of the changes each: a line more, a line less, another value."""
    before = {f"liste{number:08}.example.org": LOCAL for number in range(lines - 1)} | {".": RELAY}
    after, step = dict(before), max(1, lines // (changes + 1))
    for number in range(changes):
        key = f"liste{number * step:08}.example.org"
        match number % 3:
            case 0:
                del after[key]
            case 1:
                after[key] = RELAY
            case _:
                after[f"new-{key}"] = LOCAL
    return before, after


def text_of(lines: dict[str, str]) -> str:
    """As a table is written."""
    return "".join(f"{key}\t{value}\n" for key, value in sorted(lines.items()))


def planned(old: Path, new: Path) -> int:
    """How many keys change."""
    sides = (Bundle("listes", {"mailertable": path.read_text()}, {}) for path in (old, new))
    return len(make_plan(*sides).changes)


def viewed(old: Path, new: Path) -> int:
    """How many lines are more or less."""
    found = diff_texts("mailertable", old.read_text(), new.read_text())
    return found.added + found.removed


def by_diff(old: Path, new: Path) -> int:
    """The same by diff(1)."""
    done = subprocess.run(["diff", old, new], capture_output=True, check=False)
    return sum(line[:1] in (b"<", b">") for line in done.stdout.split(b"\n"))


def seconds(act: Callable[[Path, Path], int], old: Path, new: Path, wanted: int) -> float:
    """Of CPU, with that of the program it starts; the answer must be right."""
    began = spent_until_now()
    found = act(old, new)
    spent = spent_until_now() - began
    assert found == wanted, (act, found, wanted)
    return spent


def spent_until_now() -> float:
    """Seconds of CPU of this process and of all that it started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)
    before, after = two_versions(options.lines, options.changes)
    keys = {key for key, _ in before.items() ^ after.items()}
    lines = len(before.items() ^ after.items())
    acts = {"diff(1)": (by_diff, lines), "plan": (planned, len(keys)), "file view": (viewed, lines)}
    spent: dict[str, list[float]] = {name: [] for name in acts}
    with tempfile.TemporaryDirectory() as place:
        old, new = Path(place) / "old", Path(place) / "new"
        old.write_text(text_of(before))
        new.write_text(text_of(after))
        for _ in range(options.rounds):
            for name, (act, wanted) in acts.items():
                spent[name].append(seconds(act, old, new, wanted))
    theirs = median(spent["diff(1)"])
    print(f"{options.lines} lines, {lines} differ, {options.rounds} rounds, seconds of CPU")
    for name, values in spent.items():
        print(f"{name:<10}{median(values):8.2f}{median(values) / theirs:8.2f} of diff(1)")


if __name__ == "__main__":
    main()
