"""The relay breaks and 200 messages are submitted: pages and figures tell in one scan what waits,
the policy asks by itself, somebody says yes, the fallback sends it with a receipt for each
recipient, the relay is mended, and nothing is left.
"""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from prometheus_client.parser import text_string_to_metric_families

from spools.queries.runs import RECEIPTS_PAGE
from tests.e2e.desk import Desk, SignIn
from tests.e2e.shots import shoot_all
from tests.e2e.test_demonstration import arrived, mended, run_queue, set_to, submit, waiting
from tests.fixtures.sandbox import RunningSandbox, wait_until

__all__ = ["mended"]

pytestmark = pytest.mark.timeout(1800)
COUNT, TO_RELAY = 200, 160
"""Of five domains in turn one is the list server's own."""
FOR_RELAY = 16
"""Of the 24 that always wait, a third is not for the relay."""
SCAN_S = 15.0
POLL_S = 15.0
AT_MOST_S = SCAN_S + 105.0
"""A scan, its order, its report, on a machine that does much else."""
SEEN_MS = 1000 * (AT_MOST_S + POLL_S)
RUN_MS = 600_000
REFUSED = "Connection refused by smtp1.renater.fr"


def depth(running: RunningSandbox) -> float | None:
    """How many messages wait by the last scan, as Prometheus is told; None before the first."""
    with urllib.request.urlopen(f"{running.address}metrics", timeout=300) as answer:
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


def decide(desk: Desk, waits: int) -> Page:
    """Go from the first page to what is asked there, and say yes to it; the page of the run."""
    page = desk.open("/")
    page.get_by_role("link", name="Decide about the fallback of listes").click(timeout=SEEN_MS)
    expect(page.get_by_role("heading", name="Shall the mail go past smtp1?")).to_be_visible()
    yes = desk.button(f"Flush {waits} messages by fallback")
    expect(yes).to_be_visible(timeout=SEEN_MS)
    shoot_all(page, "relay-broken-question")
    yes.click()
    expect(page.locator("#flush-run")).to_be_visible()
    return page


def fact(page: Page, label: str) -> Locator:
    """What a page says beside a label."""
    term = page.locator(".ma-facts dt", has_text=label)
    return term.locator("xpath=following-sibling::dd[1]")


def receipts(page: Page) -> list[str]:
    """The recipients of all receipts of the open page, and of those that follow it."""
    shown = page.locator("table", has=page.get_by_text("Receipts", exact=True))
    found = shown.locator("tbody th").all_inner_texts()
    while (more := page.get_by_role("link", name="More")).count():
        more.click()
        expect(shown.locator("tbody th").first).not_to_have_text(found[-RECEIPTS_PAGE])
        found += shown.locator("tbody th").all_inner_texts()
    return found


def taken(record: Path, token: str) -> list[str]:
    """The recipients of a batch, once for each message of it that a mail server took."""
    lines = [json.loads(line) for line in record.read_text().splitlines() if token in line]
    return [name for message in lines for name in message["recipients"]]


@pytest.mark.skipif(os.geteuid() != 0, reason="port 25 of the destinations is root's")
def test_the_policy_asks_an_approver_says_yes_and_the_fallback_sends_it(
    sign_in: SignIn, mended: RunningSandbox
) -> None:
    desk, before, record = sign_in("odile"), waiting(mended), mended.sandbox.record
    set_to(desk, "relay", "refuses connections")
    token = submit(desk, COUNT)

    page = open_spool(desk)
    # The loop of the queue runner may have tried those that always wait for the relay's domains.
    tells(page, REFUSED, TO_RELAY, TO_RELAY + FOR_RELAY)
    expect(
        page.locator(".ma-heat").get_by_role("row", name=re.compile("orange.example"))
    ).to_contain_text(str(TO_RELAY // 4))
    shoot_all(page, "relay-broken-spool")

    page = decide(sign_in("paul"), len(before) + TO_RELAY)
    expect(page.locator("#flush-run .ma-badge").first).to_have_text("Finished", timeout=RUN_MS)
    expect(fact(page, "Sent")).to_have_text(f"{TO_RELAY} recipients")
    expect(page.get_by_text("The policy asked: smtp1 is down.")).to_be_visible()
    shoot_all(page, "relay-broken-run")
    page.get_by_role("link", name=re.compile(r"^Sent")).click()
    expect(page).to_have_url(re.compile("fate=sent"))
    there = taken(record("outside"), token)
    assert len(there) == TO_RELAY == arrived(record("outside"), token)
    assert sorted(receipts(page)) == sorted(there)

    assert waiting(mended) == before
    assert arrived(record("relay"), token) == 0
    assert arrived(record("mta"), token) == COUNT - TO_RELAY
    subjects = re.findall(rf"Demonstration {token}, \d+ of", record("outside").read_text())
    assert max(Counter(subjects).values()) == 1, "one came twice"

    set_to(desk, "relay", "takes everything")
    page = open_spool(desk)
    expect(page.locator(".ma-bars li", has_text=REFUSED)).to_have_count(0, timeout=SEEN_MS)
    wait_until(lambda: depth(mended) == len(before), "it is told as gone", seconds=AT_MOST_S)
    page = desk.open("/fallback/listes/")
    # After the outage of the test before, this one is a relapse: healthy takes ten good probes.
    expect(page.locator(".ma-state-line")).to_contain_text(
        re.compile("smtp1 takes mail.*Nothing goes past it."), timeout=SEEN_MS
    )


def test_once_the_relay_is_back_a_retry_sends_what_waits(
    sign_in: SignIn, mended: RunningSandbox
) -> None:
    desk, before = sign_in("odile"), waiting(mended)
    set_to(desk, "relay", "refuses connections")
    token = submit(desk, COUNT)
    assert len(waiting(mended) - before) == TO_RELAY

    set_to(desk, "relay", "takes everything")
    page = open_spool(desk)
    page.get_by_role("link", name="Retry…").click()
    page.get_by_label("Why").fill("smtp1 is back")
    page.get_by_role("button", name=re.compile("^Retry .+ now$")).click()
    expect(page.get_by_text("by the table on listes")).to_be_visible()
    expect(page.locator("#flush-run .ma-badge").first).to_have_text("Finished", timeout=RUN_MS)
    shoot_all(page, "retry-run")

    assert waiting(mended) == before
    record = mended.sandbox.record
    assert arrived(record("relay"), token) == TO_RELAY
    assert arrived(record("outside"), token) == 0
