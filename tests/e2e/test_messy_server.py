"""A server with twenty years of hand-edited files moves in, in a real browser.

Claire pastes what it has, reads every fault, mends the four lines that nothing can be made of, and
imports; Paul approves. Then she mends three findings by their buttons and a fourth by the form that
its button opens, adds twenty domains from a list, proposes five edits and no more, and those are
what becomes live.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from deploy.sandbox.broker import free_port
from deploy.sandbox.up import bring_up, open_sandbox
from tests.e2e.desk import Desk, come_in
from tests.e2e.shots import shoot_all
from tests.e2e.test_story import LIVENESS_MS, approve, becomes_live, live_map
from tests.fixtures.sandbox import RunningSandbox

DATA = Path(__file__).resolve().parents[1] / "data/messy"
WRONG = ("old..example.org", "[10.1.2.3]", "jres.org\t\tesmtp:[smtp1", "legacy.example.org")
MENDED = {
    "listes.renater.fr": ("Own name", "Delete…"),
    "lists.partner.example": ("Redundant", "Delete…"),
    "annuaire.partner.example": ("Redundant", "Delete…"),
}
LOOP = "loop.example.org"
NEW = [f"liste{number:02}.example.org" for number in range(1, 21)]
PROPOSED = (*MENDED, NEW[0], NEW[1])


@pytest.fixture
def strange(scratch_root: Path, var_dir: Path) -> Iterator[RunningSandbox]:
    """A dashboard whose list server runs nothing of ours yet."""
    var = scratch_root / "strange"
    var.mkdir()
    where = (var, var_dir / "tools", var_dir / "agent-venv")
    env = {"MAILADMIN_TICK_SECONDS": "1"}
    sandbox, stack = open_sandbox(where, port=free_port(), env=env)
    try:
        bring_up(sandbox, stack, example=False)
        yield RunningSandbox(sandbox, stack)
    finally:
        stack.stop_all()


@pytest.fixture
def at_desk(engine: Browser, strange: RunningSandbox) -> Iterator[Callable[[str], Desk]]:
    """Sign one of the demonstration's accounts in there."""
    contexts: list[BrowserContext] = []

    def sit_down(username: str) -> Desk:
        contexts.append(engine.new_context(viewport={"width": 1440, "height": 900}))
        return come_in(contexts[-1], strange.address, username)

    yield sit_down
    for context in contexts:
        context.close()


@pytest.mark.timeout(900)
def test_a_messy_server_moves_in_and_is_put_in_order(
    strange: RunningSandbox, at_desk: Callable[[str], Desk]
) -> None:
    claire, paul = at_desk("claire"), at_desk("paul")

    is_read_by_its_agent(claire)
    reads_every_fault(claire, strange)
    first = imports(claire)
    takes_on_what_differs(paul, first)
    becomes_live(claire)
    before = keys_of(live_map(strange))
    assert {"jres.org", "xn--ecole-t-gyab.example.fr", ".partner.example", "."} <= before

    for key, (kind, button) in MENDED.items():
        mend(claire, key, kind, button)
    choose_its_next_hop(claire)
    add_from_a_list(claire)
    second = propose_some(claire)
    approve(paul, second)
    becomes_live(claire)

    assert keys_of(live_map(strange)) == (before - set(MENDED)) | {NEW[0], NEW[1]}
    shoot_all(claire.page, "messy-live")
    left = claire.open("/domains/?state=edited").locator("main")
    expect(left).to_contain_text(NEW[2])
    expect(left).not_to_contain_text(NEW[0])


def box(page: Page, label: str) -> Locator:
    """A field of several lines; what need not be filled in says so behind its label."""
    return page.get_by_role("textbox", name=re.compile(f"^{re.escape(label)}( \\(optional\\))?$"))


def give_texts(page: Page, table: str) -> None:
    box(page, "mailertable").fill(table)
    for label, file in (
        ("sympa.mc", "sympa.mc"),
        ("local-host-names", "local-host-names"),
        ("sympa.conf", "sympa.conf"),
        ("Robots", "robots"),
    ):
        box(page, label).fill((DATA / file).read_text())


def is_read_by_its_agent(desk: Desk) -> None:
    """One button: the page waits for the agent and then shows the report by itself."""
    page = desk.open("/import/")
    desk.button("Read its files, write nothing").click()
    expect(page).to_have_url(re.compile(r"/import/readings/\d+/"))
    files = page.get_by_role("table", name="Files that were read on listes")
    expect(files).to_contain_text("mailertable.before", timeout=LIVENESS_MS)
    expect(desk.button("Import 5 lines as the first push")).to_be_visible()
    expect(page.get_by_role("table", name="Lines of the table")).to_contain_text("jres.org")


def reads_every_fault(desk: Desk, strange: RunningSandbox) -> None:
    """All at once, with their lines; nothing can be imported while there is an error."""
    page = desk.open("/import/")
    give_texts(page, (DATA / "mailertable").read_text())
    files = page.get_by_role("region", name="Or give the files")
    files.get_by_label("Port of the relay").fill(str(strange.sandbox.ports.relay))
    desk.button("Read it, write nothing").click()
    found = page.get_by_role("table", name="Findings")
    expect(page.locator("#import-title")).to_have_text("It cannot be imported yet")
    for line, told in (
        ("18", "has an empty label"),
        ("19", "an address literal never looks at the mailertable"),
        ("22", "jres.org is on line 6 already"),
        ("23", "names no mailer"),
        ("12", "is a name of the host itself (class w, /etc/mail/local-host-names line 2)"),
        ("4", "sendmail_args name the configuration /etc/mail/sympa.cf"),
    ):
        row = found.locator("tr").filter(has_text=told)
        expect(row.locator("[data-label=Line]").first).to_have_text(line)
    expect(page.locator("main")).to_contain_text("Sympa serves conf.example.org")
    expect(page.get_by_role("table", name="Statements of the configuration")).to_contain_text(
        "MASQUERADE"
    )
    expect(desk.button(re.compile("^Import"))).to_have_count(0)
    shoot_all(page, "messy-report")


def imports(desk: Desk) -> str:
    """With the wrong lines out of the table; returns the address of the push."""
    page = desk.page
    lines = (DATA / "mailertable").read_text().splitlines(keepends=True)
    table = "".join(line for line in lines if not line.startswith(WRONG))
    box(page, "mailertable").fill(table)
    desk.button("Read it, write nothing").click()
    expect(page.locator("#import-title")).to_have_text("Ready to import")
    desk.button("Import 15 lines as the first push").click()
    return proved(page)


def takes_on_what_differs(desk: Desk, push: str) -> None:
    """The configuration before knew other domains: who approves reads which, and says why."""
    page = desk.page
    page.goto(push)
    ways = page.get_by_role("table", name="Addresses on listes that do not go as before")
    moved = ways.locator("tr").filter(has_text="probe@listes.cru.fr")
    expect(moved.first.locator("[data-label=Before]")).to_contain_text("[smtp1.renater.fr]")
    expect(moved.first.locator("[data-label='From now on']")).to_contain_text("[127.0.0.1]")
    expect(desk.button(re.compile("^Approve exactly"))).to_have_count(0)
    page.get_by_text(re.compile("^Approve exactly [0-9a-f]{8}…$")).click()
    why = page.get_by_role("textbox", name="Why it is right that not all mail")
    why.fill("The new table is the one that was agreed on.")
    shoot_all(page, "messy-what-differs")
    desk.button(re.compile("^Approve exactly [0-9a-f]{8}$")).click()
    expect(page.locator("#push")).to_contain_text(re.compile("Approved|Deploying|Active"))


def proved(page: Page) -> str:
    expect(page).to_have_url(re.compile(r"/pushes/\d+/$"))
    expect(page.locator("#push")).to_contain_text("Waiting for approval", timeout=LIVENESS_MS)
    return page.url


def mend(desk: Desk, key: str, kind: str, button: str) -> None:
    """The finding is on the page, its button asks first, and after the edit it is gone."""
    page = desk.open(f"/findings/?q={key}")
    row = page.locator("tr[data-ma-row]").filter(has_text=kind)
    expect(row).to_have_count(1)
    shoot_all(page, f"messy-finding-{kind}")
    row.get_by_role("link", name=button).click()
    page.locator("main form button.btn").first.click()
    expect(page).not_to_have_url(re.compile("/(delete|to-domain)/"))
    page = desk.open(f"/findings/?q={key}")
    expect(page.locator("tr[data-ma-row]").filter(has_text=kind)).to_have_count(0)


def choose_its_next_hop(desk: Desk) -> None:
    """The button opens the form of the line; saved, the page is the list of findings again."""
    page = desk.open(f"/findings/?q={LOOP}")
    row = page.locator("tr[data-ma-row]").filter(has_text="Comes back")
    shoot_all(page, "messy-finding-Comes back")
    row.get_by_role("link", name="Choose the next hop…").click()
    hop = page.get_by_role("textbox", name=re.compile("^with next hop"))
    expect(hop).to_be_in_viewport()
    hop.fill("[lists.example.net]")
    shoot_all(page, "messy-next-hop")
    desk.button(f"Save {LOOP}").click()
    expect(page).to_have_url(re.compile(r"/findings/\?q="))
    expect(page.locator("tr[data-ma-row]")).to_have_count(0)


def add_from_a_list(desk: Desk) -> None:
    """Twenty names, one a line; the page says what each would do before anything is saved."""
    page = desk.open("/domains/bulk-add/")
    box(page, "List").fill("\n".join(NEW))
    desk.button("Show what it would do").click()
    expect(page.locator("#title")).to_have_text("What the list would do")
    for name in NEW:
        expect(page.locator("main table")).to_contain_text(name)
    shoot_all(page, "messy-list")
    page.locator("form.ma-form button.btn-primary").first.click()
    expect(page).not_to_have_url(re.compile("/bulk-add/"))
    expect(page.locator("main")).to_contain_text(NEW[0])


def propose_some(desk: Desk) -> str:
    """Five edits of the twenty-four; what stays out is not in the push."""
    page = desk.open("/pushes/propose/")
    expect(page.locator(".ma-pick")).to_have_count(len({*MENDED, LOOP, *NEW}))
    for pick in page.locator(".ma-pick").all():
        wanted = pick.locator(".ma-mono").first.inner_text() in PROPOSED
        pick.get_by_role("checkbox").set_checked(wanted)
    expect(desk.button("Propose 5 edits")).to_be_visible()
    changes = page.get_by_role("table", name="Keys that change")
    for key in PROPOSED:
        expect(changes).to_contain_text(key)
    expect(changes).not_to_contain_text(NEW[2])
    page.get_by_role("textbox", name="Title").fill("Put listes in order")
    if (reason := page.get_by_label("Reason for what is unusual")).count():
        reason.fill("Lines that did nothing, and two new lists")
    shoot_all(page, "messy-propose")
    desk.button("Propose 5 edits").click()
    return proved(page)


def keys_of(dump: str) -> set[str]:
    return {line.partition("\t")[0] for line in dump.splitlines()}
