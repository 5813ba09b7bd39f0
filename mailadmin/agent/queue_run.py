"""`mailadmin-agent run-queue`: one run of the normal queue runner; a timer starts it."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from pathlib import Path

from mailadmin.agent.config import ConfigError, look_at_config
from routing.agent.host import HostConfig
from spools.agent.queue_run import RunsAlready, run_queue
from spools.core.queue_run import QueueRun

DEFAULT_S = 3600


def add_queue_run_arguments(parser: argparse.ArgumentParser) -> None:
    """What `run-queue` takes."""
    parser.add_argument(
        "--seconds", type=int, default=DEFAULT_S, help="end it after so long (default: an hour)"
    )


def run_queue_once(path: Path, options: argparse.Namespace) -> int:
    """The exit code: sendmail's, which does not say whether mail went; 75 when a run goes on."""
    try:
        looked = look_at_config(path)
    except ConfigError as error:
        return _say(str(error), os.EX_CONFIG)
    # The keys and Redis are not needed, and this user's timer may not see them.
    host = looked.host_config
    if host is None or not host.state.name:
        return _say("\n".join(f"{path}: {problem}" for problem in looked.problems), os.EX_CONFIG)
    return _run(host, options.seconds)


def _run(host: HostConfig, seconds: int) -> int:
    try:
        owner = pwd.getpwnam(host.owner).pw_uid
        if os.geteuid() != owner:
            text = f"Run this as {host.owner}, the owner of {host.spool}."
            return _say(text, os.EX_NOPERM)
        run = run_queue(host, seconds=seconds)
    except KeyError:
        return _say(f"{host.owner}, the owner of the spool, does not exist here.", os.EX_CONFIG)
    except RunsAlready:
        return _say("A run goes on already.", os.EX_TEMPFAIL)
    except OSError as error:
        return _say(
            f"{error.filename or host.state} cannot be used: {error.strerror}.", os.EX_IOERR
        )
    sys.stdout.write(f"{in_words(run)}\n")
    code = run.exit_code or 0
    return code if code >= 0 else 128 - code


def in_words(run: QueueRun) -> str:
    """One run for the journal."""
    took = (run.ended or run.began) - run.began
    lines = [
        f"{took} s with release {run.release[:8] or 'of the install'}:"
        f" {_number(run.queued_before)} messages before, {_number(run.queued_after)} after;"
        f" sendmail ended with {run.exit_code}"
    ]
    lines += [run.stopped] if run.stopped else []
    return "\n".join([*lines, *run.said.splitlines()])


def _number(count: int | None) -> str:
    return "—" if count is None else str(count)


def _say(text: str, exit_code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return exit_code
