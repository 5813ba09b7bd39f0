"""The fallback pages: what is so and what follows, the policy and its form, who may answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from spools.core.policy import Mode, Policy
from spools.models import FallbackQuestion
from spools.queries.fallback import policy_of
from spools.services.policies import save_policy
from tests.integration.control.test_policies import spool
from tests.integration.pages.conftest import Site, form_of, text
from tests.integration.pages.probing import probe

PAGE, EDIT = "/fallback/listes/", "/fallback/listes/policy/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def asked(site: Site) -> Site:
    """The relay is down, mail waits, and the policy asks."""
    spool(site.host, at=timezone.now())
    probe(site.host, "gffff", end=timezone.now())
    return site


def test_a_relay_that_is_well_needs_no_way_round(site: Site) -> None:
    probe(site.host, "g", end=timezone.now())
    page = text(site.sign_in("vera").get(PAGE))
    assert "smtp1 takes mail. Nothing goes past it." in page
    assert "Administrators change fallback policies. Anne Roy can." in page
    assert "now ask; wanted: ask or automatic" in page


def test_a_question_stands_on_the_page_and_everywhere(asked: Site) -> None:
    vera = asked.sign_in("vera")
    page = text(vera.get(PAGE))
    assert "198 messages wait: shall they go past it, straight to each MX?" in page
    assert "Shall the mail go past smtp1?" in page
    assert "smtp1 is down for listes and 198 messages wait." in text(vera.get("/domains/"))
    found = vera.get("/").context["overview"]
    facts = [need.fact for need in found.needs]
    assert facts[:2] == ["smtp1 went down for listes", "The fallback of listes asks"]
    words = {panel.label: panel.badge.word for panel in found.panels if panel.badge}
    assert words["Fallback"] == "Asks"
    listed = text(vera.get("/fallback/"))
    assert "asks, " in listed and "198" in listed


def test_what_waits_is_said_as_of_now_and_as_it_was(asked: Site) -> None:
    spool(asked.host, waiting=212, at=timezone.now())
    vera = asked.sign_in("vera")
    assert "smtp1 is down for listes and 212 messages wait." in text(vera.get("/domains/"))
    assert "212 messages wait; when it was asked 198 did." in text(vera.get(PAGE))
    spool(asked.host, waiting=212, at=timezone.now() - timedelta(minutes=5))
    assert "smtp1 is down for listes and 198 messages wait." in text(vera.get("/domains/"))


def test_an_approver_says_not_now(asked: Site) -> None:
    assert asked.sign_in("vera").post(f"{PAGE}not-now/").status_code == 403
    paul = asked.sign_in("paul")
    page = text(paul.post(f"{PAGE}not-now/", follow=True))
    assert "Shall the mail go past" not in page
    assert FallbackQuestion.objects.get().answer == "declined"
    assert "Not yet" not in page


def test_an_approver_says_yes_and_sees_the_run(asked: Site) -> None:
    luc = asked.sign_in("luc")
    assert "Flush 198 messages by fallback" in text(luc.get(PAGE))
    assert asked.sign_in("vera").post(f"{PAGE}run/").status_code == 403
    gone = text(luc.post(f"{PAGE}run/", {"question": "0"}, follow=True))
    assert "The question is not open any more. Nothing was begun." in gone
    question = FallbackQuestion.objects.get()
    answer = luc.post(f"{PAGE}run/", {"question": str(question.pk)})
    assert answer.headers["Location"] == f"{PAGE}runs/1/"
    page = text(luc.get(PAGE))
    assert "Mail goes by MX in run 1." in page
    assert "run 1 goes on" in text(luc.get("/fallback/"))
    words = {p.label: p.badge.word for p in luc.get("/").context["overview"].panels if p.badge}
    assert words["Fallback"] == "Running"


def test_what_is_missing_is_named(site: Site) -> None:
    spool(site.host, minutes=3, at=timezone.now())
    probe(site.host, "gffff", end=timezone.now())
    page = text(site.sign_in("vera").get(PAGE))
    assert "Nothing is asked until it has waited long enough: now 3 min, wanted 30 min." in page


def test_the_poll_answers_when_something_is_other(site: Site) -> None:
    now = timezone.now()
    probe(site.host, "g", end=now - timedelta(seconds=30))
    vera = site.sign_in("vera")
    for page, live in ((PAGE, f"{PAGE}live/"), ("/fallback/", "/fallback/live/")):
        seen = vera.get(page).context["version"]
        assert vera.get(live, {"seen": seen}, headers=HTMX).status_code == 204
        assert vera.get(live, {"seen": "older"}, headers=HTMX).status_code == 200


def test_an_administrator_edits_the_policy(site: Site) -> None:
    anne = site.sign_in("anne")
    filled = form_of(anne.get(EDIT), EDIT)
    values = filled | {
        "mode": "ask",
        "fires": ["down", "overloaded"],
        "age": "60",
        "depth": "5",
        "excluded": "orange.fr",
        "pause": "15",
        "most_runs": "4",
        "reason": "They throttle us.",
    }
    page = text(anne.post(EDIT, values, follow=True))
    assert "The fallback policy of listes is saved." in page
    assert "the relay is overloaded, down" in page
    assert policy_of(site.host).depth == 5
    answer = anne.post(EDIT, values | {"age": "90"})
    assert answer.status_code == 422
    assert "Somebody changed it while you edited." in text(answer)


def test_a_policy_that_starts_by_itself_waits_for_another_administrator(site: Site) -> None:
    alone = Policy(mode=Mode.AUTOMATIC)
    row = save_policy(server=site.host, version=0, policy=alone, reason="x", by=site.people["luc"])
    anne = site.sign_in("anne")
    assert "Proposed policy" in text(anne.get(PAGE))
    anne.post(f"{PAGE}policy/confirm/", {"version": str(row.version)})
    assert policy_of(site.host) == alone
    assert "Proposed policy" not in text(anne.get(PAGE))


@pytest.mark.parametrize("sent", [{"version": "1"}, {"version": "x"}, {}])
def test_an_old_page_confirms_nothing(site: Site, sent: dict[str, str]) -> None:
    alone = Policy(mode=Mode.AUTOMATIC)
    row = save_policy(server=site.host, version=0, policy=alone, reason="x", by=site.people["luc"])
    save_policy(
        server=site.host, version=row.version, policy=alone, reason="y", by=site.people["luc"]
    )
    site.sign_in("anne").post(f"{PAGE}policy/confirm/", sent)
    assert policy_of(site.host) == Policy()


def test_there_is_no_fallback_of_what_is_no_list_server(site: Site) -> None:
    assert site.sign_in("vera").get("/fallback/nowhere/").status_code == 404


def test_who_writes_the_policy_does_not_answer_it_and_reads_who_does(asked: Site) -> None:
    anne = asked.sign_in("anne")
    page = text(anne.get(PAGE))
    assert "Approvers and operators answer it. Luc Petit, Otto Operator or Paul Leroy can." in page
    assert "Not now" not in page
    assert "See what the fallback asks" in text(anne.get("/domains/"))
    labels = [need.label for need in anne.get("/").context["overview"].needs]
    assert "Open the fallback of listes" in labels
    for act in ("run/", "not-now/"):
        assert anne.post(f"{PAGE}{act}").status_code == 403
    assert FallbackQuestion.objects.get().answer == ""


def test_the_operator_on_call_answers(asked: Site) -> None:
    otto = asked.sign_in("otto")
    assert "Decide about the fallback" in text(otto.get("/domains/"))
    labels = [need.label for need in otto.get("/").context["overview"].needs]
    assert "Decide about the fallback of listes" in labels
    question = FallbackQuestion.objects.get()
    answer = otto.post(f"{PAGE}run/", {"question": str(question.pk)})
    assert answer.headers["Location"] == f"{PAGE}runs/1/"
    question.refresh_from_db()
    assert question.answered_by == "Otto Operator"
