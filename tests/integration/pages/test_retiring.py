"""Retire, take back and remove a mail host: said first, refused with reasons, never silent."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import SETUP, Actor
from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent, Attempt
from routing.core.facts import HostKind
from routing.models import ConfigPush, MailHost, RoutingObject
from routing.queries.edits import pending_edits
from routing.services.hosts import save_mail_host
from routing.services.observing import request_observations
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text

RETIRE, BACK = "/mail-hosts/listes/retire/", "/mail-hosts/listes/reinstate/"
WHY = {"typed": "listes", "reason": "replaced by forums"}


def retired(site: Site) -> Client:
    """Anne, who has retired the list server."""
    client = site.sign_in("anne")
    sent = form_of(client.get(RETIRE), RETIRE) | WHY
    assert client.post(RETIRE, sent).status_code == 302
    return client


def test_the_question_says_what_is_on_it_and_what_follows(site: Site) -> None:
    world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    page = text(site.sign_in("anne").get(RETIRE))

    live = site.first.targets.get().revision.digest[:8]
    assert f"Mail on listes goes on as release {live} says." in page
    assert "Its 6 keys leave the lists" in page
    assert "1 edit that no push took to listes" in page
    assert "The keys of its 2 agents are revoked" in page


def test_a_retired_host_is_asked_nothing_and_proposed_nothing_and_says_so(site: Site) -> None:
    world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    client = retired(site)

    assert not Agent.objects.filter(disabled=False).exists()
    request_observations(now=timezone.now())
    assert not Attempt.objects.exists()
    assert pending_edits() == ()
    assert "listes is retired." in text(client.get("/mail-hosts/listes/"))
    assert "Retired" in text(client.get("/mail-hosts/"))
    assert "jres.org" not in text(client.get("/domains/"))
    said = AuditEvent.objects.filter(action__in=["mail_host.retired", "agent.revoked"])
    assert sorted(said.values_list("action", "actor", "note")) == [
        ("agent.revoked", "anne", ""),
        ("agent.revoked", "anne", ""),
        ("mail_host.retired", "anne", "replaced by forums"),
    ]


def test_nobody_writes_a_key_of_a_retired_host(site: Site) -> None:
    client = site.sign_in("claire")
    edit, delete = (f"/domains/jres.org/{act}/?server=listes" for act in ("edit", "delete"))
    sent = form_of(client.get("/domains/jres.org/?server=listes"), edit) | {"note": "late"}
    gone = form_of(client.get(delete), delete)
    retired(site)

    for address, form in ((edit, sent), (delete, gone)):
        answer = client.post(address, form)
        assert answer.status_code == 422
        assert "listes is retired. Take the host back into service first." in text(answer)
    assert RoutingObject.objects.get(key="jres.org").note == ""


def test_an_open_push_refuses_it_by_number(site: Site, waiting: ConfigPush) -> None:
    client = site.sign_in("anne")
    page = text(client.get(RETIRE))
    assert f"Push #{waiting.pk} is open on listes. Refuse it or let it end first." in page

    sent = {"identity": str(site.host.pk), "version": str(site.host.version)} | WHY
    assert client.post(RETIRE, sent).status_code == 409
    assert MailHost.objects.get(name="listes").retired_at is None
    assert Agent.objects.filter(disabled=False).count() == 2


def test_the_name_is_typed_and_a_reason_is_given(site: Site) -> None:
    client = site.sign_in("anne")
    sent = form_of(client.get(RETIRE), RETIRE)
    answer = client.post(RETIRE, sent | {"typed": "smtp1", "reason": ""})

    assert answer.status_code == 422
    assert "Type listes, so that no other host is meant." in text(answer)
    assert "Say why, for whoever looks for it later." in text(answer)
    assert MailHost.objects.get(name="listes").retired_at is None


def test_who_retires_what_somebody_changed_meanwhile_looks_again(site: Site) -> None:
    client = site.sign_in("anne")
    sent = form_of(client.get(RETIRE), RETIRE) | WHY
    changed(site, note="needed until March")

    answer = client.post(RETIRE, sent)
    assert answer.status_code == 409
    assert "Luc Petit changed listes after you opened this page." in text(answer)
    assert MailHost.objects.get(name="listes").retired_at is None


def test_a_host_taken_back_has_its_keys_again_and_lets_no_agent_in(site: Site) -> None:
    client = retired(site)
    client.post(BACK, form_of(client.get(BACK), BACK) | {"typed": "listes"})

    assert MailHost.in_service.get().version == 3
    assert "jres.org" in text(client.get("/domains/"))
    assert not Agent.objects.filter(disabled=False).exists()
    assert "The deploy agent has no key" in text(client.get("/mail-hosts/listes/"))


def test_only_a_host_without_history_is_removed(site: Site) -> None:
    new = save_mail_host(
        identity=None, name="forums", kind=HostKind.LIST_SERVER, position=1, by=SETUP
    )
    client = site.sign_in("anne")
    action = "/mail-hosts/forums/remove/"
    sent = form_of(client.get(action), action) | {"typed": "forums"}
    assert client.post(action, sent)["Location"] == "/mail-hosts/"
    assert not MailHost.objects.filter(pk=new.pk).exists()

    kept = client.get("/mail-hosts/listes/remove/")
    assert "5 keys of listes would be lost." in text(kept)
    assert "Revisions and pushes tell what listes ran. Retire it instead." in text(kept)
    sent = {"identity": str(site.host.pk), "version": "1", "typed": "listes"}
    assert client.post("/mail-hosts/listes/remove/", sent).status_code == 409
    assert MailHost.objects.filter(name="listes").exists()


def test_a_host_that_was_never_heard_says_what_to_do_and_looks_by_itself(site: Site) -> None:
    save_mail_host(identity=None, name="forums", kind=HostKind.LIST_SERVER, position=1, by=SETUP)
    client = site.sign_in("vera")
    page = client.get("/mail-hosts/forums/")
    assert "Waiting for the first word" in text(page)
    assert "manage.py keys --register forums deploy deploy.pub" in text(page)

    live = {"seen": page.context["version"]}
    assert client.get("/mail-hosts/forums/live/", live).status_code == 204
    host = MailHost.objects.get(name="forums")
    for role in Role:
        world.agent(host, role)
    world.seen(host, live="")
    answer = client.get("/mail-hosts/forums/live/", live)
    assert answer.status_code == 200
    assert "Waiting for the first word" not in text(answer)
    assert "<html" not in text(answer)


def test_two_people_at_one_host_and_the_second_reads_both_values(site: Site) -> None:
    client, action = site.sign_in("anne"), "/mail-hosts/listes/edit/"
    sent = form_of(client.get(action), action) | {"kind": "list_server", "note": "mine"}
    changed(site, note="his")

    answer = client.post(action, sent)
    assert answer.status_code == 409
    assert "his" in text(answer) and "mine" in text(answer) and "Luc Petit" in text(answer)
    assert MailHost.objects.get(name="listes").note == "his"
    client.post(action, dict(answer.context["again"]))
    assert MailHost.objects.get(name="listes").note == "mine"


def changed(site: Site, note: str) -> None:
    """Luc saves the host with a note."""
    save_mail_host(
        identity=site.host.pk,
        version=site.host.version,
        name="listes",
        kind=HostKind.LIST_SERVER,
        position=0,
        note=note,
        by=Actor("luc", "Luc Petit"),
    )
