"""One bounded slice of a run through the spool: by the fallback, or by the table once more.

The same slice ordered again is told again, and not run again; one that was cut off by the death of
the agent goes on. What the sendmails of a dead agent did is found, not done twice.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mailadmin.links import StrangeLink, linked_release
from mailadmin.wire.core.canonical import Json, canonical
from mailadmin.wire.core.results import VerbResult, done, failed
from routing.agent.host import HostConfig
from spools.agent.flush_book import Book, only_one, others
from spools.agent.flush_slice import Slice, recover
from spools.core.flush import FlushOrder, MalformedOrder
from spools.core.run_kind import CONFIGURATIONS, RunKind

UNCHANGED = "Nothing was sent."


class Refused(Exception):
    """Why nothing may be sent here."""

    def __init__(self, code: str, text: str, **more: Json) -> None:
        super().__init__(text)
        self.code, self.text, self.more = code, text, more


def flush(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """A slice past the relay; see `_sliced`."""
    return _sliced(host, arguments, RunKind.FALLBACK)


def retry(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """A slice by the table. A verb of its own: an agent that does not know it refuses the order,
    and does not send past the relay what was to go by it."""
    return _sliced(host, arguments, RunKind.RETRY)


def _sliced(host: HostConfig, arguments: Mapping[str, Json], kind: RunKind) -> VerbResult:
    """The body and the blob are what `Slice.run` gives; `ways`, `receipts` and `left_over`, what an
    earlier run had not told, are in the blob."""
    try:
        order = FlushOrder.from_json(arguments, kind)
        with only_one(host.state) as place:
            earlier = [
                found for book in others(place, order.run) if (found := _left_over(host, book))
            ]
            book = Book.open(place / order.run)
            result = book.results.get(order.slice)
            if result is None:
                with _release(host, order):
                    result = Slice(host, order, book).run()
                book.finish(order.slice, result)
    except MalformedOrder as error:
        return failed("malformed", str(error), unchanged=UNCHANGED)
    except Refused as refused:
        return failed(refused.code, refused.text, unchanged=UNCHANGED, **refused.more)
    except BlockingIOError:
        return failed("busy", "Another run goes on here.", unchanged=UNCHANGED)
    except OSError as error:
        text = f"{error.filename or host.spool} cannot be used: {error.strerror}."
        return failed("disk", text)
    large: dict[str, Any] = {name: result[name] for name in ("ways", "receipts")}
    body = {name: value for name, value in result.items() if name not in large}
    return done(body, canonical({**large, "left_over": earlier}))


def _left_over(host: HostConfig, book: Book) -> dict[str, Any] | None:
    """What an earlier run did after its last word; it is forgotten here when this is told."""
    recover(host, book)
    receipts = book.receipts
    run = book.place.name
    book.remove()
    return {"run": run, "receipts": receipts} if receipts else None


@contextmanager
def _release(host: HostConfig, order: FlushOrder) -> Iterator[None]:
    """Hold the release, as the wrapper does: nobody removes it meanwhile. Raises Refused."""
    release, configuration = order.release, CONFIGURATIONS[order.kind]
    for name, code in (("current", "not_live"), ("last-good", "not_good")):
        found = _linked(host, name)
        if found != release:
            what = "runs" if name == "current" else "last confirmed"
            text = f"The host {what} {found[:8] or 'no release'}, not {release[:8]}."
            raise Refused(code, text, live=found)
    place = host.routing / "releases" / release
    try:
        with (place / configuration).open("rb"):
            pass
        held = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        text = f"{host.owner} cannot read {configuration} of {release[:8]}: {error.strerror}."
        raise Refused("unreadable", text) from None
    try:
        fcntl.flock(held, fcntl.LOCK_SH)
        yield
    finally:
        os.close(held)


def _linked(host: HostConfig, name: str) -> str:
    try:
        return linked_release(host.routing / name)
    except StrangeLink as strange:
        raise Refused("drift", str(strange)) from None
