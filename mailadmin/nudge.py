"""Tell the control worker that something is due now. Losing a nudge costs one tick."""

from __future__ import annotations

import logging
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from mailadmin.celery import app
from mailadmin.wire.broker import direct_queue
from mailadmin.wire.names import CONTROL_QUEUE

log = logging.getLogger(__name__)

TICK = "mailadmin.tick"


# Without these kombu tries for six seconds to reach a Redis that is away, and waits for half a
# minute for one that hangs; and a person waits with it.
ONCE = {
    **{"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0},
    **{"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
}
LATER = "Redis does not answer: the mail hosts hear of it when it is back."


def nudged(text: str) -> str:
    """What a person reads who did something: `text`, and more when Redis is away."""
    return text if nudge() else f"{text} {LATER}"


def nudge() -> bool:
    """Send a tick, and tell whether it was sent. A Redis that is away is logged, because the next
    tick does the same."""
    options: dict[str, Any] = {"queue": direct_queue(CONTROL_QUEUE), "declare": []}
    try:
        with app.connection_for_write() as connection:
            connection.transport_options = {**(connection.transport_options or {}), **ONCE}
            app.send_task(TICK, retry=False, connection=connection, **options)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("no nudge, the next tick will do: %s", error)
        return False
    return True
