"""Observe, spool role: the messages that the wrapper kept."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done, failed
from routing.agent.host import HostConfig
from spools.agent.kept import count_kept, list_kept


def observe(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """The oldest kept messages, and how many there are in all. One in work is not kept yet."""
    try:
        kept = [message for message in list_kept(host.kept) if not message.running]
        total = count_kept(host.kept)
    except OSError as error:
        text = f"The area of kept messages {host.kept} cannot be read: {error.strerror}."
        return failed("disk", text)
    # Floats do not cross the wire; a second is as exact as anybody needs.
    shown = [message.to_json() | {"at": int(message.at)} for message in kept]
    return done({"kept": shown, "kept_total": total})
