"""Which sendmail this host has, asked of the program itself."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from routing.agent.host import HostConfig
from routing.agent.tools import run

VERSION = re.compile(rb"^Version (\S+)", re.MULTILINE)
NO_CONFIGURATION = Path("/dev/null")


def sendmail_version(host: HostConfig) -> str:
    """Such as "8.17.1.9"; "" when the program does not say. It prints it before it reads a file."""
    return _asked(host.sendmail, host.ask_seconds, _stamp(host.sendmail))


@cache
def _asked(sendmail: Path, seconds: int, stamp: int) -> str:
    del stamp
    argv: list[str | Path] = [sendmail, "-C", NO_CONFIGURATION, "-d0.1", "-bt"]
    found = VERSION.search(run(argv, cwd=Path("/"), seconds=seconds).out)
    return found[1].decode() if found else ""


def _stamp(program: Path) -> int:
    """Changes when the package is upgraded under a running agent."""
    try:
        return program.stat().st_mtime_ns
    except OSError:
        return 0
