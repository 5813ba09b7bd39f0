"""The mail servers of a sandbox as files: what each does, and what it took (docs/sandbox.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from django.conf import settings

LIST_SERVER = "listes"
SUBMIT = Path(__file__).resolve().parents[2] / "deploy/sandbox/submit.py"
MOST = 1000


class Behaviour(StrEnum):
    """What a mail server does with who calls it; the words of `deploy/sandbox/sink.py`."""

    ACCEPTS = "accepts"
    REFUSES = "refuses"
    LATER = "later"
    NEVER = "never"
    SILENT = "silent"


SINKS: Mapping[str, str] = {
    "relay": "smtp1, which takes what the list server has no route for",
    "outside": "the mail servers of the world, which the fallback hands mail to itself",
    "mta": "the list server's own MTA, which takes mail for its lists",
}
"""By name, with what each stands for."""


@dataclass(frozen=True, slots=True)
class Server:
    """One of them. `taken` counts the messages that it accepted; `last_at` is the last one's."""

    name: str
    stands_for: str
    behaviour: Behaviour
    taken: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sending:
    """The last batch of messages. `refused` are those that sendmail did not take."""

    token: str
    asked: int
    done: int
    refused: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """One sandbox; `place` is its MAILADMIN_VAR."""

    place: Path

    def servers(self) -> tuple[Server, ...]:
        """Those that run, the relay first."""
        there = [name for name in SINKS if self._record(name).exists()]
        return tuple(self._server(name) for name in there)

    def sending(self) -> Sending | None:
        """The last batch, None before the first."""
        try:
            raw = json.loads(self._progress.read_text())
        except OSError:
            return None
        return Sending(raw["token"], raw["asked"], raw["done"], raw["failed"], raw["ended"])

    def behave(self, sink: str, behaviour: Behaviour) -> None:
        """It follows within a tenth of a second. Raises OSError."""
        word = self._word(sink)
        fresh = word.with_name(f"{word.name}.new")
        fresh.write_text(behaviour.value)
        fresh.replace(word)

    def send(self, count: int) -> None:
        """Submit so many messages, as another process that goes on by itself. Raises OSError."""
        self._progress.parent.mkdir(mode=0o700, exist_ok=True)
        host = self.place / "hosts" / LIST_SERVER
        argv = ["setsid", "--fork", sys.executable, SUBMIT, "--host", host, "--count", count]
        argv += ["--progress", self._progress]
        nowhere = subprocess.DEVNULL
        # It forks, so that the web process has no child to wait for.
        subprocess.run([*map(str, argv)], stdin=nowhere, stdout=nowhere, stderr=nowhere, check=True)

    @property
    def _progress(self) -> Path:
        return self.place / "demo/submit.json"

    def _record(self, sink: str) -> Path:
        return self.place / "sinks" / f"{sink}.jsonl"

    def _word(self, sink: str) -> Path:
        return self.place / "sinks" / f"{sink}.behaviour"

    def _server(self, name: str) -> Server:
        record = self._record(name)
        taken = record.read_bytes().count(b"\n")
        last = datetime.fromtimestamp(record.stat().st_mtime, UTC) if taken else None
        return Server(name, SINKS[name], self.behaviour(name), taken, last)

    def behaviour(self, sink: str) -> Behaviour:
        """What it was told to do last."""
        try:
            return Behaviour(self._word(sink).read_text().strip())
        except (OSError, ValueError):
            return Behaviour.ACCEPTS


def stage() -> Stage | None:
    """The sandbox of this dashboard, None on any site."""
    if not settings.DEMO or not settings.DEMO_PLACE:
        return None
    return Stage(Path(settings.DEMO_PLACE))
