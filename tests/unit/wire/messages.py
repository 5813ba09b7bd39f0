"""Good messages for tests to change."""

from dataclasses import replace
from typing import Any

from mailadmin.wire.core.messages import VERSION, Order, Outcome, Report, Role, Verb

ATTEMPT = "0b2e4b0e-35b1-4b57-9c5d-6f3a5c8f0001"
DIGEST = "a" * 64
NOW = 1_800_000_000

ORDER = Order(
    version=VERSION,
    host="listes",
    role=Role.DEPLOY,
    verb=Verb.STAGE,
    arguments={"release": DIGEST},
    attempt=ATTEMPT,
    sequence=7,
    not_after=NOW + 600,
    blob=DIGEST,
)
REPORT = Report(
    version=VERSION,
    host="listes",
    role=Role.DEPLOY,
    attempt=ATTEMPT,
    sequence=7,
    outcome=Outcome.DONE,
    body={"release": DIGEST},
    blob=None,
    at=NOW,
)


def order(**changes: Any) -> Order:
    return replace(ORDER, **changes)


def report(**changes: Any) -> Report:
    return replace(REPORT, **changes)
