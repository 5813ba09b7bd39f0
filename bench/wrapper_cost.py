"""What a submission costs through the wrapper, against sendmail called directly.

    MAILADMIN_VAR=... .venv/bin/python -m bench.wrapper_cost [--rounds 100]

Both deliver to a sink on this machine, in turns, so that load from outside meets both alike. The
time is from the start of the program to its end, as the sandboxed user, without the namespaces.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from deploy.sandbox.hosts import make_host, sandbox_users
from deploy.sandbox.tools import find_program, find_tools
from tests.integration.wrapper.list_server import MESSAGE, SYMPA, ListServer, Paths

CHECKOUT = Path(__file__).resolve().parents[1]
SIZES = (2_000, 100_000, 5_000_000)

# Reads {"lines": [argv, ...], "rounds": n, "size": bytes, "message": text} and answers with one
# list of seconds per argv. Runs on the sandboxed host.
MEASURE = """
import json, subprocess, sys, time
job = json.load(sys.stdin)
message = (job["message"] + ("x" * 70 + "\\n") * (job["size"] // 71)).encode()
seconds = [[] for _ in job["lines"]]
for _ in range(job["rounds"]):
    for argv, found in zip(job["lines"], seconds):
        began = time.perf_counter()
        subprocess.run(argv, input=message, check=True)
        found.append(time.perf_counter() - began)
print(json.dumps(seconds))
"""


@contextmanager
def relay(directory: Path) -> Iterator[int]:
    """A sink; its port."""
    sink = CHECKOUT / "deploy/sandbox/sink.py"
    argv: list[str | Path] = [sys.executable, sink, "--listen", "127.0.0.1:0", "--name", "relay"]
    process = subprocess.Popen(
        [*argv, "--record", directory / "relay.jsonl"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()


def make_server(directory: Path, tools_root: Path) -> ListServer:
    """A list server with a wrapper."""
    tools, users = find_tools(tools_root), sandbox_users()
    tree = make_host(directory / "h", "listes.renater.fr", {"smtp1.renater.fr": "127.0.0.1"}, users)
    baked = tree.etc / "sympa.cf"
    paths = Paths(tree.wrapper, tree.routing, tools.sendmail, tree.kept, users.spool, baked)
    subprocess.run(paths.build_command(), check=True)
    return ListServer(tree, tools, paths)


def measure(server: ListServer, rounds: int, size: int) -> list[list[float]]:
    """Seconds of each call: of sendmail, and of the wrapper."""
    rest = [*SYMPA, "-f", "", "--", "a@example.net"]
    cf = str(server.releases / "a/sympa.cf")
    lines = [[str(server.tools.sendmail), "-C", cf, *rest], [str(server.paths.out), *rest]]
    job = {"lines": lines, "rounds": rounds, "size": size, "message": MESSAGE.decode()}
    program = [find_program("python3"), "-c", MEASURE]
    command = server.tree.command(server.tree.users.spool, program)
    done = subprocess.run(command, input=json.dumps(job).encode(), capture_output=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def describe(name: str, seconds: list[float]) -> str:
    return f"{name:<9} median {1000 * median(seconds):6.1f} ms, p95 {p95(seconds):6.1f} ms"


def p95(seconds: list[float]) -> float:
    """The 95th percentile, in ms."""
    return 1000 * quantiles(seconds, n=20)[-1]


def main() -> None:
    """Print one block of figures per message size."""
    parser = argparse.ArgumentParser(prog="bench.wrapper_cost", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    place = Path(os.environ.get("MAILADMIN_VAR", CHECKOUT / "var"))
    with tempfile.TemporaryDirectory(dir=place) as name:
        directory = Path(name)
        directory.chmod(0o755)
        server = make_server(directory, place / "tools")
        with relay(directory) as port:
            server.make_release("a", port)
            server.activate("a")
            for size in SIZES:
                plain, wrapped = measure(server, rounds, size)
                print(f"{size} bytes, {rounds} rounds")
                print(describe("sendmail", plain), describe("wrapper", wrapped), sep="\n")
                print(f"{'cost':<9} median {1000 * (median(wrapped) - median(plain)):6.1f} ms")
                print(f"{'ratio':<9} median {median(wrapped) / median(plain):6.2f}")


if __name__ == "__main__":
    main()
