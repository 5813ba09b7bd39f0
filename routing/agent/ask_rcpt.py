"""Ask rcpt: would the MTA of this host take mail for these addresses? Nothing is sent.

One session, as a client on this host has it: EHLO, and for each address MAIL FROM:<>, RCPT, RSET.
All of it has one deadline, whatever the server does: it may hang, drip, talk nonsense or never end.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from mailadmin.smtp import CLOSING, Broken, Deadline, Session
from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.faults import Fault, reports_faults
from routing.agent.host import HostConfig
from routing.core.rcpt import ADDRESS, MOST_ADDRESSES, Verdict, verdict_of

SESSION_SECONDS = 30.0
"""Of the whole session: an order waits for it, and the next look of this agent."""


@reports_faults("Nothing was sent.")
def ask_rcpt(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """The reply to RCPT for each of `addresses`, at most MOST_ADDRESSES of them, in their order.

    A server that ends the session in the middle leaves the rest *not asked*.
    """
    addresses = _addresses(arguments.get("addresses"))
    with _Asking(host, Deadline(SESSION_SECONDS)) as session:
        hello = session.greeted()
        answers = session.ask_all(addresses)
    return done({"mta": session.name, "greeting": hello, "answers": answers})


class _Asking:
    """One connection to the MTA, from its greeting on."""

    def __init__(self, host: HostConfig, deadline: Deadline) -> None:
        self.name = f"{host.local_mta_host}:{host.local_mta_port}"
        self.fqdn = host.fqdn
        address = (host.local_mta_host, host.local_mta_port)
        try:
            self.socket = socket.create_connection(address, timeout=deadline.left())
        except TimeoutError:
            raise Fault("mta_silent", f"{self.name} does not answer a connection.") from None
        except OSError as error:
            text = f"Nothing takes a connection at {self.name}: {error.strerror or error}."
            advice = "Start the MTA there, or correct local_mta_host and local_mta_port."
            raise Fault("mta_closed", f"{text} {advice}") from None
        self.session = Session(self.socket, name=self.name, deadline=deadline)

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
            greeting = said = self.session.reply()
            if greeting.code == 220:
                said = self.session.say(f"EHLO {self.fqdn}")
        except Broken as broken:
            raise Fault(f"mta_{broken.end}", broken.text) from None
        if said.code != 250:
            text = f"{self.name} does not want to talk: {said.code} {said.text}".rstrip(" .")
            raise Fault("mta_busy" if said.code // 100 == 4 else "mta_refuses", f"{text}.")
        return greeting.text

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
                self.session.say("RSET")
            said = self.session.say("MAIL FROM:<>")
            if said.accepts:
                said = self.session.say(f"RCPT TO:<{address}>")
        except Broken as broken:
            return 0, broken.text
        return said.code, said.text

    def _over(self, code: int, text: str) -> str:
        """Why nothing more can be asked, "" where it can."""
        if code == CLOSING:
            return f"{self.name} ended the session: {code} {text}"
        return "" if code else text

    def _leave(self) -> None:
        with suppress(Broken):
            self.session.say("RSET")
            self.session.say("QUIT")


def _addresses(given: Json) -> list[str]:
    """Raises Fault `malformed`: what is asked becomes a line of a session."""
    listed = list(given) if isinstance(given, list | tuple) else []
    plain = [item for item in listed if isinstance(item, str) and ADDRESS.fullmatch(item)]
    if not listed or len(listed) > MOST_ADDRESSES or plain != listed:
        text = f"addresses must be 1 to {MOST_ADDRESSES} plain addresses."
        raise Fault("malformed", f"The order cannot be carried out: {text}")
    return plain
