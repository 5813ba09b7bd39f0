"""What a look through a spool costs, against `mailq` on the same spool.

    MAILADMIN_VAR=... .venv/bin/python -m bench.spool_scan [--messages N] [--rounds N] [--cold N]

Both in turns. `mailq` and the first scan are processes of their own; the scans that carry on are in
this one, as in an agent. Cold drops the machine's page cache, as root only.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from deploy.sandbox.hosts import make_host, sandbox_users
from deploy.sandbox.tools import find_tools
from spools.agent.spool_scan import SpoolScan
from spools.core.queue_file import read_queue_file
from tests.fixtures.queue_files import fill
from tests.integration.spools.mail_queue import Queue, make_queue

CHECKOUT = Path(__file__).resolve().parents[1]
POLL_S = 30
SMALL_SPOOLS, SMALL = 200, 1_000
# A process begins with the memory of the one that starts it, so a small one does and tells.
LAUNCH = """
import resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.run(sys.argv[1:]).returncode
seconds, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.write(f"\\n{seconds} {used.ru_utime + used.ru_stime} {used.ru_maxrss}")
sys.exit(code)
"""
DROP_CACHES = Path("/proc/sys/vm/drop_caches")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on the clock and of CPU, and the most memory of one process in MiB."""

    seconds: float
    cpu: float
    peak: float


def process(argv: list[str], expected: int, pattern: str) -> Cost:
    """Run it to its end; what it counts must be what is there."""
    launch = [sys.executable, "-S", "-c", LAUNCH, *argv]
    done = subprocess.run(launch, capture_output=True, check=True)
    found = re.search(pattern, done.stdout[-400:].decode())
    assert found and int(found[1]) == expected, (argv, found)
    seconds, cpu, peak = map(float, done.stderr.split()[-3:])
    return Cost(seconds, cpu, peak / 1024)


def here(act: Callable[[], object]) -> Cost:
    """What it takes in this process and its children."""
    wall, cpu = time.perf_counter(), _cpu()
    act()
    return Cost(time.perf_counter() - wall, _cpu() - cpu, 0)


def _cpu() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


def middle(costs: list[Cost]) -> Cost:
    return Cost(*(median(getattr(cost, name) for cost in costs) for name in Cost.__slots__))


def line(name: str, cost: Cost, mailq: Cost) -> None:
    """One row: how often it goes into a mailq, by the clock and by CPU."""
    seconds, cpu = mailq.seconds / cost.seconds, mailq.cpu / max(cost.cpu, 1e-6)
    peak = f"{cost.peak:6.0f} MiB" if cost.peak else ""
    print(
        f"{name:24} {1000 * cost.seconds:10.1f} ms {1000 * cost.cpu:10.1f} ms of CPU"
        f" {seconds:9.1f} {cpu:9.1f} {peak}"
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """A spool of so many messages and a host whose sendmail has it."""

    queue: Queue
    messages: int
    dice: random.Random

    def mailq(self) -> Cost:
        return process(self.queue.command("-bp"), self.messages, r"Total requests: (\d+)")

    def first_scan(self) -> Cost:
        return self._once("scan")

    def count(self) -> Cost:
        return self._once("count")

    def _once(self, how: str) -> Cost:
        """As the same user, on the same host."""
        python = ["/usr/bin/env", f"--chdir={CHECKOUT}", sys.executable, "-m", "bench.scan_once"]
        tree = self.queue.tree
        argv = tree.command(tree.users.spool, [*python, how, self.queue.path])
        return process(argv, self.messages, r"^(\d+)$")

    def retry(self, share: float) -> None:
        """sendmail writes another file and renames it."""
        names = [entry.name for entry in os.scandir(self.queue.path) if entry.name[:2] == "qf"]
        for name in self.dice.sample(names, int(len(names) * share)):
            fresh = self.queue.path / f"tf{name[2:]}"
            lines = (self.queue.path / name).read_bytes().split(b"\n")
            last_try = b"K%d" % (1_790_500_000 + self.dice.randrange(100_000))
            fresh.write_bytes(b"\n".join([*lines[:2], last_try, *lines[3:]]))
            fresh.rename(self.queue.path / name)

    def warm(self, rounds: int) -> None:
        """G1 and G3."""
        time.sleep(3)
        scan = SpoolScan(self.queue.path)
        scan.scan(at=int(time.time()))
        found = defaultdict[str, list[Cost]](list)
        for _ in range(rounds):
            found["mailq"].append(self.mailq())
            found["first"].append(self.first_scan())
            found["count"].append(self.count())
            self.retry(0.01)
            found["churn"].append(here(lambda: scan.scan(at=int(time.time()))))
            time.sleep(3)
            scan.scan(at=int(time.time()))
            found["unchanged"].append(here(lambda: scan.scan(at=int(time.time()))))
        mailq = middle(found["mailq"])
        line("mailq", mailq, mailq)
        line("first scan", middle(found["first"]), mailq)
        line("count by names", middle(found["count"]), mailq)
        line("1 % tried again", middle(found["churn"]), mailq)
        line("nothing changed", middle(found["unchanged"]), mailq)

    def cold(self, rounds: int) -> None:
        """G2."""
        found = defaultdict[str, list[Cost]](list)
        measures = {"mailq": self.mailq, "first": self.first_scan, "count": self.count}
        for _ in range(rounds):
            for name, measure in measures.items():
                os.sync()
                DROP_CACHES.write_text("3")
                found[name].append(measure())
        mailq = middle(found["mailq"])
        line("mailq, cold", mailq, mailq)
        line("first scan, cold", middle(found["first"]), mailq)
        line("count by names, cold", middle(found["count"]), mailq)


def many_small(directory: Path, rounds: int) -> None:
    """G4: a round through many spools in which nothing happened."""
    spools = [directory / f"s{number}" for number in range(SMALL_SPOOLS)]
    for number, spool in enumerate(spools):
        fill(spool, SMALL, seed=number)
    scans = [SpoolScan(spool) for spool in spools]
    for scan in scans:
        scan.scan(at=int(time.time()))
    time.sleep(3)
    for scan in scans:
        scan.scan(at=int(time.time()))

    def carried_on() -> None:
        for scan in scans:
            scan.scan(at=int(time.time()))

    def naive() -> None:
        for path in (path for spool in spools[:20] for path in spool.glob("qf*")):
            read_queue_file(path.name, path.read_bytes())

    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(here(carried_on).cpu)
        theirs.append(here(naive).cpu * SMALL_SPOOLS / 20)
    share = 100 * median(ours) / POLL_S
    print(f"{SMALL_SPOOLS} spools of {SMALL}, unchanged: {1000 * median(ours):.0f} ms of CPU")
    print(f"{share:.2f} % of a core every {POLL_S} s; every file read: {median(theirs):.1f} s")
    print(f"ratio {median(theirs) / median(ours):.0f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(prog="bench.spool_scan", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold", type=int, default=0, metavar="ROUNDS")
    options = parser.parse_args()
    place = Path(os.environ.get("MAILADMIN_VAR", CHECKOUT / "var"))
    with tempfile.TemporaryDirectory(dir=place) as name:
        directory = Path(name)
        directory.chmod(0o755)
        users, tools = sandbox_users(), find_tools(place / "tools")
        known = {"smtp1.renater.fr": "127.0.0.1"}
        tree = make_host(directory / "h", "listes.renater.fr", known, users)
        queue = make_queue(tree, tools)
        fill(queue.path, options.messages)
        if os.geteuid() == 0:
            for entry in os.scandir(queue.path):
                shutil.chown(entry.path, users.spool)
        print(f"{options.messages} messages, {options.rounds} rounds")
        print(f"{'':60} in a mailq by the clock and by CPU")
        bench = Bench(queue, options.messages, random.Random(1))
        bench.warm(options.rounds)
        if options.cold:
            bench.cold(options.cold)
        many_small(directory, options.rounds)


if __name__ == "__main__":
    main()
