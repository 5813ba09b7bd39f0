"""Probe: would the relays of this host take mail from it? Nothing is sent.

Each host of a relay target is asked as sendmail would ask it: its addresses in their order until
one takes a connection, then EHLO, MAIL FROM:<>, RCPT, and never DATA. They are asked side by side,
each with a deadline of its own, whatever they do.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread

from mailadmin.smtp import MOST_TEXT, Broken, Deadline, Reply, Session
from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.fields import MessageError
from mailadmin.wire.core.results import VerbResult, done, failed
from routing.agent.host import HostConfig
from spools.core.probe import (
    MOST_ADDRESSES,
    HostProbe,
    ProbeOrder,
    ProbeReport,
    RelayHost,
    Step,
    StepName,
    Trouble,
)

NO_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
"""The name server answered that there is no such name, or no address of it."""
LEAVE_SECONDS = 1.0
"""For RSET and QUIT: the answer is known by then."""
Address = tuple[str, int]


def probe(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """The body of spools/core/probe.py: ProbeReport, the hosts in the order of the arguments."""
    try:
        order = ProbeOrder.from_json(arguments)
    except MessageError as error:
        return failed("malformed", f"The order cannot be carried out: {error}.")
    began = int(time.time())
    with ThreadPoolExecutor(max_workers=len(order.relays)) as pool:
        asked = pool.map(lambda relay: probe_host(host.fqdn, relay, order), order.relays)
        report = ProbeReport(began, order.recipient, tuple(asked))
    return done(report.to_json())


def probe_host(fqdn: str, relay: RelayHost, order: ProbeOrder) -> HostProbe:
    """One host, from its name to the reply to RCPT."""
    talk = _Talk(relay, Deadline(order.seconds))
    connection = talk.connected(talk.resolved())
    if connection is not None:
        with connection:
            talk.through(connection, fqdn, order.recipient)
    return HostProbe(relay, tuple(talk.steps), talk.tls)


@dataclass(slots=True)
class _Talk:
    """What was done and said so far with one host."""

    relay: RelayHost
    deadline: Deadline
    steps: list[Step] = field(default_factory=list)
    address: str = ""
    tls: bool = False

    def resolved(self) -> tuple[Address, ...]:
        """Its addresses in the order in which they are to be tried; none, and a step says why."""
        began = time.monotonic()
        try:
            found = _addresses(self.relay.host, self.relay.port, self.deadline.left())
        except _NotResolved as error:
            self._add(StepName.RESOLVE, began, text=error.text, trouble=error.trouble)
            return ()
        self._add(StepName.RESOLVE, began, text=" ".join(address for address, _ in found))
        return found

    def connected(self, addresses: tuple[Address, ...]) -> socket.socket | None:
        """A connection to the first that takes one; each has its share of the time that is left."""
        for number, (address, port) in enumerate(addresses):
            began, self.address = time.monotonic(), address
            share = self.deadline.left() / (len(addresses) - number)
            try:
                connection = socket.create_connection((address, port), timeout=share)
            except OSError as error:
                trouble, text = _not_connected(error, share)
                self._add(StepName.CONNECT, began, text=text, trouble=trouble)
                continue
            self._add(StepName.CONNECT, began)
            return connection
        return None

    def through(self, connection: socket.socket, fqdn: str, recipient: str) -> None:
        """Up to RCPT as far as the server lets us, then leave."""
        name = f"{self.relay.host}:{self.relay.port}"
        session = Session(connection, name=name, deadline=self.deadline)
        # A step that is not good ends the walk by itself.
        walked = all(self._walk(session, fqdn, recipient))
        if walked or not self.steps[-1].trouble:
            # Another deadline: the answer is known, and a server that hangs now is left alone.
            left = Session(connection, name=name, deadline=Deadline(LEAVE_SECONDS))
            with suppress(Broken):
                if walked:
                    self._step(left, StepName.RSET, "RSET")
                self._step(left, StepName.QUIT, "QUIT")

    def _walk(self, session: Session, fqdn: str, recipient: str) -> Iterator[bool]:
        yield self._asked(session, StepName.BANNER, "")
        hello = self._asked(session, StepName.EHLO, f"EHLO {fqdn}")
        if not hello and self.steps[-1].code // 100 == 5:
            # As sendmail: a server of before ESMTP.
            hello = self._asked(session, StepName.HELO, f"HELO {fqdn}")
        yield hello
        yield self._asked(session, StepName.MAIL, "MAIL FROM:<>")
        yield self._asked(session, StepName.RCPT, f"RCPT TO:<{recipient}>")

    def _asked(self, session: Session, name: StepName, line: str) -> bool:
        """Whether the server says yes. All that it may do is a step."""
        began = time.monotonic()
        try:
            return self._step(session, name, line)
        except Broken as broken:
            text, trouble = broken.text, Trouble(broken.end.value)
            self._add(name, began, said=line, text=text, trouble=trouble)
            return False

    def _step(self, session: Session, name: StepName, line: str) -> bool:
        began = time.monotonic()
        reply = session.say(line) if line else session.reply()
        if name is StepName.EHLO:
            self.tls = any(said.strip().upper() == "STARTTLS" for said in reply.lines)
        self._add(name, began, said=line, code=reply.code, text=reply.text, trouble=_odd(reply))
        return reply.accepts

    def _add(
        self,
        name: StepName,
        began: float,
        *,
        said: str = "",
        code: int = 0,
        text: str = "",
        trouble: Trouble = Trouble.NONE,
    ) -> None:
        ms = round((time.monotonic() - began) * 1000)
        address = "" if name is StepName.RESOLVE else self.address
        self.steps.append(Step(name, ms, address, said, code, text[:MOST_TEXT], trouble))


def _odd(reply: Reply) -> Trouble:
    """A reply that no command before DATA has."""
    return Trouble.NONSENSE if reply.code // 100 == 3 else Trouble.NONE


class _NotResolved(Exception):
    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble
        self.text = text


def _addresses(name: str, port: int, seconds: float) -> tuple[Address, ...]:
    """The addresses of a name, IPv4 and IPv6 in the order of this host. Raises _NotResolved."""
    asked = _in_time(lambda: _look_up(name, port), seconds)
    if asked is None:
        text = f"The name server of this host did not answer for {name} in {seconds:.0f} s."
        raise _NotResolved(Trouble.NO_DNS, text)
    if isinstance(asked, socket.gaierror) and asked.errno not in NO_NAME:
        text = f"The name server of this host does not answer for {name}: {asked.strerror}."
        raise _NotResolved(Trouble.NO_DNS, text)
    if isinstance(asked, Exception):
        raise _NotResolved(Trouble.NO_NAME, f"No address is known for {name}.")
    return asked[:MOST_ADDRESSES]


def _look_up(name: str, port: int) -> tuple[Address, ...]:
    """Each address once. Raises OSError, and UnicodeError for what can be no name."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys((str(where[0]), port) for *_, where in found))


Found = tuple[Address, ...] | Exception


def _in_time(ask: Callable[[], tuple[Address, ...]], seconds: float) -> Found | None:
    """None after `seconds`: nothing ends a look-up of the C library, so it ends by itself."""
    answers: SimpleQueue[Found] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except (OSError, UnicodeError) as error:
            answers.put(error)

    Thread(target=run, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        return None


UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM, errno.ENETDOWN}


def _not_connected(error: OSError, seconds: float) -> tuple[Trouble, str]:
    if isinstance(error, TimeoutError):
        return Trouble.SILENT, f"No answer to the connection in {seconds:.0f} s."
    if error.errno == errno.ECONNREFUSED:
        return Trouble.REFUSED, "Connection refused."
    if error.errno in UNREACHABLE:
        return Trouble.UNREACHABLE, f"Not reachable: {error.strerror}."
    return Trouble.CLOSED, f"The connection broke: {error.strerror or error}."
