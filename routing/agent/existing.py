"""Asks the configuration that the site has had so far where mail goes, before our first release.

It is the site's own and may say anything: nothing of it may fail a proof or hold it up. Whatever
goes wrong is told in its place.
"""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailadmin.wire.core.canonical import Json
from routing.agent.asking import ask, batches, noise_of
from routing.agent.faults import Fault
from routing.agent.host import HostConfig
from routing.agent.tools import Ran, run
from routing.core.adopt.as_before import NOT_OPEN
from routing.core.adopt.blank import Blanks, blanked
from routing.core.adopt.cf import FILE_KINDS, Configuration, read_cf
from routing.core.bv import Answer, parse_bv
from routing.core.mailers import ERROR
from routing.core.names import ADDRESS_LIMIT, check_host

BATCH = 100
MOST_BYTES = 4 * 1024 * 1024
MOST_NAMES = 500
MOST_ALONE = 200
MOST_NOTES = 20
PROBE = "probe"
NO_USER = "user unknown"
MAP_FAILED = re.compile(r'map "[^"]*": |^Cannot open \S+ database ')
PARSED = re.compile(r"^mailer (?P<mailer>[^,]+)(?:, host (?P<host>.*?))?(?:, user .*)?$")
PROMPT = re.compile(r"^(?:> )+")


class _CannotAsk(Exception):
    def __init__(self, text: str, output: str = "") -> None:
        super().__init__(text)
        self.text, self.output = text, output


@dataclass(slots=True)
class _Asking:
    """One configuration while it is asked, with what it has said so far."""

    host: HostConfig
    path: Path
    until: float
    answers: dict[str, Answer] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def run(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Raises _CannotAsk when the time for all of it is over."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise _CannotAsk(f"it took more than {self.host.ask_seconds} s")
        # A queue that is not ours may be closed to this user, and no route depends on it.
        queue = f"-OQueueDirectory={self.host.spool}"
        argv: list[str | Path] = [self.host.sendmail, "-C", self.path, queue, *arguments]
        return run(argv, stdin=stdin, cwd=Path("/"), seconds=left)

    def note(self, lines: Iterable[str]) -> None:
        """Keep what it said beside its answers, each once."""
        for line in lines:
            if len(self.notes) < MOST_NOTES:
                self.notes.setdefault(line.strip()[:500])


def ask_existing(host: HostConfig, staged: Path, addresses: Sequence[str]) -> dict[str, Json]:
    """What `existing_cf` answers, with what is needed to compare it with the release `staged`.

    `answers` maps addresses to (mailer, host); names of its class w that nobody asked about are
    added, and `staged` holds the answers of the release for those. `mailers` are program and
    arguments of each mailer of both. `problem` says why not everything could be asked.
    """
    asking = _Asking(host, host.existing_cf, time.monotonic() + host.ask_seconds)
    configuration = str(host.existing_cf) if host.existing_cf.name else ""
    found: dict[str, Json] = {"configuration": configuration, "absent": False}
    try:
        theirs = _read(host.existing_cf)
        if theirs is None:
            return found | {"absent": True}
        ours = read_cf((staged / "sympa.cf").read_text(encoding="utf-8"))
        found["mailers"] = {"existing": _mailers(theirs), "staged": _mailers(ours)}
        names = _own_names(asking, theirs)
        found["class_w"] = list(names)
        more = [item for item in _probes(names) if item not in set(addresses)]
        _ask_all(asking, [*addresses, *more])
        found["staged"] = {
            address: list(answer)
            for address, answer in ask(host, staged / "sympa.cf", more).items()
        }
    except _CannotAsk as problem:
        found["problem"] = {
            "text": problem.text,
            "output": _without_secrets(problem.output),
        }
    except Fault as fault:
        found["problem"] = {
            "text": fault.text,
            "output": _without_secrets(str(fault.more.get("output", ""))),
        }
    except Exception as error:  # noqa: BLE001  # the site's own file must not fail a proof of ours
        found["problem"] = {"text": f"{type(error).__name__}: {error!s:.500}", "output": ""}
    found["answers"] = {address: list(answer) for address, answer in asking.answers.items()}
    found["notes"] = [_without_secrets(note) for note in asking.notes]
    return found


def _without_secrets(said: str) -> str:
    """sendmail repeats a line that it does not take, and it may hold one."""
    return blanked(said, Blanks.SENDMAIL)[0]


def _read(path: Path) -> Configuration | None:
    """None where there is no such file. A pipe or a device is not opened: it could hang."""
    if not path.name:
        return None
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _CannotAsk(f"{path} is no plain file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _CannotAsk(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise _CannotAsk(f"{path} is larger than {MOST_BYTES // 1024 // 1024} MiB")
    return read_cf(data.decode("utf-8", "replace"))


def _mailers(configuration: Configuration) -> dict[str, Json]:
    return {
        item.name: [item.fields.get("P", ""), item.fields.get("A", "")]
        for item in configuration.mailers
    }


def _own_names(asking: _Asking, theirs: Configuration) -> tuple[str, ...]:
    """Class w as sendmail fills it; on the way each map that is a file is opened once."""
    names = [item.name for item in theirs.maps if item.kind in FILE_KINDS]
    lines = ["$=w", *(f"/map {name} {PROBE}.invalid" for name in names)]
    ran = asking.run("-bt", stdin="".join(f"{line}\n" for line in lines).encode())
    if ran.stopped or ran.exit_code < 0 or b"ADDRESS TEST MODE" not in ran.out:
        raise _CannotAsk(f"{ran.verdict} before it was asked anything", ran.said)
    found = []
    for line in (ran.out + b"\n" + ran.err).decode("utf-8", "replace").splitlines():
        text = PROMPT.sub("", line).strip()
        if text.endswith(NOT_OPEN):
            asking.note([f"{text}: it is optional, and its answers are missing"])
        elif text and " " not in text and text != ">":
            found.append(text.lower())
    return tuple(sorted(set(found)))


def _probes(names: Iterable[str]) -> list[str]:
    """An address at each name that sendmail can be asked about."""
    usable = [
        f"{PROBE}@{name}"
        for name in names
        if "." in name and not name.startswith("[") and not check_host(name)
    ]
    return [address for address in usable if len(address) <= ADDRESS_LIMIT][:MOST_NAMES]


def _ask_all(asking: _Asking, addresses: Sequence[str]) -> None:
    """Raises _CannotAsk where not all could be asked; the answers until then are kept."""
    for batch in batches(addresses, BATCH):
        _ask_batch(asking, batch)
    # Equal recipients, such as one user at two names of the host, are answered once.
    silent = [address for address in addresses if address not in asking.answers]
    for address in silent[:MOST_ALONE]:
        _ask_batch(asking, [address])
    unsaid = [address for address in addresses if _is_open(asking.answers.get(address))]
    for batch in batches(unsaid, BATCH):
        asking.answers |= _parse(asking, batch)
    if not asking.answers:
        raise _CannotAsk("sendmail gave no answer", "\n".join(asking.notes))


def _ask_batch(asking: _Asking, batch: Sequence[str]) -> None:
    ran = asking.run("-bv", *batch)
    output = (ran.out + ran.err).decode("utf-8", "replace")
    found = parse_bv(output, batch)
    noise = noise_of(output, found.values())
    if any(MAP_FAILED.search(line) for line in noise):
        # It answers as if the map were empty, and a message would have waited.
        raise _CannotAsk(f"{asking.host.owner} cannot read a map of it", ran.said)
    asking.note(noise)
    asking.answers |= found
    if ran.stopped or ran.exit_code < 0:
        raise _CannotAsk(ran.verdict, ran.said)


def _is_open(answer: Answer | None) -> bool:
    """No answer, or one that is about the user: which mailer it is, is not said."""
    return answer is None or (answer[0] == ERROR and NO_USER in answer[1].lower())


def _parse(asking: _Asking, batch: Sequence[str]) -> Mapping[str, Answer]:
    """Mailer and host before sendmail looks for the user."""
    ran = asking.run("-bt", stdin="".join(f"/parse {address}\n" for address in batch).encode())
    found: dict[str, Answer] = {}
    prompts = ran.out.decode("utf-8", "replace").split("\n> ")[1:]
    for address, said in zip(batch, prompts, strict=False):
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
        match = PARSED.match(last)
        if match and match["mailer"] != f"*{ERROR}*":
            found[address] = (match["mailer"], match["host"] or "")
    return found
