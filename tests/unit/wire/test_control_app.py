"""The control plane's application can be asked for two things and no more."""

from mailadmin.celery import app
from mailadmin.nudge import TICK
from mailadmin.tasks import record_report, tick
from mailadmin.wire.names import RECORD_REPORT


def test_it_has_two_tasks() -> None:
    assert set(app.tasks) == {TICK, RECORD_REPORT}
    assert {tick.name, record_report.name} == {TICK, RECORD_REPORT}


def test_nobody_can_command_its_workers_from_afar() -> None:
    assert app.conf.worker_enable_remote_control is False
    assert app.conf.worker_send_task_events is False
    assert app.conf.accept_content == ["json"]
