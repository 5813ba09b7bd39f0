"""Reads the arguments of a verb; a digest becomes part of a path, so nothing else gets through."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.fields import DIGEST
from routing.agent.faults import Fault


def digests(
    arguments: Mapping[str, Json],
    *names: str,
    may_be_empty: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """The named arguments in order; one of `optional` that an older control plane does not send is
    "". Raises Fault `malformed` with every wrong one at once."""
    problems = []
    found = []
    for name in names:
        value = arguments.get(name, "" if name in optional else None)
        found.append(value if isinstance(value, str) else "")
        empty = name in (*may_be_empty, *optional) and value == ""
        if not empty and not (isinstance(value, str) and DIGEST.fullmatch(value)):
            problems.append(f"{name} must be 64 hexadecimal digits, not {value!r:.80}")
    if problems:
        raise Fault("malformed", f"The order cannot be carried out: {'; '.join(problems)}.")
    return tuple(found)
