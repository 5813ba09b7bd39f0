"""A mail server that accepts everything and records it, in the place of a real one.

    sink.py --listen 127.0.0.1:2525 [--listen …] --record sink.jsonl --name mta [--keep DIR]
        [--reply VERB=LINE] [--domain DOMAIN=LINE] [--behaviour FILE]

Each accepted message is one JSON line with at (ISO, UTC), sink, peer, reached (the address that was
called), helo, sender, recipients, size (bytes after DATA), message_id, subject, mail_params,
rcpt_params and kept (the file of the message, with --keep). Count deliveries by these lines, never
by what the sender says.
--reply makes it answer LINE to CONNECT, EHLO, MAIL, RCPT, DATA or END (the end of the message)
instead of accepting: ``--reply "RCPT=451 4.7.1 later"``; --domain answers LINE to each recipient
there. --behaviour names a file that is looked at while it runs, with one word: see BEHAVIOURS.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

LINE_LIMIT = 1 << 20
LOOK_S = 0.1
VERBS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END")
BEHAVIOURS: dict[str, dict[str, str]] = {
    "accepts": {},
    # Nobody listens: the client is refused the connection.
    "refuses": {},
    "later": {"RCPT": "451 4.7.1 Try again later"},
    "never": {"RCPT": "550 5.7.1 Not from here"},
    # The connection is taken, and nothing is ever said.
    "silent": {},
}
"""What the word in the file makes it do; anything else, and no file, is "accepts"."""


@dataclass(slots=True)
class Options:
    """What the command line asks for."""

    places: list[tuple[str, int]]
    record: Path
    name: str
    keep: Path | None
    replies: dict[str, str]
    domains: dict[str, str]
    behaviour: Path | None
    mode: str = "accepts"

    def look(self) -> bool:
        """Read the behaviour that is asked for; true when it is another one than before."""
        before, word = self.mode, ""
        with contextlib.suppress(OSError):
            word = self.behaviour.read_text().strip() if self.behaviour else ""
        self.mode = word if word in BEHAVIOURS else "accepts"
        return self.mode != before

    def reply(self, verb: str, recipient: str = "") -> str | None:
        """What is said instead of yes, None for yes."""
        domain = recipient.rpartition("@")[2].lower()
        return (
            BEHAVIOURS[self.mode].get(verb)
            or (self.domains.get(domain) if verb == "RCPT" else None)
            or self.replies.get(verb)
        )


@dataclass(slots=True)
class Envelope:
    """What one client has said since its last MAIL."""

    sender: str = ""
    mail_params: str = ""
    recipients: list[str] = field(default_factory=list)
    rcpt_params: list[str] = field(default_factory=list)


def split_path(argument: str) -> tuple[str, str]:
    """``FROM:<a@b> RET=HDRS`` → (``a@b``, ``RET=HDRS``)."""
    _, _, rest = argument.partition(":")
    path, _, params = rest.strip().partition(">")
    return path.removeprefix("<"), params.strip()


class Conversation:
    """One client's connection."""

    def __init__(
        self, options: Options, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.options, self.reader, self.writer = options, reader, writer
        self.helo = ""
        self.envelope = Envelope()

    async def run(self) -> None:
        """Talk until the client leaves."""
        if not self.say("CONNECT", f"220 {self.options.name} ESMTP sink"):
            return
        while line := await self.read_line():
            verb, _, argument = line.decode("utf-8", "surrogateescape").strip().partition(" ")
            if verb.upper() == "QUIT":
                self.send("221 2.0.0 bye")
                return
            await self.obey(verb.upper(), argument)
            await self.writer.drain()

    async def obey(self, verb: str, argument: str) -> None:
        match verb:
            case "HELO" | "EHLO":
                self.helo = argument
                self.say("EHLO", f"250-{self.options.name}\r\n250-8BITMIME\r\n250 DSN")
            case "MAIL":
                if self.say(verb, "250 2.1.0 sender ok"):
                    sender, params = split_path(argument)
                    self.envelope = Envelope(sender, params)
            case "RCPT":
                recipient, params = split_path(argument)
                if self.say(verb, "250 2.1.5 recipient ok", recipient):
                    self.envelope.recipients.append(recipient)
                    self.envelope.rcpt_params.append(params)
            case "DATA":
                await self.take_message()
            case "RSET":
                self.envelope = Envelope()
                self.send("250 2.0.0 reset")
            case "NOOP":
                self.send("250 2.0.0 ok")
            case _:
                self.send("500 5.5.1 unknown command")

    async def take_message(self) -> None:
        if not self.envelope.recipients:
            self.send("503 5.5.1 no recipient")
            return
        if not self.say("DATA", "354 go on"):
            return
        await self.writer.drain()
        lines = []
        while (line := await self.read_line()) != b".\r\n":
            if not line:
                return
            lines.append(line[1:] if line.startswith(b".") else line)
        if self.options.reply("END") is None:
            record_message(self, b"".join(lines))
        self.say("END", "250 2.0.0 recorded")
        self.envelope = Envelope()

    async def read_line(self) -> bytes:
        line = await self.reader.readline()
        # Else the client may wait 40 ms for each delayed ACK; the option does not last.
        peer: socket.socket = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return line

    def say(self, verb: str, accept: str, recipient: str = "") -> bool:
        """Answer what is asked for at this verb, else ``accept``; true when that means yes."""
        reply = self.options.reply(verb, recipient) or accept
        self.send(reply)
        return reply.startswith(("2", "3"))

    def send(self, reply: str) -> None:
        self.writer.write(f"{reply}\r\n".encode())


def record_message(talk: Conversation, message: bytes) -> None:
    """Append the message's line, flushed before it is acknowledged."""
    headers = BytesHeaderParser().parsebytes(message.partition(b"\r\n\r\n")[0])
    now = datetime.now(UTC)
    entry = {
        "at": now.isoformat(timespec="milliseconds"),
        "sink": talk.options.name,
        "peer": talk.writer.get_extra_info("peername")[0],
        "reached": talk.writer.get_extra_info("sockname")[0],
        "helo": talk.helo,
        "sender": talk.envelope.sender,
        "recipients": talk.envelope.recipients,
        "size": len(message),
        "message_id": str(headers.get("Message-ID", "")).strip(),
        "subject": str(headers.get("Subject", "")),
        "mail_params": talk.envelope.mail_params,
        "rcpt_params": talk.envelope.rcpt_params,
        "kept": keep_message(talk.options.keep, now, message),
    }
    with talk.options.record.open("a") as out:
        out.write(json.dumps(entry) + "\n")


def keep_message(keep: Path | None, now: datetime, message: bytes) -> str:
    if keep is None:
        return ""
    target = keep / f"{now.timestamp():.6f}-{len(message)}.eml"
    target.write_bytes(message)
    return str(target)


class Server:
    """All places of one sink, open or shut as its behaviour says."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.servers: list[asyncio.Server] = []
        self.kept_waiting: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Listen everywhere. A port 0 becomes the one that was given."""
        for at, (host, port) in enumerate(self.options.places):
            server = await asyncio.start_server(self.talk, host, port, limit=LINE_LIMIT)
            self.options.places[at] = (host, server.sockets[0].getsockname()[1])
            self.servers.append(server)

    def shut(self) -> None:
        """New connections are refused; who talks already may end."""
        for server in self.servers:
            server.close()
        self.servers.clear()

    async def follow(self) -> None:
        """Do what the file says, for ever. Who was kept waiting is let go when it says another."""
        while True:
            await asyncio.sleep(LOOK_S)
            if not self.options.look():
                continue
            for writer in self.kept_waiting:
                writer.close()
            if self.options.mode == "refuses":
                self.shut()
            elif not self.servers:
                await self.open()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if self.options.mode == "silent":
                self.kept_waiting.add(writer)
                await reader.read()
            else:
                await Conversation(self.options, reader, writer).run()
        self.kept_waiting.discard(writer)
        writer.close()


async def serve(options: Options) -> None:
    """Listen until SIGTERM or SIGINT; says ``listening`` on standard output once it does."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    options.look()
    server = Server(options)
    await server.open()
    if options.mode == "refuses":
        server.shut()
    follow = asyncio.create_task(server.follow())
    options.record.touch()
    host, port = options.places[0]
    sys.stdout.write(f"listening {host}:{port}\n")
    sys.stdout.flush()
    await stop.wait()
    follow.cancel()
    server.shut()


def parse_place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}: write ADDRESS:PORT")
    return host, int(port)


def parse_domain(text: str) -> tuple[str, str]:
    domain, equals, line = text.partition("=")
    if not equals or not domain or not line[:3].isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}: write DOMAIN=LINE")
    return domain.lower(), line


def parse_reply(text: str) -> tuple[str, str]:
    verb, equals, line = text.partition("=")
    if not equals or verb not in VERBS or not line[:3].isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}: write VERB=LINE with VERB one of {VERBS}")
    return verb, line


def parse_options(arguments: list[str]) -> Options:
    """Read the command line; a wrong one ends the program with a message."""
    parser = argparse.ArgumentParser(prog="sink.py", description="Accepts and records mail.")
    parser.add_argument(
        "--listen", required=True, type=parse_place, action="append", metavar="ADDRESS:PORT"
    )
    parser.add_argument("--record", required=True, type=Path, metavar="FILE.jsonl")
    parser.add_argument("--name", required=True)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep each message here")
    parser.add_argument("--reply", type=parse_reply, action="append", default=[])
    parser.add_argument("--domain", type=parse_domain, action="append", default=[])
    parser.add_argument("--behaviour", type=Path, metavar="FILE", help="one word, read again")
    given = parser.parse_args(arguments)
    return Options(
        places=given.listen,
        record=given.record,
        name=given.name,
        keep=given.keep,
        replies=dict(given.reply),
        domains=dict(given.domain),
        behaviour=given.behaviour,
    )


if __name__ == "__main__":
    asyncio.run(serve(parse_options(sys.argv[1:])))
