"""By which configuration of the live release a run sends what waits."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class RunKind(StrEnum):
    """FALLBACK goes straight to the MX, past the relay. RETRY goes as the normal runner does, by
    the table, but at once and without an eye on how young a message is."""

    FALLBACK = "fallback"
    RETRY = "retry"


CONFIGURATIONS: Mapping[RunKind, str] = {
    RunKind.FALLBACK: "sympa-fallback.cf",
    RunKind.RETRY: "sympa.cf",
}
"""The file of a release that such a run reads."""

LABELS: Mapping[RunKind, str] = {RunKind.FALLBACK: "sm-fallback", RunKind.RETRY: "sm-retry"}
"""What its sendmails are called in the mail log."""

WORDS: Mapping[RunKind, str] = {RunKind.FALLBACK: "by fallback", RunKind.RETRY: "by the table"}
"""After "run 3", wherever one is named."""
