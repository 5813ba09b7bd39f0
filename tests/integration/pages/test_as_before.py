"""The first push of a host shows where mail went before; an approval of another way says why."""

from __future__ import annotations

from typing import Any

import pytest

from mailadmin.wire.core.blobs import pack
from mailadmin.wire.core.canonical import canonical, digest_of
from routing.models import Approval, ConfigPush, MailHost, PushTarget
from routing.services.importing import import_mailertable, read_mailertable
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

SAME = {"same": 14, "differs": 0, "moved": [], "silent": 0, "unsaid": [], "notes": []}
NOTHING = {"asked": 0, "same": 0, "kept": 0} | {
    "differs": 0,
    "moved": [],
    "silent": 0,
    "unsaid": [],
}


@pytest.fixture
def forums(site: Site) -> MailHost:
    del site
    return world.list_server("forums", position=1)


@pytest.fixture
def first(site: Site, forums: MailHost) -> ConfigPush:
    """Claire's import of a server, proved."""
    table = world.TABLE.replace("smtp1", "smtp9")
    plan = read_mailertable(text=table, host=forums, source="mailertable")
    return world.prove(import_mailertable(plan=plan, person=site.people["claire"]))


def page_of(site: Site, push: ConfigPush, by: str = "paul") -> tuple[Any, str]:
    answer = site.sign_in(by).get(f"/pushes/{push.pk}/")
    return answer.context["push"], text(answer)


def test_what_goes_another_way_is_shown_with_the_reason(site: Site, first: ConfigPush) -> None:
    page, shown = page_of(site, world.compared(first))
    card = page.as_before[0]
    assert (card.same, card.asked, card.differs, card.silent, card.kept) == (11, 14, 2, 1, 2)
    assert [way.address for way in card.ways] == [
        "probe@jres.org",
        "probe@odd.example",
        "probe@silent.example",
    ]
    assert "jres.org was a name of the host itself" in shown
    assert "esmtp [odd.gw]" in shown and "the line ." in shown
    assert "none of ours yet" in shown and ">by MX<" not in shown, "another configuration decides"
    assert "destinations change" not in shown and "staged: the first release" in shown
    assert "Cannot use HostStatusDirectory" in shown
    assert [item.status for item in page.box.requirements] == [
        "met",
        "met",
        "warn",
        "waits",
        "met",
        "waits",
    ]
    assert "Not all mail goes as before" in shown
    assert "2 of 14 addresses go another way than /etc/mail/sympa.cf sent." in shown
    assert "gave no answer for 1 of 14 addresses" in shown


def test_an_approval_takes_a_reason_and_the_page_keeps_it(site: Site, first: ConfigPush) -> None:
    world.compared(first)
    client, address = site.sign_in("paul"), f"/pushes/{first.pk}/"
    assert 'name="reason" rows="2" required' in text(client.get(address))
    sent = {"digest": first.digest, "deploy": "yes"}
    refused = client.post(f"{address}approve/", sent)
    assert refused.status_code == 403
    assert "A guard of this push was not acknowledged with a reason." in text(refused)
    assert not Approval.objects.filter(push=first).exists()

    answer = client.post(f"{address}approve/", sent | {"reason": "jres.org came home in May"})
    assert answer.status_code == 302
    first.refresh_from_db()
    assert (first.state, first.deploy_when_approved) == ("approved", True)
    page, shown = page_of(site, first)
    assert "“jres.org came home in May”, Paul Leroy" in shown
    assert {guard.acknowledged_by for guard in page.guards} == {"Paul Leroy"}
    audit = text(site.sign_in("paul").get("/audit/"))
    assert "jres.org came home in May" in audit


def test_who_may_not_approve_is_told_so_and_is_asked_for_no_reason(
    site: Site, first: ConfigPush
) -> None:
    world.compared(first)
    page, shown = page_of(site, first, "claire")
    assert page.box.actions[0].reason.startswith("You are not an approver.")
    assert 'id="approve-why"' not in shown


def test_where_all_goes_as_before_nothing_is_asked(site: Site, first: ConfigPush) -> None:
    page, shown = page_of(site, world.compared(first, **SAME))
    assert "Every address goes where the old configuration sends it." in shown
    assert "Mail goes as before" in shown
    assert page.guards == ()
    assert page.box.actions[0].asks == ""
    answer = site.sign_in("paul").post(f"/pushes/{first.pk}/approve/", {"digest": first.digest})
    assert answer.status_code == 302
    first.refresh_from_db()
    assert first.state == "approved"


@pytest.mark.parametrize(
    ("state", "more", "says", "asks"),
    [
        ("absent", {}, "nothing was there before", False),
        ("absent", {"configuration": ""}, "name no configuration that was there before", False),
        ("missing", {}, "If the configuration before is elsewhere", True),
        ("not told", {"configuration": ""}, "does not ask the old configuration", True),
        ("could not be asked", {"problem": "it hung"}, "It could not be asked: it hung", True),
    ],
)
def test_why_nothing_is_compared_is_said(
    site: Site, first: ConfigPush, state: str, more: dict[str, object], says: str, asks: bool
) -> None:
    page, shown = page_of(site, world.compared(first, state=state, **(NOTHING | more)))
    assert says in shown
    assert bool(page.guards) is asks
    assert bool(page.box.actions[0].asks) is asks


def test_a_later_push_has_no_such_card(site: Site, waiting: ConfigPush) -> None:
    page, shown = page_of(site, waiting)
    assert page.as_before == ()
    assert "As before" not in shown


def test_what_the_old_configuration_says_is_text(site: Site, first: ConfigPush) -> None:
    """It is a file of another's, and sendmail repeats lines of it."""
    bad = "<script>alert(1)</script>"
    more = {"state": "could not be asked", "problem": bad, "output": bad, "notes": [bad]}
    assert bad not in page_of(site, world.compared(first, **more))[1]


def test_all_answers_stand_beside_those_before(site: Site, first: ConfigPush) -> None:
    loop, out = ["esmtp", "[127.0.0.1]"], ["esmtp", "[smtp9]"]
    told = {"probe@jres.org": loop}
    data = canonical(
        {
            "live": None,
            "staged": {"primary": told, "fallback": told},
            "existing": {
                "answers": {"probe@jres.org": out, "a@old.org": out},
                "staged": {"a@old.org": loop},
            },
        }
    )
    PushTarget.objects.filter(push=first).update(answers=pack(data), answers_digest=digest_of(data))
    page = site.sign_in("paul").get(f"/pushes/{first.pk}/answers/forums/")
    rows = {(row.address, row.map_name): row.before for row in page.context["answers"].rows}
    assert rows == {
        ("a@old.org", "primary"): "esmtp [smtp9]",
        ("probe@jres.org", "primary"): "esmtp [smtp9]",
        ("probe@jres.org", "fallback"): "",
    }
    assert '<th scope="col">Before</th>' in text(page)
