"""Submit messages as Sympa does: through the wrapper, as its user, on a sandboxed list server.

    submit.py --host VAR/hosts/listes --count 200 [--to DOMAIN …] [--progress FILE] [--at-once 4]
        [--seconds 300]

The messages go to the domains in turn; none is begun after so many seconds, which a relay that
says nothing would make many. Prints how it went as JSON, and keeps the progress file up
to date meanwhile: asked, done, failed (refused by sendmail, or ended by time), token (in each
subject, so that a sink's record can be searched), ended. Exit code 1 when
not all were taken.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

DOMAINS = (
    "orange.example",
    "free.example",
    "univ-lyon.example",
    "labo.example",
    "renater.fr",
)
SENDER = "annonces-owner@renater.fr"
ONE_S = 120.0
"""A relay that takes the connection and says nothing holds a submission up for so long, or less."""
EVERY = 5


@dataclass(slots=True)
class Progress:
    """How far it is."""

    token: str
    asked: int
    done: int = 0
    failed: int = 0
    ended: bool = False


def submit_one(host: Path, recipient: str, subject: str, envid: str) -> bool:
    """One message; true when sendmail has taken it, delivered or not."""
    command = [host / "bin/as-sympa", host / "bin/sendmail", "-L", "sm-sympa", "-oi", "-odi"]
    command += ["-oem", "-Am", "-N", "success,delay,failure", f"-V{envid}", "-f", SENDER, "--"]
    message = (
        f"From: Annonces <{SENDER}>\nTo: {recipient}\nSubject: {subject}\n"
        f"Message-ID: <{envid}@listes.renater.fr>\nPrecedence: list\n\n{subject}\n"
    )
    try:
        ran = subprocess.run(
            [*map(str, command), recipient],
            input=message.encode(),
            capture_output=True,
            timeout=ONE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 0


def submit(
    host: Path,
    count: int,
    domains: Sequence[str],
    *,
    at_once: int = 4,
    seconds: float = 300.0,
    file: Path | None = None,
) -> Progress:
    """All of them, some side by side; the progress is kept in `file`."""
    progress, lock = Progress(uuid.uuid4().hex[:8], count), threading.Lock()
    keep(progress, file)
    last = time.monotonic() + seconds

    def one(number: int) -> None:
        if time.monotonic() > last:
            return
        recipient = f"reader{number}@{domains[number % len(domains)]}"
        subject = f"Demonstration {progress.token}, {number + 1} of {count}"
        taken = submit_one(host, recipient, subject, f"{progress.token}{number:06}")
        with lock:
            progress.done += 1
            progress.failed += not taken
            if progress.done % EVERY == 0:
                keep(progress, file)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, range(count)))
    progress.ended = True
    keep(progress, file)
    return progress


def keep(progress: Progress, file: Path | None) -> None:
    """Replace the file whole, so that a reader never sees half of it."""
    if file is None:
        return
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(json.dumps(asdict(progress)))
    fresh.replace(file)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0, or 1 when not all were taken."""
    parser = argparse.ArgumentParser(prog="submit.py", description="Submits as Sympa does.")
    parser.add_argument("--host", type=Path, required=True, help="directory of the list server")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--to", action="append", metavar="DOMAIN", help="default: five of them")
    parser.add_argument("--progress", type=Path, metavar="FILE")
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=300.0)
    given = parser.parse_args(arguments)
    domains = given.to or DOMAINS
    progress = submit(
        given.host,
        given.count,
        domains,
        at_once=given.at_once,
        seconds=given.seconds,
        file=given.progress,
    )
    print(json.dumps(asdict(progress)))
    return 0 if progress.done - progress.failed == progress.asked else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
