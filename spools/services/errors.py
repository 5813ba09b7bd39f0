"""What a service of ours refuses, with everything that a page needs to say why."""

from __future__ import annotations

from collections.abc import Iterable


class NotAllowed(Exception):
    """The policy or the state forbids it now. `reasons` are sentences, all of them."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))
