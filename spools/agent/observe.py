"""Observe, spool role: the messages that the wrapper kept, and the last run through the spool."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done, failed
from routing.agent.host import HostConfig
from spools.agent.kept import count_kept, list_kept
from spools.agent.queue_run import last_run


def observe(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """The oldest kept messages, and how many there are in all. One in work is not kept yet.

    `runner` is the record of the last queue run, {} where there was none.
    """
    try:
        kept = [message for message in list_kept(host.kept) if not message.running]
        total = count_kept(host.kept)
    except OSError as error:
        text = f"The area of kept messages {host.kept} cannot be read: {error.strerror}."
        return failed("disk", text)
    # Floats do not cross the wire; a second is as exact as anybody needs.
    shown = [message.to_json() | {"at": int(message.at)} for message in kept]
    run = last_run(host)
    runner = {} if run is None else run.to_json()
    return done({"kept": shown, "kept_total": total, "runner": runner})
