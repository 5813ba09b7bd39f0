"""What waits for orders: a row that names its attempt, and one handler for each verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from mailadmin.wire.core.states import OPEN_STATES
from mailadmin.wire.models import Attempt


@dataclass(frozen=True, slots=True)
class Handler:
    """One verb. `request` writes the attempts that are due, and applies what an end that nobody
    applied would have brought: it is called at every tick, twice at once too. `may_sign` says why
    an order must not go, None when it may. `record` applies an attempt that ended, done or not, and
    may be called again."""

    request: Callable[[datetime], None]
    may_sign: Callable[[Attempt], str | None]
    record: Callable[[Attempt, datetime], None]


def ended_unheard(waiting: QuerySet[Any]) -> list[Attempt]:
    """Orders of these rows' `attempt` that ended while nobody applied what came of them: a process
    died in between."""
    mine = waiting.exclude(attempt=None).values("attempt")
    open_states = [state.value for state in OPEN_STATES]
    return list(Attempt.objects.filter(pk__in=mine).exclude(state__in=open_states))
