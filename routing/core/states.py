"""The two state tables of a config push. `docs/states.md` is drawn from them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class PushState(StrEnum):
    """Where a config push is."""

    PROPOSED = "proposed"
    STAGING = "staging"
    FAILED = "failed"
    PROVED = "proved"
    APPROVED = "approved"
    DEPLOYING = "deploying"
    STOPPED = "stopped"
    ACTIVE = "active"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    GIVEN_UP = "given_up"


class TargetState(StrEnum):
    """Where the part of a push for one mail host is."""

    PENDING = "pending"
    STAGED = "staged"
    ACTIVATED = "activated"
    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    GIVEN_UP = "given_up"


PUSH_TRANSITIONS: Mapping[PushState, frozenset[PushState]] = {
    PushState.PROPOSED: frozenset(
        {PushState.STAGING, PushState.SUPERSEDED, PushState.REFUSED, PushState.EXPIRED}
    ),
    PushState.STAGING: frozenset(
        {
            PushState.PROVED,
            PushState.FAILED,
            PushState.SUPERSEDED,
            PushState.REFUSED,
            PushState.EXPIRED,
        }
    ),
    PushState.FAILED: frozenset({PushState.SUPERSEDED}),
    PushState.PROVED: frozenset(
        {
            PushState.APPROVED,
            PushState.STAGING,
            PushState.FAILED,
            PushState.SUPERSEDED,
            PushState.REFUSED,
            PushState.EXPIRED,
        }
    ),
    PushState.APPROVED: frozenset(
        {
            PushState.DEPLOYING,
            PushState.STAGING,
            PushState.FAILED,
            PushState.SUPERSEDED,
            PushState.REFUSED,
            PushState.EXPIRED,
        }
    ),
    PushState.DEPLOYING: frozenset({PushState.ACTIVE, PushState.STOPPED, PushState.GIVEN_UP}),
    PushState.STOPPED: frozenset(
        {PushState.DEPLOYING, PushState.SUPERSEDED, PushState.ACTIVE, PushState.GIVEN_UP}
    ),
    PushState.ACTIVE: frozenset(),
    PushState.REFUSED: frozenset(),
    PushState.SUPERSEDED: frozenset(),
    PushState.EXPIRED: frozenset(),
    PushState.GIVEN_UP: frozenset(),
}

TARGET_TRANSITIONS: Mapping[TargetState, frozenset[TargetState]] = {
    TargetState.PENDING: frozenset(
        {
            TargetState.STAGED,
            TargetState.FAILED,
            TargetState.UNREACHABLE,
            TargetState.GIVEN_UP,
        }
    ),
    TargetState.STAGED: frozenset(
        {
            TargetState.ACTIVATED,
            TargetState.FAILED,
            TargetState.UNREACHABLE,
            TargetState.PENDING,
            TargetState.GIVEN_UP,
        }
    ),
    TargetState.ACTIVATED: frozenset(
        {
            TargetState.CONFIRMED,
            TargetState.REVERTED,
            TargetState.FAILED,
            TargetState.UNREACHABLE,
            TargetState.GIVEN_UP,
        }
    ),
    TargetState.CONFIRMED: frozenset(),
    TargetState.REVERTED: frozenset(
        {TargetState.PENDING, TargetState.STAGED, TargetState.GIVEN_UP}
    ),
    TargetState.FAILED: frozenset({TargetState.PENDING, TargetState.STAGED, TargetState.GIVEN_UP}),
    TargetState.UNREACHABLE: frozenset(
        {
            TargetState.PENDING,
            TargetState.STAGED,
            TargetState.ACTIVATED,
            TargetState.CONFIRMED,
            TargetState.REVERTED,
            TargetState.FAILED,
            TargetState.GIVEN_UP,
        }
    ),
    TargetState.GIVEN_UP: frozenset(),
}

OVER_TARGET = frozenset({TargetState.CONFIRMED, TargetState.GIVEN_UP})
"""States in which nothing more is asked of a host for its push."""

OPEN_PUSH = frozenset(
    {
        PushState.PROPOSED,
        PushState.STAGING,
        PushState.PROVED,
        PushState.APPROVED,
        PushState.DEPLOYING,
        PushState.STOPPED,
    }
)
"""States in which a push holds its mail hosts: at most one such push per host."""

REPLACEABLE_PUSH = OPEN_PUSH - {PushState.DEPLOYING}
"""States from which a new proposal supersedes a push (out of stopped: only a restore does)."""
