"""Runs a command again and again, as a timer would: what a systemd timer does on a mail host.

    every.py SECONDS COMMAND...

The pause counts from the end of the last run. TERM ends the run in hand, and then this.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from types import FrameType

USAGE = 64
STOP_S = 60


def main(arguments: list[str]) -> int:
    """Until it is told to end; how a run ended is in what it prints."""
    if len(arguments) < 2 or not arguments[0].isdigit():
        sys.stderr.write("usage: every.py SECONDS COMMAND...\n")
        return USAGE
    told = threading.Event()

    def tell(signum: int, frame: FrameType | None) -> None:
        told.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, tell)
    sys.stdout.write(f"every {arguments[0]} s: {' '.join(arguments[1:])}\n")
    sys.stdout.flush()
    while not told.wait(int(arguments[0])):
        run_once(arguments[1:], told)
    return 0


def run_once(argv: list[str], told: threading.Event) -> None:
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as run:
        while run.poll() is None:
            if told.wait(0.2):
                run.terminate()
                run.wait(STOP_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
