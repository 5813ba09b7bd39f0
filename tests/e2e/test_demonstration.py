"""The demonstration's page in front of a whole sandbox: break, send, wait, mend, arrive."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.desk import Desk, SignIn
from tests.e2e.shots import axe_faults_in, shoot_all, sideways
from tests.fixtures.sandbox import RunningSandbox, wait_until

pytestmark = pytest.mark.timeout(900)
COUNT = 20
NOTE = "#demo-servers .ma-card-note"


@pytest.fixture
def mended(running_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    """Every mail server does its work before and after; what waits before is what always does."""
    run_queue(running_sandbox)
    yield running_sandbox
    for name in ("relay", "outside", "mta"):
        running_sandbox.sandbox.behaviour(name).unlink(missing_ok=True)


def waiting(running: RunningSandbox) -> set[str]:
    """The names of the control files in the spool of the list server."""
    tree = running.sandbox.listes
    listed = subprocess.run(
        [tree.as_sympa, "ls", tree.spool], capture_output=True, text=True, check=True
    )
    return {name for name in listed.stdout.split() if name.startswith("qf")}


def arrived(record: Path, token: str) -> int:
    """How many messages of a batch a mail server took."""
    lines = record.read_text().splitlines() if record.exists() else []
    return sum(token in json.loads(line)["subject"] for line in lines)


def run_queue(running: RunningSandbox) -> None:
    """As the timer of a mail host does."""
    tree = running.sandbox.listes
    subprocess.run([tree.as_sympa, tree.wrapper, "-L", "sm-sympa", "-qf"], check=False, timeout=300)


def ran_to(running: RunningSandbox, left: set[str]) -> bool:
    """Whether a run of the queue leaves none but these."""
    run_queue(running)
    return waiting(running) <= left


def set_to(desk: Desk, server: str, words: str) -> Page:
    page = desk.open("/demonstration/")
    page.get_by_label("Server", exact=True).select_option(server)
    page.get_by_label("From now on it").select_option(label=words)
    desk.button("Make it so").click()
    expect(page.get_by_text(f"{server} {words}.")).to_be_visible()
    return page


def submit(desk: Desk, count: int) -> str:
    """Have so many messages submitted and wait for the last; the word that each subject has."""
    page = desk.open("/demonstration/")
    before = page.locator(NOTE).inner_text()
    page.get_by_label("How many").fill(str(count))
    desk.button("Submit messages").click()
    expect(page.get_by_text(f"{count} messages are being submitted.")).to_be_visible()
    ended = re.compile(rf"last batch (?!{token_in(before)}:)\w+: {count} submitted$")
    expect(page.locator(NOTE)).to_have_text(ended, timeout=300_000)
    return token_in(page.locator(NOTE).inner_text())


def token_in(note: str) -> str:
    """Of "last batch 0c1d: 20 submitted"; of anything else some word."""
    return note.split()[2].rstrip(":")


def test_break_send_mend(sign_in: SignIn, mended: RunningSandbox) -> None:
    desk = sign_in("odile")
    before = waiting(mended)
    assert len(before) >= 24, "the first start leaves messages that wait"
    set_to(desk, "relay", "refuses connections")
    token = submit(desk, COUNT)

    # A fifth of them is for the list server's own MTA; the rest waits for the relay.
    assert len(waiting(mended) - before) == COUNT * 4 // 5
    assert arrived(mended.sandbox.record("mta"), token) == COUNT // 5
    assert arrived(mended.sandbox.record("relay"), token) == 0

    set_to(desk, "relay", "takes everything")
    wait_until(lambda: ran_to(mended, before), "all but the old messages left")
    assert arrived(mended.sandbox.record("relay"), token) == COUNT * 4 // 5


def test_the_page_holds_in_both_themes_and_at_every_width(
    sign_in: SignIn, mended: RunningSandbox
) -> None:
    del mended
    for name in ("odile", "victor"):
        page = sign_in(name).open("/demonstration/")
        faults = [fault for width in (1440, 390) for fault in axe_faults_in(page, width=width)]
        assert not faults
        for width in (1440, 768, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert sideways(page) == 0, width
        shoot_all(page, f"demonstration-{name}")


@pytest.mark.skipif(os.geteuid() != 0, reason="port 25 of the destinations is root's")
def test_past_the_relay_mail_reaches_the_destinations(
    sign_in: SignIn, mended: RunningSandbox
) -> None:
    desk, before, sandbox = sign_in("odile"), waiting(mended), mended.sandbox
    set_to(desk, "relay", "refuses connections")
    token = submit(desk, COUNT)
    tree = sandbox.listes
    fallback = ["-L", "sm-fallback", "-C", f"{tree.routing}/current/sympa-fallback.cf", "-qf"]
    # Beside the loop of the queue runner, which may hold a message at this moment.
    for _ in range(3):
        subprocess.run([tree.as_sympa, sandbox.tools.sendmail, *fallback], check=False, timeout=300)
        if waiting(mended) <= before:
            break
    assert waiting(mended) <= before
    taken = [
        json.loads(line)
        for line in sandbox.record("outside").read_text().splitlines()
        if token in line
    ]
    assert len(taken) == COUNT * 4 // 5
    for message in taken:
        domain = message["recipients"][0].partition("@")[2]
        assert message["reached"] == sandbox.outside.addresses[domain]
    assert arrived(sandbox.record("relay"), token) == 0
