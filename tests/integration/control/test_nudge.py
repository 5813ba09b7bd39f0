"""The nudge: a tick sooner when Redis is there, nothing worse than a log line when it is not."""

from __future__ import annotations

import time

import pytest
import redis
from django.test import Client

from deploy.sandbox.broker import free_port
from mailadmin.celery import app
from mailadmin.nudge import nudge
from mailadmin.wire.names import CONTROL_QUEUE

PATIENCE_S = 5.0


def test_a_nudge_leaves_one_tick_for_the_control_worker(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", redis_url)
    assert nudge() is True
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen(CONTROL_QUEUE) == 1


def test_nobody_waits_for_a_redis_that_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A person waits for the page meanwhile; kombu alone would try for six seconds."""
    monkeypatch.setattr(app.conf, "broker_write_url", f"redis://127.0.0.1:{free_port()}/0")
    began = time.monotonic()
    assert nudge() is False
    assert time.monotonic() - began < PATIENCE_S
    assert "no nudge, the next tick will do" in caplog.text


@pytest.mark.django_db
def test_people_can_sign_in_while_redis_is_away(client: Client) -> None:
    """No Redis runs for this test; the limits on signing in are counted in the database."""
    answer = client.post("/sign-in/", {"login": "nobody", "password": "wrong"})
    assert answer.status_code == 200
    assert b"not correct" in answer.content
