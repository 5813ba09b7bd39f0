"""Why a verb could not be carried out, turned into its result in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, failed
from routing.agent.host import HostConfig

Verb = Callable[[HostConfig, Mapping[str, Json], bytes | None], VerbResult]


class Fault(Exception):
    """`code` is one of docs/architecture.md; `text` says what, where and what to do instead."""

    def __init__(self, code: str, text: str, **more: Json) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.more = more


def reports_faults(unchanged: str) -> Callable[[Verb], Verb]:
    """Make a verb answer *failed* where it raises Fault or OSError.

    `unchanged` is added to each error: it tells the person who reads it what is still as it was.
    """

    def decorate(verb: Verb) -> Verb:
        @wraps(verb)
        def reporting(
            host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None
        ) -> VerbResult:
            try:
                return verb(host, arguments, blob)
            except Fault as fault:
                return failed(fault.code, fault.text, unchanged=unchanged, **fault.more)
            except OSError as error:
                return failed("disk", _disk_text(error, host), unchanged=unchanged)

        return reporting

    return decorate


def _disk_text(error: OSError, host: HostConfig) -> str:
    # A write that finds no room does not say to which file.
    where = error.filename or f"a write below {host.routing}"
    return (
        f"The file system refused {where}: {error.strerror or error}."
        " See that it is writable, belongs to the agent's user and has room, then try again."
    )
