"""What the control plane needs to do its work, each with its state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache

import redis
from django import db
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from mailadmin.health.models import last_sweep
from mailadmin.ui.away import why_away
from mailadmin.ui.words import duration

OK = "ok"
REDIS_S = 1.0
LATE_S = 120.0
"""A tick that is older than this and than ten pauses: a long step may hold one up for a while."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is needed. `state` is "ok", or says in a few words what is the matter."""

    name: str
    state: str


def _database() -> str:
    with db.connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _or_away(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except db.Error as error:
        away = why_away(error)
        return away.value.replace("_", " ") if away else "an error"


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """Those of this version; read from disk once."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _migrations() -> str:
    applied = MigrationRecorder(db.connection).applied_migrations()
    missing = len(_known_migrations() - set(applied))
    return f"{missing} not applied" if missing else OK


def _redis() -> str:
    limits = {"socket_connect_timeout": REDIS_S, "socket_timeout": REDIS_S}
    once = Retry(NoBackoff(), 0)
    try:
        with redis.Redis.from_url(settings.BROKER_URL, retry=once, **limits) as client:
            client.ping()
    except redis.AuthenticationError:
        return "refuses our name or password"
    except (redis.RedisError, OSError):
        return "does not answer"
    return OK


def _tick() -> str:
    ended = last_sweep()
    if ended is None:
        return "never"
    age = (timezone.now() - ended).total_seconds()
    return OK if age <= max(LATE_S, 10 * settings.TICK_SECONDS) else f"{duration(age)} ago"


CHECKS: Mapping[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "tick": _tick,
}
"""In the order in which one needs the other."""
OF_ROWS = frozenset({"migrations", "tick"})


def checks(names: Collection[str] = tuple(CHECKS)) -> tuple[Check, ...]:
    """Those of these names; never raises for what is away. Without a database that answers, nothing
    is known of what only it tells."""
    asked = [name for name in CHECKS if name in names]
    away = OF_ROWS.intersection(asked) and _or_away(_database) != OK
    return tuple(
        Check(name, "not known" if away and name in OF_ROWS else _or_away(CHECKS[name]))
        for name in asked
    )
