"""The agent's Celery application: one task queue, one task, one order at a time."""

from __future__ import annotations

import time

from celery import Celery

from mailadmin.agent.carry_out import Desk, VerbTable, carry_out
from mailadmin.agent.config import AgentConfig
from mailadmin.agent.journal import Journal
from mailadmin.wire.broker import (
    QUIET_WORKER,
    WithoutAcknowledgement,
    celery_settings,
    drop_builtin_tasks,
)
from mailadmin.wire.names import CARRY_OUT, task_queue
from mailadmin.wire.transport import Transport


def make_app(config: AgentConfig, verbs: VerbTable) -> Celery:
    """Without fixups, so that Celery never looks for Django, whatever the environment says."""
    queue = task_queue(config.host, config.role)
    app = Celery("mailadmin.agent", set_as_current=False, amqp=WithoutAcknowledgement, fixups=[])
    app.conf.update(celery_settings(url=config.broker_url, prefix=queue, queues=[queue]))
    desk = Desk(
        config=config,
        journal=Journal(config.state_dir),
        verbs=verbs,
        transport=Transport.connect(app=app, url=config.broker_url, blob_ttl_s=config.blob_ttl_s),
        clock=lambda: int(time.time()),
    )
    add_task(app, desk)
    drop_builtin_tasks(app)
    return app


def add_task(app: Celery, desk: Desk) -> None:
    @app.task(name=CARRY_OUT)
    def carry_out_order(envelope: str) -> None:
        carry_out(desk, envelope)


def run_worker(app: Celery, config: AgentConfig) -> None:
    """Returns when the worker was told to stop (SIGTERM: after the order in hand)."""
    queue = task_queue(config.host, config.role)
    app.worker_main(
        [
            "worker",
            "--pool=solo",
            "--loglevel=INFO",
            f"--hostname={queue}@{config.host_config.fqdn}",
            *QUIET_WORKER,
        ]
    )
