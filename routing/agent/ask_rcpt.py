"""Ask rcpt: would the MTA of this host take mail for these addresses? Nothing is sent.

One session, as a client on this host has it: EHLO, and for each address MAIL FROM:<>, RCPT, RSET.
All of it has one deadline, whatever the server does: it may hang, drip, talk nonsense or never end.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.faults import Fault, reports_faults
from routing.agent.host import HostConfig
from routing.core.rcpt import ADDRESS, MOST_ADDRESSES, Verdict, verdict_of

SESSION_SECONDS = 30.0
"""Of the whole session: an order waits for it, and the next look of this agent."""
MOST_REPLY = 16 * 1024
MOST_TEXT = 500
REPLY = re.compile(rb"(?P<code>[2-5][0-9]{2})(?P<more>[ -]?)(?P<text>.*)")
CLOSING = 421


@reports_faults("Nothing was sent.")
def ask_rcpt(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """The reply to RCPT for each of `addresses`, at most MOST_ADDRESSES of them, in their order.

    A server that ends the session in the middle leaves the rest *not asked*.
    """
    addresses = _addresses(arguments.get("addresses"))
    deadline = time.monotonic() + SESSION_SECONDS
    with _Session(host, deadline) as session:
        hello = session.greeted()
        answers = session.ask_all(addresses)
    return done({"mta": session.name, "greeting": hello, "answers": answers})


class _Ended(Exception):
    """The server says nothing more that can be used; `fault` is what a person is told of it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.fault = Fault(code, text)


class _Session:
    """One connection to the MTA. What it says is read to the deadline and no further."""

    def __init__(self, host: HostConfig, deadline: float) -> None:
        self.name = f"{host.local_mta_host}:{host.local_mta_port}"
        self.fqdn = host.fqdn
        self.deadline = deadline
        self.rest = b""
        address = (host.local_mta_host, host.local_mta_port)
        try:
            self.socket = socket.create_connection(address, timeout=self._left())
        except TimeoutError:
            raise Fault("mta_silent", f"{self.name} does not answer a connection.") from None
        except OSError as error:
            text = f"Nothing takes a connection at {self.name}: {error.strerror or error}."
            advice = "Start the MTA there, or correct local_mta_host and local_mta_port."
            raise Fault("mta_closed", f"{text} {advice}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def greeted(self) -> str:
        """Its greeting, after EHLO was taken. Raises Fault where there is no session to be had."""
        try:
            code, greeting = self._reply()
            if code == 220:
                code, said = self._say(f"EHLO {self.fqdn}")
            else:
                said = greeting
        except _Ended as ended:
            raise ended.fault from None
        if code != 250:
            text = f"{self.name} does not want to talk: {code} {said}".rstrip(" .")
            raise Fault("mta_busy" if code // 100 == 4 else "mta_refuses", f"{text}.")
        return greeting

    def ask_all(self, addresses: Sequence[str]) -> list[Json]:
        """The answer for each; where the session ends, why, and the rest is not asked."""
        answers: list[Json] = []
        over = ""
        for address in addresses:
            code, text = 0, over
            if not over:
                code, text = self._ask(address, first=not answers)
                over = self._over(code, text)
            verdict = verdict_of(code) if code else Verdict.NOT_ASKED
            answers.append(
                {"address": address, "verdict": verdict.value, "code": code, "text": text}
            )
        if not over:
            self._leave()
        return answers

    def _ask(self, address: str, *, first: bool) -> tuple[int, str]:
        """The reply, or 0 and why there is none."""
        try:
            if not first:
                self._say("RSET")
            code, text = self._say("MAIL FROM:<>")
            return self._say(f"RCPT TO:<{address}>") if code // 100 == 2 else (code, text)
        except _Ended as ended:
            return 0, ended.fault.text

    def _over(self, code: int, text: str) -> str:
        """Why nothing more can be asked, "" where it can."""
        if code == CLOSING:
            return f"{self.name} ended the session: {code} {text}"
        return "" if code else text

    def _leave(self) -> None:
        with suppress(_Ended):
            self._say("RSET")
            self._say("QUIT")

    def _say(self, line: str) -> tuple[int, str]:
        try:
            self.socket.settimeout(self._left())
            self.socket.sendall(f"{line}\r\n".encode("ascii"))
        except OSError as error:
            raise self._gone(error) from None
        return self._reply()

    def _reply(self) -> tuple[int, str]:
        """Code and text of one reply; its lines are joined with a blank."""
        texts, size = [], 0
        while True:
            line = self._line()
            size += len(line)
            match = REPLY.fullmatch(line)
            if match is None or size > MOST_REPLY:
                shown = _plain(line) or "nothing"
                text = f"{self.name} does not speak SMTP: it said {shown[:80]!r}."
                raise _Ended("mta_nonsense", text)
            texts.append(_plain(match["text"]))
            if match["more"] != b"-":
                return int(match["code"]), " ".join(texts).strip()[:MOST_TEXT]

    def _line(self) -> bytes:
        while b"\n" not in self.rest:
            if len(self.rest) > MOST_REPLY:
                break
            try:
                self.socket.settimeout(self._left())
                more = self.socket.recv(4096)
            except OSError as error:
                raise self._gone(error) from None
            if not more:
                raise _Ended("mta_closed", f"{self.name} closed the connection without a word.")
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r")

    def _left(self) -> float:
        # A timeout of 0 would mean not to wait at all, and say so in other words.
        return max(0.01, self.deadline - time.monotonic())

    def _gone(self, error: OSError) -> _Ended:
        if isinstance(error, TimeoutError):
            text = f"{self.name} took longer than {SESSION_SECONDS:.0f} s."
            return _Ended("mta_silent", text)
        return _Ended("mta_closed", f"The connection to {self.name} broke: {error.strerror}.")


def _addresses(given: Json) -> list[str]:
    """Raises Fault `malformed`: what is asked becomes a line of a session."""
    listed = list(given) if isinstance(given, list | tuple) else []
    plain = [item for item in listed if isinstance(item, str) and ADDRESS.fullmatch(item)]
    if not listed or len(listed) > MOST_ADDRESSES or plain != listed:
        text = f"addresses must be 1 to {MOST_ADDRESSES} plain addresses."
        raise Fault("malformed", f"The order cannot be carried out: {text}")
    return plain


def _plain(text: bytes) -> str:
    """What came over the wire, as printable text."""
    shown = text.decode("ascii", "backslashreplace")
    return "".join(sign if sign.isprintable() else "?" for sign in shown).strip()
