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


# Without these kombu tries for six seconds to reach a Redis that is away, and a person waits.
ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def nudge() -> None:
    """Send a tick; a Redis that is away is logged, because the next tick does the same."""
    options: dict[str, Any] = {"queue": direct_queue(CONTROL_QUEUE), "declare": []}
    try:
        with app.connection_for_write() as connection:
            connection.transport_options = {**(connection.transport_options or {}), **ONCE}
            app.send_task(TICK, retry=False, connection=connection, **options)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("no nudge, the next tick will do: %s", error)
