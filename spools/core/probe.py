"""What a probe of relays asks and finds: values into an agent and out of it, and what they mean.

A probe is an SMTP session up to RCPT and never further: nothing is sent. All of it crosses the
wire, so there are no floats. Times are milliseconds but for `at`, seconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.fields import Fields, MessageError

MOST_HOSTS = 32
"""Of one order: they are probed side by side."""
MOST_SECONDS = 60
MOST_STEPS = 40
MOST_ADDRESSES = 4
"""Of one host: those that sendmail would try first."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
RECIPIENT = re.compile(r"[A-Za-z0-9._+=/-]{1,64}@[A-Za-z0-9._-]{1,255}")
"""A plain one: what is written here goes into an SMTP session."""
TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,1000}")


class StepName(StrEnum):
    """The steps of a probe, in their order; HELO only where EHLO was refused."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    RSET = "rset"
    QUIT = "quit"


LEAVING = (StepName.RSET, StepName.QUIT)
"""What comes after the answer; a server that fails here has taken the recipient all the same."""


class Trouble(StrEnum):
    """Why a step has no reply that can be used; NONE where it has one."""

    NONE = ""
    NO_NAME = "no_name"
    NO_DNS = "no_dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    CLOSED = "closed"
    NONSENSE = "nonsense"


class Verdict(StrEnum):
    """What a probe tells of a relay. UNTOLD is nothing: the name server of the list server was
    silent, and so would it be for the fallback.
    """

    TAKES = "takes"
    BUSY = "busy"
    REFUSES = "refuses"
    FAILS = "fails"
    UNTOLD = "untold"


ABOUT_ADDRESS = re.compile(r"5\.1\.(0|1|2|3|6|10)\b")
"""In a refusal: of that recipient (RFC 3463: bad destination address), not of our mail."""


@dataclass(frozen=True, slots=True)
class RelayHost:
    """One host of the relay target `name`, to be asked on `port`."""

    name: str
    host: str
    port: int

    def to_json(self) -> dict[str, Json]:
        """What `from_json` reads."""
        return {"name": self.name, "host": self.host, "port": self.port}

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        """Raises MessageError."""
        read = Fields("relay", raw, frozenset({"name", "host", "port"}))
        found = cls(read.text("name", NAME), read.text("host", HOST), read.integer("port", 1))
        if found.port > 65535:
            read.problems.append(f"port must be at most 65535, not {found.port}")
        read.finish()
        return found


@dataclass(frozen=True, slots=True)
class ProbeOrder:
    """What an agent is asked: each host up to RCPT for `recipient`, in at most `seconds` each."""

    relays: tuple[RelayHost, ...]
    recipient: str
    seconds: int

    def to_json(self) -> dict[str, Json]:
        """The arguments of the order."""
        return {
            "relays": [relay.to_json() for relay in self.relays],
            "recipient": self.recipient,
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        """Raises MessageError with every fault."""
        read = Fields("probe", raw, frozenset({"relays", "recipient", "seconds"}))
        recipient, seconds = read.text("recipient", RECIPIENT), read.integer("seconds", 1)
        if seconds > MOST_SECONDS:
            read.problems.append(f"seconds must be at most {MOST_SECONDS}, not {seconds}")
        relays = _each(read, "relays", RelayHost.from_json, most=MOST_HOSTS)
        if not relays and not read.problems:
            read.problems.append("relays must name at least one host")
        read.finish()
        return cls(relays, recipient, seconds)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how long it took, what was said, and the reply: `code` is 0 where there is none.

    `text` is the reply without its code, or what went wrong; `address` the one that was spoken to.
    """

    name: StepName
    ms: int
    address: str = ""
    said: str = ""
    code: int = 0
    text: str = ""
    trouble: Trouble = Trouble.NONE

    @property
    def good(self) -> bool:
        """Whether a probe goes on after it."""
        return not self.trouble and (not self.code or self.code // 100 == 2)

    def to_json(self) -> dict[str, Json]:
        """What `from_json` reads."""
        return {
            "name": self.name.value,
            "ms": self.ms,
            "address": self.address,
            "said": self.said,
            "code": self.code,
            "text": self.text,
            "trouble": self.trouble.value,
        }

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        """Raises MessageError."""
        read = Fields("step", raw, _STEP)
        found = cls(
            name=read.choice("name", StepName),
            ms=read.integer("ms", 0),
            address=read.text("address", TEXT),
            said=read.text("said", TEXT),
            code=read.integer("code", 0),
            text=read.text("text", TEXT),
            trouble=read.choice("trouble", Trouble),
        )
        if found.code > 999:
            read.problems.append(f"code must have three digits, not {found.code}")
        read.finish()
        return found


@dataclass(frozen=True, slots=True)
class HostProbe:
    """What one host of a relay target did. `tls` tells whether it offered STARTTLS."""

    relay: RelayHost
    steps: tuple[Step, ...] = field(default=())
    tls: bool = False

    @property
    def ms(self) -> int:
        """All steps together."""
        return sum(step.ms for step in self.steps)

    @property
    def deciding(self) -> Step | None:
        """The last step that says whether mail would be taken; None where nothing was tried."""
        asked = [step for step in self.steps if step.name not in LEAVING]
        return asked[-1] if asked else None

    @property
    def verdict(self) -> Verdict:
        """What it tells of this host."""
        step = self.deciding
        if step is None or step.trouble is Trouble.NO_DNS:
            return Verdict.UNTOLD
        if step.name is StepName.RCPT and (step.good or ABOUT_ADDRESS.search(step.text)):
            return Verdict.TAKES
        if step.code // 100 == 4:
            return Verdict.BUSY
        return Verdict.REFUSES if step.code // 100 == 5 else Verdict.FAILS

    @property
    def why(self) -> str:
        """What decided, in words; "" where it takes mail."""
        step = self.deciding
        if step is None or self.verdict is Verdict.TAKES:
            return ""
        if not step.code:
            return step.text.rstrip(".")
        return f"{step.code} {step.text}".strip() + f" (to {SAID_TO[step.name]})"

    def to_json(self) -> dict[str, Json]:
        """What `from_json` reads."""
        steps = [step.to_json() for step in self.steps]
        return {"relay": self.relay.to_json(), "steps": steps, "tls": self.tls}

    @classmethod
    def from_json(cls, raw: Json) -> Self:
        """Raises MessageError."""
        read = Fields("host", raw, frozenset({"relay", "steps", "tls"}))
        steps = _each(read, "steps", Step.from_json, most=MOST_STEPS)
        if not isinstance(read.values.get("tls"), bool):
            read.problems.append("tls must be true or false")
        read.finish()
        relay = RelayHost.from_json(read.values["relay"])
        return cls(relay, steps, bool(read.values["tls"]))


SAID_TO: Mapping[StepName, str] = {
    StepName.RESOLVE: "the name",
    StepName.CONNECT: "the connection",
    StepName.BANNER: "the connection",
    StepName.EHLO: "EHLO",
    StepName.HELO: "HELO",
    StepName.MAIL: "MAIL",
    StepName.RCPT: "RCPT",
    StepName.RSET: "RSET",
    StepName.QUIT: "QUIT",
}


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The answer of an agent: `at` is its clock when it began."""

    at: int
    recipient: str
    hosts: tuple[HostProbe, ...]

    def to_json(self) -> dict[str, Json]:
        """The body of the report."""
        hosts = [host.to_json() for host in self.hosts]
        return {"at": self.at, "recipient": self.recipient, "hosts": hosts}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Raises MessageError."""
        read = Fields("probe", raw, frozenset({"at", "recipient", "hosts"}))
        found = cls(
            at=read.integer("at", 0),
            recipient=read.text("recipient", RECIPIENT),
            hosts=_each(read, "hosts", HostProbe.from_json, most=MOST_HOSTS),
        )
        read.finish()
        return found

    def of(self, name: str) -> tuple[HostProbe, ...]:
        """The hosts of one relay target, in its order."""
        return tuple(host for host in self.hosts if host.relay.name == name)


RANK = (Verdict.TAKES, Verdict.UNTOLD, Verdict.BUSY, Verdict.REFUSES, Verdict.FAILS)


def best_of(hosts: Iterable[HostProbe]) -> HostProbe | None:
    """The host that speaks for its relay target: sendmail tries all of them, so the one that takes
    mail; of one that nobody could look up nothing bad is said. None where there is no host.
    """
    return min(hosts, key=lambda host: RANK.index(host.verdict), default=None)


def _each(read: Fields, name: str, make: Any, *, most: int) -> tuple[Any, ...]:
    """The items of a list; what is wrong with one is a problem of the whole."""
    given = read.values.get(name)
    if not isinstance(given, Sequence) or isinstance(given, str):
        read.problems.append(f"{name} must be a list")
        return ()
    if len(given) > most:
        read.problems.append(f"{name} must have at most {most} items, not {len(given)}")
        return ()
    found = []
    for number, item in enumerate(given):
        try:
            found.append(make(item))
        except MessageError as error:
            read.problems += [f"{name}[{number}]: {problem}" for problem in error.problems]
    return tuple(found)


_STEP = frozenset({"name", "ms", "address", "said", "code", "text", "trouble"})
