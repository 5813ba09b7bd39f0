"""Puts messages and blobs into Redis and takes blobs out. It decides nothing: whatever is lost
here is sent again from the rows of the control plane and the journal of the agent.
"""

from __future__ import annotations

from typing import Any, cast

import redis
from celery import Celery
from kombu.exceptions import KombuError

from mailadmin.wire.broker import direct_queue
from mailadmin.wire.core.blobs import MAX_BYTES
from mailadmin.wire.core.messages import Role
from mailadmin.wire.names import CARRY_OUT, RECORD_REPORT, REPORTS_QUEUE, blob_key, task_queue


class TransportDown(Exception):
    """Redis could not be reached or refused; nothing is known to have arrived."""


class Transport:
    """`app` is any Celery application on the same Redis; `blob_ttl_s` is how long a blob that
    nobody fetched may stay."""

    def __init__(self, *, app: Celery, client: redis.Redis, blob_ttl_s: int) -> None:
        self._app = app
        self._client = client
        self._blob_ttl_s = blob_ttl_s

    @classmethod
    def connect(cls, *, app: Celery, url: str, blob_ttl_s: int) -> Transport:
        client = redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=30)
        return cls(app=app, client=client, blob_ttl_s=blob_ttl_s)

    def put_blob(self, host: str, role: Role, digest: str, packed: bytes) -> None:
        try:
            self._client.set(blob_key(host, role, digest), packed, ex=self._blob_ttl_s)
        except (redis.RedisError, OSError) as error:
            raise TransportDown(str(error)) from error

    def get_blob(self, host: str, role: Role, digest: str) -> bytes | None:
        """The packed bytes, unchecked; None where there are none or more than the cap."""
        key = blob_key(host, role, digest)
        try:
            if self._client.strlen(key) > MAX_BYTES:
                return None
            return cast("bytes | None", self._client.get(key))
        except (redis.RedisError, OSError) as error:
            raise TransportDown(str(error)) from error

    def backlog(self, host: str, role: Role) -> int:
        """How many orders wait for the agent; one that it has taken is not counted."""
        try:
            return self._client.llen(task_queue(host, role))
        except (redis.RedisError, OSError) as error:
            raise TransportDown(str(error)) from error

    def clear(self, host: str, role: Role) -> None:
        """Empty the agent's task queue; what waits there is closed, or sent again by the sweep."""
        try:
            self._client.delete(task_queue(host, role))
        except (redis.RedisError, OSError) as error:
            raise TransportDown(str(error)) from error

    def send_order(self, host: str, role: Role, envelope: str) -> None:
        """Replaces what waits: only one order per agent is open, so any other is closed. An agent
        that was away for a day finds one order."""
        self.clear(host, role)
        self._send(CARRY_OUT, task_queue(host, role), envelope)

    def send_report(self, envelope: str) -> None:
        self._send(RECORD_REPORT, REPORTS_QUEUE, envelope)

    def _send(self, task: str, queue: str, envelope: str) -> None:
        # Nothing is declared: that would ask for the length of the queue, and an agent may not
        # read the reports.
        options: dict[str, Any] = {"queue": direct_queue(queue), "declare": [], "retry": False}
        try:
            self._app.send_task(task, args=[envelope], ignore_result=True, **options)
        except (KombuError, redis.RedisError, OSError) as error:
            raise TransportDown(str(error)) from error
