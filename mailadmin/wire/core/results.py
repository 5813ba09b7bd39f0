"""What a verb gives back to the agent that ran it."""

from collections.abc import Mapping
from dataclasses import dataclass

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.messages import Outcome


@dataclass(frozen=True, slots=True)
class VerbResult:
    """`blob` holds the unpacked bytes of what is too large for the body."""

    outcome: Outcome
    body: Mapping[str, Json]
    blob: bytes | None = None


def done(body: Mapping[str, Json], blob: bytes | None = None) -> VerbResult:
    return VerbResult(Outcome.DONE, body, blob)


def failed(code: str, text: str, **more: Json) -> VerbResult:
    """The verb ran and could not; `code` is for programs, `text` tells a person what to do."""
    return VerbResult(Outcome.FAILED, {"error": {**more, "code": code, "text": text}})
