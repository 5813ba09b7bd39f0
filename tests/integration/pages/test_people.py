"""Accounts are closed and opened by administrators: never the own one, never the last."""

from __future__ import annotations

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import SETUP
from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import set_roles
from routing.models import ConfigPush
from routing.services.advance import advance
from routing.services.order import why_not_deploy
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

CLOSE, OPEN = "/people/claire/close/", "/people/claire/open/"
WHY = {"reason": "left in May"}


def test_a_closed_account_ends_its_sessions_and_is_opened_again(site: Site) -> None:
    anne, claire = site.sign_in("anne"), site.sign_in("claire")
    assert claire.get("/domains/").status_code == 200
    assert anne.post(CLOSE, WHY)["Location"] == "/people/claire/"

    assert claire.get("/domains/")["Location"].startswith("/sign-in/")
    assert not claire.login(username="claire", password=world.PASSWORD)
    assert "closed" in text(anne.get("/people/"))
    anne.post(OPEN)
    assert site.sign_in("claire").get("/domains/").status_code == 200
    said = AuditEvent.objects.filter(
        subject="claire", action__in=["person.closed", "person.opened"]
    )
    assert list(said.order_by("number").values_list("action", "actor", "note")) == [
        ("person.closed", "anne", "left in May"),
        ("person.opened", "anne", ""),
    ]


def test_closing_twice_is_one_event_and_needs_a_reason(site: Site) -> None:
    anne = site.sign_in("anne")
    assert anne.post(CLOSE, {"reason": " "}).status_code == 422
    assert Person.objects.get(username="claire").is_active
    anne.post(CLOSE, WHY)
    anne.post(CLOSE, WHY)

    assert AuditEvent.objects.filter(action="person.closed").count() == 1


def test_nobody_closes_the_own_account_or_the_last_administrators(site: Site) -> None:
    anne = site.sign_in("anne")
    page = text(anne.get("/people/anne/"))
    assert "It is your own account." in page
    assert "Nobody else is an administrator" in page
    assert anne.post("/people/anne/close/", WHY).status_code == 409
    assert Person.objects.get(username="anne").is_active


def test_the_last_administrator_keeps_that_role(site: Site) -> None:
    anne = site.sign_in("anne")
    answer = anne.post("/people/anne/", {"roles": ["viewer"]})
    assert answer.status_code == 422
    assert "Nobody else is an administrator: make somebody one first." in text(answer)

    set_roles(person=site.people["paul"], roles=[PersonRole.ADMINISTRATOR], by=SETUP)
    assert anne.post("/people/anne/", {"roles": ["viewer"]}).status_code == 302


def test_only_administrators_close(site: Site) -> None:
    for name in ("vera", "claire", "luc", "paul", "otto"):
        assert site.sign_in(name).post("/people/vera/close/", WHY).status_code == 403
    assert Person.objects.get(username="vera").is_active


def test_an_approval_counts_for_nothing_while_its_account_is_closed(
    site: Site, waiting: ConfigPush
) -> None:
    push = world.approved(waiting, site.people["paul"], at_once=False)
    anne = site.sign_in("anne")
    assert why_not_deploy(push) is None

    page = text(anne.get("/people/paul/"))
    anne.post("/people/paul/close/", WHY)

    assert "approvals count for nothing while it is closed" in page
    assert "has no approval of" in str(why_not_deploy(push))


def test_a_session_that_was_ended_does_not_come_back(site: Site) -> None:
    paul, anne = site.sign_in("paul"), site.sign_in("anne")
    assert paul.get("/pushes/").status_code == 200

    anne.post("/people/paul/close/", WHY)
    anne.post("/people/paul/open/", WHY)

    assert paul.get("/pushes/").status_code == 302


def test_the_page_of_a_push_says_that_its_only_approval_no_longer_counts(
    site: Site, waiting: ConfigPush
) -> None:
    push, luc = world.approved(waiting, site.people["paul"], at_once=False), site.sign_in("luc")
    page, live = f"/pushes/{push.pk}/", f"/pushes/{push.pk}/live/"
    seen = {"seen": luc.get(page).context["push"].version}
    assert "no longer counts" not in text(luc.get(page))
    assert luc.get(live, seen).status_code == 204

    site.sign_in("anne").post("/people/paul/close/", WHY)

    assert luc.get(live, seen).status_code == 200
    shown = luc.get(page).context["push"]
    required = {item.statement: item.status for item in shown.box.requirements}
    assert required["The approval no longer counts"] == "failed"
    assert "Paul Leroy approved it, and that account was closed since" in shown.state_reason
    button = next(action for action in shown.box.actions if action.id == "deploy")
    assert button.reason == "The approval of Paul Leroy no longer counts: the account is closed."
    assert luc.post(f"/pushes/{push.pk}/deploy/").status_code == 409
    row = luc.get("/pushes/?view=waiting").context["pushes"].rows[0]
    assert (row.number, row.approver) == (push.pk, "Paul Leroy (closed, does not count)")

    site.sign_in("anne").post("/people/paul/open/")

    assert luc.get(page).context["push"].state_reason == ""


def test_a_push_that_only_a_closed_account_approved_does_not_begin_by_itself(
    site: Site, waiting: ConfigPush
) -> None:
    push = world.approved(waiting, site.people["paul"], at_once=True)
    site.sign_in("anne").post("/people/paul/close/", WHY)

    advance(push)
    push.refresh_from_db()
    assert push.state == "approved"

    site.sign_in("anne").post("/people/paul/open/")
    advance(push)
    push.refresh_from_db()
    assert push.state == "deploying"
