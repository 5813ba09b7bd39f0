"""What somebody may do by hand to the live release of a running list server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event

from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import LIVENESS_S, Site

BY_HAND = "by-hand.example.org\tesmtp:[127.0.0.1]\n"
Touch = Callable[[Site, Path], object]


def make_map(site: Site, release: Path, more: str = "") -> None:
    """makemap into the live map, under its lock, with another cache: never the same bytes."""
    source = (release / "mailertable").read_text() + more
    argv: list[str | Path] = [site.sandbox.tools.makemap, "-c", "4096", "-C", "/dev/null", "btree"]
    command = site.tree.command(site.tree.users.deploy, [*argv, release / "mailertable"])
    subprocess.run(command, input=source.encode(), check=True)


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


TOUCHED: dict[str, tuple[Touch, str, str]] = {
    "a map with another key": (
        lambda site, release: make_map(site, release, BY_HAND),
        "mailertable.db",
        "holds other keys than were staged: + by-hand.example.org esmtp:[127.0.0.1]",
    ),
    "a map with the same keys": (
        lambda site, release: make_map(site, release),
        "mailertable.db",
        "was built anew: the same keys, other bytes",
    ),
    "a table": (
        lambda site, release: append(release / "mailertable", BY_HAND),
        "mailertable",
        "was edited: + by-hand.example.org esmtp:[127.0.0.1]",
    ),
    "a file more": (
        lambda site, release: (release / "notes").write_text("mine"),
        "notes",
        "was added: a plain file",
    ),
    "a map that is gone": (
        lambda site, release: (release / "mailertable.db").unlink(),
        "mailertable.db",
        "was removed",
    ),
    "a map that sympa may not read": (
        lambda site, release: (release / "mailertable.db").chmod(0o600),
        "mailertable.db",
        "has mode 0600, not 0644",
    ),
    "a map that all may write": (
        lambda site, release: (release / "mailertable.db").chmod(0o666),
        "mailertable.db",
        "has mode 0666, not 0644",
    ),
    "a map of root": (
        lambda site, release: shutil.chown(release / "mailertable.db", 0),
        "mailertable.db",
        "belongs to root, not to ",
    ),
    "a configuration that is gone": (
        lambda site, release: (release / "sympa.cf").unlink(),
        "sympa.cf",
        "was removed",
    ),
    "a directory that sympa may not enter": (
        lambda site, release: release.chmod(0o700),
        "release ",
        "has mode 0700, not 0755",
    ),
    "a directory that all may write": (
        lambda site, release: release.chmod(0o777),
        "release ",
        "has mode 0777, not 0755",
    ),
    "a release that is gone": (
        lambda site, release: shutil.rmtree(release),
        "release ",
        "is gone",
    ),
}

TWO_USERS = frozenset(
    {
        "a map that sympa may not read",
        "a map of root",
        "a directory that sympa may not enter",
    }
)
"""Of a host on which mailadmin and sympa are two users, and somebody is root."""


@dataclass(slots=True)
class Mail:
    """Submissions of several submitters, one after the other: recipient → exit code."""

    codes: dict[str, int] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)


@contextmanager
def submitting(
    site: Site, name: str, *, domain: str = "renater.fr", submitters: int = 3
) -> Iterator[Mail]:
    """While inside, lists send; all are through at the end."""
    mail = Mail()

    def submit(number: int) -> None:
        for turn in count():
            if mail.stop.is_set():
                return
            recipient = f"{name}-{number}-{turn}@{domain}"
            mail.codes[recipient] = site.submit(recipient)

    with ThreadPoolExecutor(submitters) as pool:
        running = [pool.submit(submit, number) for number in range(submitters)]
        try:
            yield mail
        finally:
            mail.stop.set()
        for one in running:
            one.result()


def run_queue(site: Site) -> int:
    """The spool's normal runner, once."""
    command = site.tree.command(site.tree.users.spool, [site.tree.wrapper, "-qf"])
    return subprocess.run(command, check=False, capture_output=True).returncode


def until_drift(site: Site, *, there: bool = True) -> None:
    wait_until(lambda: bool(site.state.drift) is there, "it is observed", seconds=LIVENESS_S)
