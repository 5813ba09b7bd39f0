"""What a service refuses, each with everything that a page needs to say why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class NotAllowed(Exception):
    """The policy or the state forbids it now. `reasons` are sentences, all of them."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))


class DigestMoved(Exception):
    """The page showed another content than the push has now: nothing was approved."""

    def __init__(self, shown: str, now: str, state: str, changed_at: datetime) -> None:
        self.shown, self.now, self.state, self.changed_at = shown, now, state, changed_at
        super().__init__(f"The page showed {shown[:8]}; the push now has {now[:8] or 'no digest'}.")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two conflicting values: the fields, who wrote them, and when (None: now)."""

    values: dict[str, Any]
    by: str
    at: datetime | None


class ConflictingEdit(Exception):
    """Somebody else saved the object after this page was opened; nothing was overwritten."""

    def __init__(self, subject: str, theirs: Side, yours: Side) -> None:
        self.subject, self.theirs, self.yours = subject, theirs, yours
        super().__init__(f"{theirs.by} changed {subject} while you edited it.")
