"""A run by fallback with parallel runners, against one `sendmail -qf` to a slow relay (G13).

    MAILADMIN_VAR=... .venv/bin/python -m bench.flush [--messages 500] [--domains 20] [--runners 16]

The same messages in the same spool, first to a relay that takes 40 ms a message, then past it to
receivers that are as slow. Everything is counted by what the receivers took: lost and twice.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from deploy.sandbox.broker import free_port
from deploy.sandbox.hosts import give_to, make_host, sandbox_users
from deploy.sandbox.tools import find_tools
from tests.fixtures.odd_mx import OddMx
from tests.fixtures.sandbox import place
from tests.integration.runs.lab import SENDER, Lab, know, make_lab
from tests.integration.wrapper.list_server import MESSAGE, SYMPA, ListServer, Paths

SLOW_S = 0.040


def main() -> int:
    options = parse_options()
    with tempfile.TemporaryDirectory(dir=place(), prefix="bench-flush-") as scratch:
        Path(scratch).chmod(0o755)
        for line in measure(Path(scratch), options):
            sys.stdout.write(f"{line}\n")
    return 0


def measure(scratch: Path, options: argparse.Namespace) -> Iterable[str]:
    port, slow = free_port(), {"END": SLOW_S}
    domains = [f"d{at}.example" for at in range(options.domains)]
    names = [f"n{at}@{domains[at % len(domains)]}" for at in range(options.messages)]
    with ExitStack() as stack:
        relay = stack.enter_context(OddMx(slow=slow))
        outside = [
            stack.enter_context(OddMx(f"127.0.1.{at}", port, slow=slow))
            for at in range(1, len(domains) + 1)
        ]
        server = make_server(scratch)
        lab = make_lab(server, relay_port=1, mx_port=port)
        know(lab, [(name, mx.address) for name, mx in zip(domains, outside, strict=True)])
        submit(lab, names)
        kept = scratch / "kept-spool"
        shutil.copytree(lab.tree.spool, kept)

        lab.server.clear_releases()
        lab = make_lab(server, relay_port=relay.port, mx_port=port)
        began = time.monotonic()
        subprocess.run(lab.server.command("-L", "sm-sympa", "-qf"), check=True)
        one = time.monotonic() - began
        yield told("one sendmail -qf", one, names, relay.taken, len(lab.queue_ids()))

        put_back(lab, kept)
        slices, many = run(lab, options)
        taken = [names for mx in outside for names in mx.taken]
        what = f"{options.runners} runners, {slices} slices"
        yield told(what, many, names, taken, len(lab.queue_ids()))
        yield f"ratio {one / many:.1f}"


def make_server(scratch: Path) -> ListServer:
    users, tools = sandbox_users(), find_tools(place() / "tools")
    tree = make_host(
        scratch / "host", "listes.renater.fr", {"smtp1.renater.fr": "127.0.0.1"}, users
    )
    paths = Paths(
        tree.wrapper, tree.routing, tools.sendmail, tree.kept, users.spool, tree.etc / "sympa.cf"
    )
    subprocess.run(paths.build_command(), check=True)
    return ListServer(tree, tools, paths)


def submit(lab: Lab, names: Sequence[str]) -> None:
    """Through the wrapper; nobody listens where the relay should be."""

    def one(name: str) -> None:
        done = lab.server.call(*SYMPA, "-f", SENDER, "--", name, message=MESSAGE)
        assert done.returncode == 0, done.stderr

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, names))
    assert len(lab.queue_ids()) == len(names)


def put_back(lab: Lab, kept: Path) -> None:
    for file in kept.iterdir():
        target = lab.tree.spool / file.name
        shutil.copy2(file, target)
        give_to(target, lab.tree.users.spool)


def run(lab: Lab, options: argparse.Namespace) -> tuple[int, float]:
    """As many slices as it takes, and the seconds that the agent's verb took in all: the agent
    itself runs already on a mail host."""
    seconds = 0.0
    order = {
        "run": uuid4().hex,
        "release": lab.release,
        "seconds": 60,
        "runners": options.runners,
        "per_destination": options.per_destination,
        "before": 2**40,
    }
    for number in range(1, 100):
        out, err = lab.flush({**order, "slice": number}).communicate()
        result = json.loads(out or b"{}")
        if result.get("outcome") != "done":
            raise SystemExit(f"{result} {err.decode()}")
        seconds += result["took"]
        if not result["body"]["more"]:
            return number, seconds
    raise SystemExit("it does not end")


def told(what: str, seconds: float, names: list[str], taken: list[list[str]], left: int) -> str:
    counts = Counter(name for message in taken for name in message)
    lost = len(set(names) - set(counts)) - left
    twice = sum(count - 1 for count in counts.values())
    return (
        f"{what}: {seconds:.2f} s, {len(names) / seconds:.0f} messages a second,"
        f" {lost} lost, {twice} twice, {left} left"
    )


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.flush", description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--domains", type=int, default=20)
    parser.add_argument("--runners", type=int, default=16)
    parser.add_argument("--per-destination", type=int, default=4)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
