"""What one line of a list says, however the list is written."""

from __future__ import annotations

from dataclasses import dataclass

from routing.core.findings import Finding
from routing.core.intent import ObjectKind


@dataclass(frozen=True, slots=True)
class Listed:
    """What one line says of one key. None: the list does not say it; "": it says nothing is there.

    `value` is the right side of a mailertable line, `relay` the name of a relay target.
    """

    line: int
    key: str
    server: str = ""
    kind: ObjectKind | None = None
    value: str | None = None
    enabled: bool | None = None
    relay: str | None = None
    mailer: str | None = None
    next_hop: str | None = None
    note: str | None = None
    tags: str | None = None


@dataclass(frozen=True, slots=True)
class ListText:
    """The lines that can be used, in their order, and what is wrong with the others."""

    lines: tuple[Listed, ...]
    findings: tuple[Finding, ...] = ()
