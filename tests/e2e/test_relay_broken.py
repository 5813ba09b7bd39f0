"""The relay breaks and 200 messages are submitted: pages and figures tell in one scan what waits,
the fallback sends it with a receipt for each recipient, the relay is mended, and nothing is left.
"""

from __future__ import annotations

import os
import re
import urllib.request
from collections import Counter

import pytest
from playwright.sync_api import Page, expect
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.desk import Desk, SignIn
from tests.e2e.shots import shoot_all
from tests.e2e.test_demonstration import arrived, mended, run_queue, set_to, submit, waiting
from tests.fixtures.sandbox import RunningSandbox, wait_until

__all__ = ["mended"]

pytestmark = pytest.mark.timeout(900)
COUNT, TO_RELAY = 200, 160
"""Of five domains in turn one is the list server's own."""
FOR_RELAY = 16
"""Of the 24 that always wait, a third is not for the relay."""
SCAN_S = 30.0
POLL_S = 15.0
AT_MOST_S = SCAN_S + 15.0
"""A scan each half minute, its order, its report, on a machine that does much else."""
SEEN_MS = 1000 * (AT_MOST_S + POLL_S)
RUN_MS = 240_000
REFUSED = "Connection refused by smtp1.renater.fr"


def depth(running: RunningSandbox) -> float | None:
    """How many messages wait by the last scan, as Prometheus is told; None before the first."""
    with urllib.request.urlopen(f"{running.address}metrics", timeout=10) as answer:
        text = answer.read().decode()
    told = [
        float(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "mailadmin_spool_messages" and sample.labels["state"] == "waiting"
    ]
    return sum(told) if told else None


def open_spool(desk: Desk) -> Page:
    """The page of the one spool of the list server."""
    page = desk.open("/spools/")
    page.locator("main a[href^='/spools/listes/']").first.click()
    expect(page.locator("#spool")).to_be_visible()
    return page


def tells(page: Page, reason: str, *counts: int) -> None:
    """The page comes to say by itself that one of so many messages wait for this reason."""
    bar = page.locator(".ma-bars li", has_text=reason).locator("strong").first
    expect(bar).to_have_text(re.compile("^(" + "|".join(map(str, counts)) + ")$"), timeout=SEEN_MS)


def test_figures_tell_what_waits_within_one_scan_and_end_where_they_began(
    sign_in: SignIn, mended: RunningSandbox
) -> None:
    desk, before = sign_in("odile"), waiting(mended)
    wait_until(lambda: depth(mended) == len(before), "a first scan", seconds=AT_MOST_S)

    set_to(desk, "relay", "refuses connections")
    token = submit(desk, COUNT)
    assert len(waiting(mended)) == len(before) + TO_RELAY
    wait_until(
        lambda: depth(mended) == len(before) + TO_RELAY, "the depth is told", seconds=AT_MOST_S
    )

    set_to(desk, "relay", "takes everything")
    run_queue(mended)
    wait_until(lambda: depth(mended) == len(before), "it is told as gone", seconds=AT_MOST_S)
    assert waiting(mended) == before
    record = mended.sandbox.record
    assert arrived(record("relay"), token) == TO_RELAY
    assert arrived(record("mta"), token) == COUNT - TO_RELAY


@pytest.mark.skipif(os.geteuid() != 0, reason="port 25 of the destinations is root's")
def test_the_page_tells_why_it_waits_and_the_fallback_sends_it(
    sign_in: SignIn, mended: RunningSandbox
) -> None:
    desk, before = sign_in("odile"), waiting(mended)
    set_to(desk, "relay", "refuses connections")
    token = submit(desk, COUNT)

    page = open_spool(desk)
    # The loop of the queue runner may have tried those that always wait for the relay's domains.
    tells(page, REFUSED, TO_RELAY, TO_RELAY + FOR_RELAY)
    expect(
        page.locator(".ma-heat").get_by_role("row", name=re.compile("orange.example"))
    ).to_contain_text(str(TO_RELAY // 4))
    shoot_all(page, "relay-broken-spool")

    page = desk.open("/fallback/listes/flush/")
    page.get_by_label("Why").fill("The relay refuses connections.")
    page.get_by_role("button", name=re.compile(r"^Flush \d+ messages by fallback$")).click()
    expect(page.locator("#flush-run .ma-badge").first).to_have_text("Finished", timeout=RUN_MS)
    sent = page.locator(".ma-facts dt", has_text="Sent").locator("xpath=following-sibling::dd[1]")
    expect(sent).to_have_text(f"{TO_RELAY} recipients")
    shoot_all(page, "relay-broken-run")
    page.get_by_placeholder("Recipient or queue ID").fill("reader0@orange.example")
    page.get_by_placeholder("Recipient or queue ID").press("Enter")
    receipt = page.get_by_role("row", name=re.compile("reader0@orange.example"))
    expect(receipt).to_contain_text("Sent")
    expect(receipt).to_contain_text("2.0.0 recorded")

    assert waiting(mended) == before
    outside = mended.sandbox.record("outside")
    assert arrived(outside, token) == TO_RELAY
    assert arrived(mended.sandbox.record("relay"), token) == 0
    subjects = re.findall(rf"Demonstration {token}, \d+ of", outside.read_text())
    assert max(Counter(subjects).values()) == 1, "one came twice"

    set_to(desk, "relay", "takes everything")
    page = open_spool(desk)
    expect(page.locator(".ma-bars li", has_text=REFUSED)).to_have_count(0, timeout=SEEN_MS)
    wait_until(lambda: depth(mended) == len(before), "it is told as gone", seconds=AT_MOST_S)
