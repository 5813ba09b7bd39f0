"""The loop that stands in for a timer: one run after the other, and the last one ends with it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from deploy.sandbox.processes import EVERY
from tests.fixtures.sandbox import wait_until

RUN = """
import pathlib, signal, sys, time
place = pathlib.Path(sys.argv[1])
number = len(list(place.glob("begun*")))
(place / f"begun{number}").touch()
if number:
    signal.signal(signal.SIGTERM, lambda *_: ((place / "told").touch(), sys.exit()))
    time.sleep(60)
"""


def test_it_runs_again_after_the_end_and_passes_on_the_word_to_end(tmp_path: Path) -> None:
    argv = [sys.executable, str(EVERY), "1", sys.executable, "-c", RUN, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as loop:
        assert loop.stdout is not None
        assert loop.stdout.readline().startswith("every 1 s: ")
        wait_until((tmp_path / "begun1").exists, "the second run begins")
        assert loop.poll() is None
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(15) == 0
    assert (tmp_path / "told").exists()
    assert not (tmp_path / "begun2").exists()


def test_without_a_command_it_says_how() -> None:
    said = subprocess.run([sys.executable, EVERY, "x"], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (64, "usage: every.py SECONDS COMMAND...\n")
