"""The control worker is killed -9 after an agent has done its work: the push still ends, once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Attempt
from routing.core.states import PushState
from routing.models import ConfigPush
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, Site


def switched(site: Site, push: ConfigPush) -> bool:
    return site.link() == site.target(push).revision.digest


def activations(push: ConfigPush) -> int:
    release = push.targets.get().revision.digest
    return Attempt.objects.filter(verb=Verb.ACTIVATE, arguments__release=release).count()


def test_while_the_report_waits_for_it(site: Site) -> None:
    push = site.proved("killed-waiting.example.org")
    site.pause(DEPLOY)
    site.approve(push)
    site.until_sent(push, Verb.ACTIVATE)
    site.until_control_is_through()
    site.stack.kill("control")
    site.resume(DEPLOY)
    wait_until(lambda: switched(site, push), "the host has switched", seconds=LIVENESS_S)
    site.stack.start_ready("control")
    site.until(push, PushState.ACTIVE)
    assert activations(push) == 1


def test_with_the_report_in_its_hands(site: Site) -> None:
    """The message is taken and no row is written: the order's next send brings the receipt."""
    push = site.proved("killed-holding.example.org")
    site.pause(DEPLOY)
    site.approve(push)
    sent = site.until_sent(push, Verb.ACTIVATE)
    with site.database_held():
        site.resume(DEPLOY)
        wait_until(lambda: switched(site, push), "the host has switched", seconds=LIVENESS_S)
        wait_until(site.control_waits, "the control worker waits for the database")
        site.stack.kill("control")
    sent.refresh_from_db()
    assert sent.state == AttemptState.SENT
    site.stack.start_ready("control")
    site.until(push, PushState.ACTIVE)
    assert activations(push) == 1


def test_between_the_report_s_row_and_the_target_s(site: Site) -> None:
    push = site.proved("killed-between.example.org")
    site.pause(DEPLOY)
    site.approve(push)
    sent = site.until_sent(push, Verb.ACTIVATE)
    with targets_cannot_be_written(site):
        site.resume(DEPLOY)
        wait_until(lambda: reported(sent), "the report is recorded", seconds=LIVENESS_S)
        site.stack.kill("control")
    assert site.target(push).attempt == sent
    site.stack.start_ready("control")
    site.until(push, PushState.ACTIVE)
    assert activations(push) == 1


def reported(attempt: Attempt) -> bool:
    attempt.refresh_from_db()
    return attempt.state == AttemptState.REPORTED


@contextmanager
def targets_cannot_be_written(site: Site) -> Iterator[None]:
    """The second of the two transactions fails, as if the worker had died before it."""
    file = site.sandbox.var / "mailadmin.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None, timeout=20)) as connection:
        connection.execute(
            "CREATE TRIGGER no_write BEFORE UPDATE ON routing_pushtarget"
            " BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER no_write")
