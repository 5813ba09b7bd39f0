"""The life of one attempt, which is one signed order with its own id and one sequence."""

from collections.abc import Mapping
from enum import StrEnum


class AttemptState(StrEnum):
    """DUE: asked for, not signed. SENT: signed and open. The others are ends: REPORTED has an
    outcome, EXPIRED got no answer in time, CANCELLED was never signed."""

    DUE = "due"
    SENT = "sent"
    REPORTED = "reported"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ATTEMPT_TRANSITIONS: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.DUE: frozenset({AttemptState.SENT, AttemptState.CANCELLED}),
    AttemptState.SENT: frozenset({AttemptState.REPORTED, AttemptState.EXPIRED}),
    AttemptState.REPORTED: frozenset(),
    AttemptState.EXPIRED: frozenset(),
    AttemptState.CANCELLED: frozenset(),
}

OPEN_STATES = frozenset(state for state, following in ATTEMPT_TRANSITIONS.items() if following)
