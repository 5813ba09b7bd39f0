"""Retiring a domain in the browser: asked first, shown with what is live, and back at any step."""

from __future__ import annotations

from datetime import date, timedelta

from django.test import Client
from django.utils import timezone

from mailadmin.audit.models import AuditEvent
from routing.models import ConfigPush, Retirement, RoutingObject
from routing.services.objects import delete_object
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text

DOMAIN, ROUTE = "/domains/jres.org/retire/?server=listes", "/routes/jres.org/retire/?server=listes"
TOLD = {"status": "5.1.6", "words": "This domain has moved to example.org"}


def taken(client: Client, address: str, to: str, **written: str) -> str:
    """Answer the question as it is shown; the address of the next page."""
    action = f"{address}&to={to}"
    answer = client.post(action, form_of(client.get(action), action) | written)
    assert answer.status_code == 302, text(answer)
    return str(answer["Location"])


def live(site: Site) -> ConfigPush:
    """Everything that is saved goes live."""
    row = Retirement.objects.get().object_id
    push = world.prove(world.proposed([row], site.people["claire"], "Retire jres.org"))
    return world.deploy_now(world.approved(push, site.people["paul"], at_once=False))


def test_a_domain_is_retired_from_its_page_and_each_page_leads_to_the_next(site: Site) -> None:
    client = site.sign_in("claire")
    page = text(client.get("/domains/jres.org/"))
    assert "Retire jres.org in steps…" in page and "Being retired" not in page

    ask = text(client.get(DOMAIN))
    assert "Begin to retire jres.org" in ask and "sympa close LIST@jres.org" in ask
    assert "Mail for jres.org goes as before. No file of a mail host changes" in ask
    assert "Mail that waits for it" in ask and "nobody counts" not in ask
    assert taken(client, DOMAIN, "draining") == "/domains/jres.org/?server=listes"
    page = text(client.get("/domains/jres.org/"))
    assert "Being retired" in page and "in steps…" not in page
    assert "Begun" in page and "Reject its mail…" in page

    assert taken(client, DOMAIN, "rejecting", **TOLD) == "/routes/jres.org/?server=listes"
    page = text(client.get("/routes/jres.org/"))
    assert "Not live on listes; saved" in page
    assert "The message is refused: This domain has moved to example.org" in page
    assert "Still what listes runs" in page
    push = live(site)
    page = text(client.get("/routes/jres.org/"))
    assert "Not live on listes" not in page and "Live on listes" in page

    ask = text(client.get(f"{ROUTE}&to=gone"))
    assert "Mail for jres.org then goes to smtp1 by the . key." in ask
    assert "Rejecting is not live" not in ask
    assert taken(client, ROUTE, "gone") == "/routes/jres.org/?server=listes"
    page = text(client.get("/routes/jres.org/?server=listes"))
    assert "Still live on listes" not in page and "Take it back…" in page
    assert f"#{push.pk} Retire jres.org" in page

    assert taken(client, ROUTE, "rejecting", **TOLD) == "/routes/jres.org/?server=listes"
    assert taken(client, ROUTE, "draining") == "/domains/jres.org/?server=listes"
    assert "Still live on listes, until a push" in text(client.get("/domains/jres.org/"))
    assert taken(client, DOMAIN, "managed") == "/domains/jres.org/?server=listes"
    assert "Being retired" not in text(client.get("/domains/jres.org/"))


def test_the_page_warns_who_takes_a_domain_off_before_anybody_was_told(site: Site) -> None:
    client = site.sign_in("claire")
    taken(client, DOMAIN, "draining")
    taken(client, DOMAIN, "rejecting", **TOLD)
    assert "Rejecting is not live on listes yet" in text(client.get(f"{ROUTE}&to=gone"))


def test_an_old_address_leads_to_what_the_domain_became(site: Site) -> None:
    client = site.sign_in("claire")
    taken(client, DOMAIN, "draining")
    taken(client, DOMAIN, "rejecting", **TOLD)
    answer = client.get("/domains/jres.org/")
    assert (answer.status_code, answer["Location"]) == (302, "/routes/jres.org/?server=listes")
    assert "Take jres.org off listes" in text(client.get(f"{DOMAIN}&to=gone"))
    assert client.get("/domains/nowhere.example/retire/").status_code == 404


def test_words_that_sendmail_garbles_come_back_with_everything_that_was_written(
    site: Site,
) -> None:
    client, action = site.sign_in("claire"), f"{DOMAIN}&to=rejecting"
    taken(client, DOMAIN, "draining")
    sent = form_of(client.get(action), action)
    wrong = {"status": "5.1.2", "words": "gone (for good)", "next_on": "tomorrow", "note": "mine"}
    answer = client.post(action, sent | wrong)

    page = text(answer)
    assert answer.status_code == 422
    assert "which sendmail takes away" in page and "Write a day as 2027-01-31" in page
    assert "gone (for good)" in page and "mine" in page
    for words, said in (
        ("5.1.1 gone", "begin with a code"),
        ("x" * 201, "201 characters, more than 200"),
        ("", "Say in a few words why"),
    ):
        answer = client.post(action, sent | TOLD | {"words": words})
        assert answer.status_code == 422 and said in text(answer), words
    assert RoutingObject.objects.get(key="jres.org").kind == "virtual_domain"


def test_who_was_slower_reads_who_was_faster_and_keeps_what_was_written(site: Site) -> None:
    client, action = site.sign_in("claire"), f"{DOMAIN}&to=draining"
    sent = form_of(client.get(action), action)
    taken(site.sign_in("luc"), DOMAIN, "draining", note="his")

    answer = client.post(action, sent | {"note": "mine"})
    assert answer.status_code == 409
    assert "Luc Petit changed jres.org after you opened this page." in text(answer)
    assert "mine" in text(answer)
    assert Retirement.objects.get().note == "his"
    again = form_of(answer, action) | {"note": "mine"}
    assert client.post(action, again).status_code == 302
    assert Retirement.objects.get().note == "mine"


def test_a_step_that_is_not_next_is_refused_in_words(site: Site) -> None:
    client, action = site.sign_in("claire"), f"{DOMAIN}&to=rejecting"
    sent = form_of(client.get(action), action)
    answer = client.post(action, sent | TOLD)
    assert answer.status_code == 409
    assert "jres.org is managed now. Look at its page again." in text(answer)
    assert client.get(f"{DOMAIN}&to=nonsense").status_code == 200


def test_a_viewer_reads_how_far_it_is_and_may_do_nothing(site: Site) -> None:
    taken(site.sign_in("claire"), DOMAIN, "draining", note="by the board")
    client = site.sign_in("vera")
    page = text(client.get("/domains/jres.org/"))
    assert "Being retired" in page and "by the board" in page
    assert "Reject its mail…" not in page and "Editors change virtual domains." in page
    assert client.get(DOMAIN).status_code == 403
    assert client.post(DOMAIN, {"to": "managed"}).status_code == 403


def test_a_planned_day_reminds_and_does_nothing(site: Site) -> None:
    client, today = site.sign_in("claire"), timezone.localdate()
    later = (today + timedelta(days=3)).isoformat()
    taken(client, DOMAIN, "draining", next_on=later)
    assert "next step of being retired" not in text(client.get("/"))

    taken(client, DOMAIN, "draining", next_on=today.isoformat())
    page = text(client.get("/"))
    assert "jres.org is due for the next step of being retired" in page
    assert "Draining now, next rejecting, planned for" in page
    assert RoutingObject.objects.get(key="jres.org").kind == "virtual_domain"
    other = DOMAIN.replace("jres.org", "demo.sympa.org")
    taken(client, other, "draining", next_on=date(2026, 1, 5).isoformat())
    page = text(client.get("/"))
    assert "demo.sympa.org and 1 more are due" in page and 'href="/domains/~retiring/"' in page


def test_the_list_says_how_far_each_is(site: Site) -> None:
    client = site.sign_in("claire")
    assert "No domain is being retired" in text(client.get("/domains/~retiring/"))
    taken(client, DOMAIN, "draining", next_on="2026-01-05")
    taken(client, DOMAIN, "rejecting", **TOLD)
    page = text(site.sign_in("vera").get("/domains/~retiring/"))
    assert 'href="/routes/jres.org/?server=listes"' in page
    assert "Rejecting" in page and "Draining" in page and "due since" not in page


def test_a_domain_that_was_deleted_by_hand_can_be_taken_back_too(site: Site) -> None:
    client = site.sign_in("claire")
    taken(client, DOMAIN, "draining")
    row = RoutingObject.objects.get(key="jres.org")
    delete_object(identity=row.pk, version=row.version, by=site.people["claire"])
    page = text(client.get("/domains/jres.org/"))
    assert "Being retired" in page
    assert taken(client, DOMAIN, "rejecting", **TOLD) == "/routes/jres.org/?server=listes"


def test_the_history_of_the_domain_tells_of_its_retirement(site: Site) -> None:
    client = site.sign_in("claire")
    taken(client, DOMAIN, "draining", note="moves to forums")
    page = text(client.get("/domains/jres.org/"))
    assert "began to retire it: note moves to forums" in page
    taken(client, DOMAIN, "rejecting", **TOLD)
    page = text(client.get("/routes/jres.org/"))
    assert "moved its retirement: note moves to forums → none; step draining → rejecting" in page
    assert AuditEvent.objects.filter(action="retirement.began", actor="claire").count() == 1
    assert "began to retire" in text(client.get("/audit/"))
