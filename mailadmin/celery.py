"""The control plane's Celery application: one beat entry, two task queues."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")

from celery import Celery  # the settings' name must be known first
from django.conf import settings

from mailadmin.wire.broker import WithoutAcknowledgement, celery_settings
from mailadmin.wire.names import CONTROL_QUEUE, REPORTS_QUEUE

app = Celery("mailadmin", amqp=WithoutAcknowledgement, fixups=["celery.fixups.django:fixup"])
app.conf.update(
    celery_settings(
        url=settings.BROKER_URL, prefix="control", queues=[CONTROL_QUEUE, REPORTS_QUEUE]
    )
)
app.conf.update(
    task_time_limit=600,
    worker_hijack_root_logger=False,
    beat_schedule={"tick": {"task": "mailadmin.tick", "schedule": settings.TICK_SECONDS}},
    beat_schedule_filename=str(settings.VAR_DIR / "beat-schedule"),
    imports=["mailadmin.tasks"],
)
