"""The main job in a real browser, against everything that ./run brings up.

Claire adds a domain and proposes it; she cannot approve and reads why; Paul approves; her page goes
live by itself; the host's live map holds the key; a message that Sympa submits reaches the list
server's own mail server. Then the former revision comes back, and the message goes by the relay.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.desk import Desk, SignIn
from tests.fixtures.sandbox import RunningSandbox, wait_until

DOMAIN = "story.renater.fr"
LIVENESS_MS = 180_000
SUBMISSION = (
    *("-L", "sm-sympa", "-oi", "-odi", "-oem", "-Am"),
    *("-N", "success,delay,failure", "-V00000abc", "-f", "demo-owner@renater.fr", "--"),
)


@pytest.mark.timeout(900)
def test_two_people_bring_a_domain_live_and_back(
    sign_in: SignIn, running_sandbox: RunningSandbox
) -> None:
    claire, paul = sign_in("claire"), sign_in("paul")
    assert deliver(running_sandbox, "before") == "relay"

    add_domain(claire)
    push = propose(claire)
    cannot_approve(claire)
    approve(paul, push)

    becomes_live(claire)
    assert f"{DOMAIN}\tlocal_mta:[127.0.0.1]" in live_map(running_sandbox)
    assert deliver(running_sandbox, "after") == "mta"

    back = restore(claire)
    assert back != push
    approve(paul, back)
    becomes_live(claire)
    assert DOMAIN not in live_map(running_sandbox)
    assert deliver(running_sandbox, "restored") == "relay"


def add_domain(desk: Desk) -> None:
    """The row is saved at once, and the page says that no host knows it."""
    page = desk.open("/domains/add/")
    page.get_by_role("textbox", name="Domain", exact=True).fill(DOMAIN)
    desk.button("Add domain").click()
    expect(page).to_have_url(re.compile(f"/domains/{DOMAIN}/"))
    expect(page.locator("#strips")).to_contain_text("not on any mail host")


def propose(desk: Desk) -> str:
    """From the strip to a push that sendmail has proved; returns its address."""
    desk.page.get_by_role("link", name="Review and propose").click()
    page = desk.page
    expect(page.get_by_role("table", name="Keys that change")).to_contain_text(DOMAIN)
    page.get_by_role("textbox", name="Title").fill(f"Add {DOMAIN}")
    desk.button(re.compile(r"^Propose \d+ edits?$")).click()
    expect(page).to_have_url(re.compile(r"/pushes/\d+/$"))
    expect(page.locator("#push")).to_contain_text("Waiting for approval", timeout=LIVENESS_MS)
    expect(page.locator("#push")).to_contain_text("0 unexplained")
    return page.url


def cannot_approve(desk: Desk) -> None:
    """The button is there, does nothing, and the reason stands under it."""
    button = desk.button(re.compile("^Approve exactly"))
    expect(button).to_have_attribute("aria-disabled", "true")
    reason = re.compile(f"You edited .*{DOMAIN} in it. Paul Lefèvre can approve.")
    expect(desk.page.locator("#approve-reason")).to_have_text(reason)


def approve(desk: Desk, push: str) -> None:
    """The digest on the button is that of the page."""
    page = desk.page
    page.goto(push)
    desk.button(re.compile("^Approve exactly [0-9a-f]{8}$")).click()
    expect(page.locator("#push")).to_contain_text(re.compile("Approved|Deploying|Active"))


def becomes_live(desk: Desk) -> None:
    """Nobody touches the author's page: its poll shows the end."""
    badge = desk.page.locator("#push .ma-meta .ma-badge")
    expect(badge).to_have_text("Active", timeout=LIVENESS_MS)
    expect(desk.page.locator("#push")).not_to_have_attribute("data-ma-poll", re.compile(".*"))


def restore(desk: Desk) -> str:
    """The revision that the live push replaced, as a new push that waits for approval."""
    page = desk.page
    page.get_by_text(re.compile("^Restore revision .* as a new push…$")).click()
    why = page.get_by_role("textbox", name="Why the older revision comes back")
    why.fill("The list is not ready yet.")
    desk.button(re.compile(r"^Propose revision \d+ again$")).click()
    expect(page.locator("#push .ma-meta .ma-badge")).to_have_text(
        "Waiting for approval", timeout=LIVENESS_MS
    )
    return page.url


def live_map(running: RunningSandbox) -> str:
    """What the map that submissions use now really holds."""
    current, makemap = running.sandbox.listes.routing / "current", running.sandbox.tools.makemap
    argv = [makemap, "-C", current / "sympa.cf", "-u", "btree", current / "mailertable"]
    ran = subprocess.run([str(part) for part in argv], check=True, capture_output=True, text=True)
    return ran.stdout


def deliver(running: RunningSandbox, subject: str) -> str:
    """Submit a message as Sympa does; return the sink that got it."""
    tree, recipient = running.sandbox.listes, f"{subject}@{DOMAIN}"
    message = f"From: demo@renater.fr\nTo: {recipient}\nSubject: {subject}\n\nHello.\n"
    ran = subprocess.run(
        tree.command(tree.users.spool, [tree.wrapper, *SUBMISSION, recipient]),
        input=message.encode(),
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    found: list[str] = []

    def arrived() -> bool:
        found[:] = [
            sink
            for sink in ("mta", "relay")
            if recipient in recipients(running.sandbox.record(sink))
        ]
        return bool(found)

    wait_until(arrived, f"{recipient} arrives")
    assert len(found) == 1
    return found[0]


def recipients(record: Path) -> list[str]:
    """Everybody whom a sink accepted mail for."""
    lines = record.read_text().splitlines() if record.exists() else []
    return [str(name) for line in lines for name in json.loads(line)["recipients"]]
