"""Config pushes in the browser: propose, read, approve, refuse, restore, and the live page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import JSONField, Value
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from mailadmin.audit.services import CONTROL
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush, RelayTarget, RoutingObject
from routing.services.advance import advance
from routing.services.approve import approve
from routing.services.errors import NotAllowed
from routing.services.relays import save_relay_target
from routing.services.transitions import move_push, move_target, touch
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text

HTMX = {"HX-Request": "true"}


def propose(client: Client, *picked: object, **more: object) -> Any:
    """Send the propose form."""
    sent = {"token": str(uuid4()), "title": "Add a domain", "pick": [str(p) for p in picked]}
    return client.post("/pushes/propose/", sent | more)


def test_a_proposal_shows_the_plan_and_becomes_a_push(site: Site) -> None:
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    client = site.sign_in("claire")
    page = text(client.get("/pushes/propose/"))
    assert 'value="Add conf.renater.fr"' in page
    assert "relay, by the . key" in page
    answer = propose(client, row.pk, title="Add conf.renater.fr")
    push = ConfigPush.objects.latest("pk")
    assert answer["Location"] == f"/pushes/{push.pk}/"
    assert (push.title, push.state) == ("Add conf.renater.fr", "proposed")


def test_a_double_click_proposes_once(site: Site) -> None:
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    client, token = site.sign_in("claire"), str(uuid4())
    answers = [propose(client, row.pk, token=token)["Location"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert ConfigPush.objects.count() == 2


def test_a_colleagues_edit_is_not_ticked_and_stays_out(site: Site) -> None:
    mine = world.add_domain(site.host, "mine.example", site.people["claire"])
    theirs = world.add_domain(site.host, "theirs.example", site.people["luc"])
    client = site.sign_in("claire")
    lines = client.get("/pushes/propose/").context["hosts"][0][1]
    assert {line.name: line.picked for line in lines} == {
        "mine.example": True,
        "theirs.example": False,
    }
    propose(client, mine.pk)
    push = ConfigPush.objects.latest("pk")
    assert [change["key"] for change in push.targets.get().plan["changes"]] == ["mine.example"]
    assert RoutingObject.objects.filter(pk=theirs.pk).exists()


def test_a_relay_that_a_ticked_route_names_comes_with_it_and_says_so(site: Site) -> None:
    relay = world.add_relay("smtp2", site.people["luc"])
    client = site.sign_in("claire")
    sent = {"identity": str(uuid4()), "version": 0, "server": "listes", "key": "example.org"}
    client.post("/routes/add/", sent | {"relay_target": str(relay.pk)})
    route = RoutingObject.objects.get(key="example.org")
    look = {"look": "1", "token": str(uuid4()), "title": "", "pick": str(route.pk)}
    answer = client.post("/pushes/propose/", look, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in text(answer)
    assert "a ticked edit refers to it" in text(answer)
    assert "Propose 2 edits" in text(answer)


def test_a_guard_asks_for_a_reason_and_nothing_is_proposed_without_one(site: Site) -> None:
    relay = RelayTarget.objects.get(name="smtp1")
    save_relay_target(
        identity=relay.pk,
        version=relay.version,
        name="smtp1",
        hosts=["smtp9.renater.fr"],
        port=25,
        by=site.people["claire"],
    )
    client = site.sign_in("claire")
    page = text(client.get("/pushes/propose/"))
    assert "The . key changes" in page
    assert "Reason for what is unusual" in page
    answer = propose(client, relay.pk)
    assert answer.status_code == 422
    assert "Give a reason to go on." in text(answer)
    assert ConfigPush.objects.count() == 1
    assert propose(client, relay.pk, guard_reason="smtp1 moves").status_code == 302


@pytest.mark.parametrize("sent", [{"title": ""}, {"pick": []}, {"pick": "x"}, {"token": "x"}])
def test_an_incomplete_proposal_is_sent_back(site: Site, sent: dict[str, object]) -> None:
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    answer = propose(site.sign_in("claire"), row.pk, **sent)
    assert answer.status_code == 422
    assert ConfigPush.objects.count() == 1


def test_nothing_to_propose_is_said(site: Site) -> None:
    answer = site.sign_in("claire").get("/pushes/propose/")
    assert answer.context["hosts"] == []
    assert answer.context["look"].problems
    page = text(answer)
    assert "No edit waits to be proposed" in page
    # There is nothing to tick, and nobody did anything wrong.
    assert "Tick at least one edit." not in page
    assert "Propose 0 edits" not in page


def test_the_push_page_holds_everything_that_an_approver_approves(
    site: Site, waiting: ConfigPush
) -> None:
    page = site.sign_in("paul").get(f"/pushes/{waiting.pk}/").context["push"]
    assert [row.key for group in page.changes.groups for row in group.rows] == ["conf.renater.fr"]
    assert page.changes.groups[0].rows[0].by == "Claire Martin"
    assert (page.unexplained, page.proofs[0].asked) == (0, 6)
    assert page.files[0].open and page.files[0].differs
    assert [file.name for file in page.files if file.differs] == [
        "mailertable",
        "mailertable-fallback",
    ]
    assert [item.status for item in page.box.requirements] == ["met", "met", "met", "waits"]
    assert [step.status for step in page.rail] == ["done", "done", "done", "waits", "todo", "todo"]
    approve = page.box.actions[0]
    assert (approve.id, approve.digest, approve.reason) == ("approve", waiting.digest, "")


def test_the_author_reads_why_and_who_could_approve(site: Site, waiting: ConfigPush) -> None:
    shown = text(site.sign_in("claire").get(f"/pushes/{waiting.pk}/"))
    assert "You edited conf.renater.fr in it." in shown
    assert "Luc Petit or Paul Leroy can approve." in shown
    assert 'aria-disabled="true" aria-describedby="approve-reason"' in shown


def test_an_approver_approves_exactly_what_was_shown(site: Site, waiting: ConfigPush) -> None:
    client = site.sign_in("paul")
    sent = {"digest": waiting.digest, "deploy": "yes"}
    answer = client.post(f"/pushes/{waiting.pk}/approve/", sent)
    assert answer["Location"] == f"/pushes/{waiting.pk}/"
    waiting.refresh_from_db()
    assert (waiting.state, waiting.deploy_when_approved) == ("approved", True)
    assert client.post(f"/pushes/{waiting.pk}/approve/", sent).status_code == 302
    assert waiting.approvals.count() == 1
    assert "Approved by Paul Leroy" in text(client.get(f"/pushes/{waiting.pk}/"))


def test_an_approval_without_the_tick_waits_for_a_deploy(site: Site, waiting: ConfigPush) -> None:
    client = site.sign_in("paul")
    client.post(f"/pushes/{waiting.pk}/approve/", {"digest": waiting.digest})
    waiting.refresh_from_db()
    assert not waiting.deploy_when_approved
    page = client.get(f"/pushes/{waiting.pk}/").context["push"]
    assert [action.id for action in page.box.actions] == ["deploy", "refuse"]
    assert client.post(f"/pushes/{waiting.pk}/deploy/").status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == "deploying"


def test_an_older_digest_is_409_and_the_page_says_what_it_is_now(
    site: Site, waiting: ConfigPush
) -> None:
    answer = site.sign_in("paul").post(f"/pushes/{waiting.pk}/approve/", {"digest": "0" * 64})
    assert answer.status_code == 409
    assert "approve nothing you have not seen" in text(answer)
    assert waiting.digest[:8] in text(answer)
    waiting.refresh_from_db()
    assert waiting.state == "proved"


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (None, "sendmail on listes was not asked: there is no proof."),
        (Value(None, JSONField()), "sendmail on listes was not asked: there is no proof."),
        ({"blocks": ["1 change is unexplained."]}, "The proof of listes blocks: 1 change"),
    ],
    ids=["NULL", "null", "blocks"],
)
def test_a_proved_push_without_a_proof_that_allows_it_is_not_approved(
    site: Site, waiting: ConfigPush, kept: Any, why: str
) -> None:
    proof = waiting.targets.get().proof or {}
    proof = proof | kept if isinstance(kept, dict) else kept
    waiting.targets.update(proof=proof)

    with pytest.raises(NotAllowed, match=re.escape(why)):
        approve(push=waiting, digest=waiting.digest, deploy=True, by=site.people["paul"])
    client, address = site.sign_in("paul"), f"/pushes/{waiting.pk}/"
    answer = client.post(f"{address}approve/", {"digest": waiting.digest, "deploy": "1"})

    assert answer.status_code == 403
    assert why in text(answer)
    shown = text(client.get(address))
    assert why in shown
    assert 'aria-disabled="true" aria-describedby="approve-reason"' in shown
    waiting.refresh_from_db()
    assert waiting.state == PushState.PROVED
    assert not waiting.approvals.exists()


def test_an_approver_who_edited_it_is_refused_by_the_service_too(site: Site) -> None:
    row = world.add_domain(site.host, "luc.example", site.people["luc"])
    push = world.prove(world.proposed([row.pk], site.people["claire"]))
    answer = site.sign_in("luc").post(f"/pushes/{push.pk}/approve/", {"digest": push.digest})
    assert answer.status_code == 403
    assert "You edited luc.example in it." in text(answer)
    push.refresh_from_db()
    assert push.state == "proved"


def test_a_refusal_needs_a_reason_and_ends_the_push(site: Site, waiting: ConfigPush) -> None:
    client, address = site.sign_in("paul"), f"/pushes/{waiting.pk}/refuse/"
    assert "Say why" in text(client.post(address, {"digest": waiting.digest, "reason": " "}))
    sent = {"digest": waiting.digest, "reason": "not on a Friday"}
    assert client.post(address, sent).status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == "refused"
    shown = text(client.get(f"/pushes/{waiting.pk}/"))
    assert "Refused by Paul Leroy" in shown and "not on a Friday" in shown


def test_a_push_that_has_no_digest_yet_can_be_refused(site: Site) -> None:
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    push = world.proposed([row.pk], site.people["claire"])
    client = site.sign_in("paul")
    assert "works" in {
        step.status for step in client.get(f"/pushes/{push.pk}/").context["push"].rail
    }
    client.post(f"/pushes/{push.pk}/refuse/", {"digest": "", "reason": "wrong name"})
    push.refresh_from_db()
    assert push.state == "refused"


def test_a_stale_base_is_a_requirement_that_is_not_met(site: Site, waiting: ConfigPush) -> None:
    world.seen(site.host, live="e" * 64)
    page = site.sign_in("paul").get(f"/pushes/{waiting.pk}/").context["push"]
    base = page.box.requirements[2]
    assert (base.status, base.statement) == ("failed", "Base moved")
    assert "eeeeeeee" in base.note
    assert page.box.actions[0].reason


def test_the_live_page_answers_204_then_the_fragment_then_286(
    site: Site, waiting: ConfigPush
) -> None:
    client, address = site.sign_in("paul"), f"/pushes/{waiting.pk}/live/"
    page = f"/pushes/{waiting.pk}/"
    seen = {"seen": client.get(page).context["push"].version}
    assert client.get(address, seen, headers=HTMX).status_code == 204
    touch(waiting.pk)
    answer = client.get(address, seen, headers=HTMX)
    assert answer.status_code == 200
    assert text(answer).strip().startswith('<div class="ma-region" id="push"')
    world.approved(waiting, site.people["paul"])
    world.deploy_now(waiting, site.people["paul"])
    last = client.get(address, seen, headers=HTMX)
    assert last.status_code == 286
    assert "data-ma-poll" not in text(last)
    ended = {"seen": client.get(page).context["push"].version}
    assert client.get(address, ended, headers=HTMX).status_code == 286


def test_drift_is_news_for_an_open_page(site: Site, waiting: ConfigPush) -> None:
    client = site.sign_in("paul")
    shown = client.get(f"/pushes/{waiting.pk}/").context["push"]
    drift = [{"file": "mailertable", "text": "It was edited by hand."}]
    world.seen(site.host, live="e" * 64, drift=drift)
    answer = client.get(shown.poll_href, {"seen": shown.version}, headers=HTMX)
    assert answer.status_code == 200
    assert "Base moved" in text(answer)


def test_the_list_polls_only_for_news(site: Site, waiting: ConfigPush) -> None:
    client = site.sign_in("paul")
    seen = client.get("/pushes/").context["pushes"].version
    assert client.get("/pushes/live/", {"seen": seen}, headers=HTMX).status_code == 204
    world.approved(waiting, site.people["paul"])
    answer = client.get("/pushes/live/", {"seen": seen, "view": "all"}, headers=HTMX)
    assert answer.status_code == 200
    assert "Approved, not live" in text(answer)


@pytest.mark.parametrize("address", ["/pushes/", "/pushes/{push}/", "/domains/"])
def test_back_never_shows_a_fragment(site: Site, waiting: ConfigPush, address: str) -> None:
    client, address = site.sign_in("paul"), address.format(push=waiting.pk)
    restored = client.get(address, headers=HTMX | {"HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in text(restored)
    assert "HX-Request" in restored["Vary"]
    assert "HX-Request" in client.get(address)["Vary"]


def test_the_list_puts_what_waits_for_me_first(site: Site, waiting: ConfigPush) -> None:
    paul = site.sign_in("paul").get("/pushes/").context["pushes"]
    claire = site.sign_in("claire").get("/pushes/").context["pushes"]
    assert [(row.number, row.mine) for row in paul.rows][0] == (waiting.pk, True)
    assert not any(row.mine for row in claire.rows)
    assert {view.label: view.count for view in paul.views} == {
        "Waiting for me": 1,
        "Open": 1,
        "Live": 1,
        "All": 2,
    }


def test_a_live_push_offers_the_revision_it_replaced_as_a_new_push(
    site: Site, waiting: ConfigPush
) -> None:
    world.approved(waiting, site.people["paul"])
    world.deploy_now(waiting, site.people["paul"])
    client = site.sign_in("claire")
    page = client.get(f"/pushes/{waiting.pk}/").context["push"]
    restore = page.box.actions[0]
    assert restore.label == "Restore revision 1 of listes as a new push…"
    assert client.post(restore.action, {"reason": ""}).status_code == 422
    sent = dict(restore.fields) | {"reason": "it was wrong"}
    twice = [client.post(restore.action, sent)["Location"] for _ in range(2)]
    made = ConfigPush.objects.latest("pk")
    assert twice == [f"/pushes/{made.pk}/"] * 2
    assert made.targets.get().revision.digest == site.first.targets.get().revision.digest
    former = client.get(f"/pushes/{site.first.pk}/").context["push"]
    assert former.box.actions[0].label == "Restore revision 1 of listes as a new push…"


def test_a_stopped_push_says_why_and_offers_a_retry(site: Site, waiting: ConfigPush) -> None:
    world.approved(waiting, site.people["paul"])
    error = {"code": "drift", "text": "mailertable was edited by hand.", "output": "- jres.org"}
    target = waiting.targets.get()
    with transaction.atomic():
        move_push(push=waiting, to=PushState.DEPLOYING, by=CONTROL)
        move_target(target=target, to=TargetState.FAILED, by=CONTROL, note="drift", error=error)
        move_push(push=waiting, to=PushState.STOPPED, by=CONTROL)
    client = site.sign_in("paul")
    page = client.get(f"/pushes/{waiting.pk}/").context["push"]
    assert page.state_reason == "mailertable was edited by hand."
    assert page.state_raw == "- jres.org"
    assert [action.id for action in page.box.actions][0] == "retry"
    assert client.post(f"/pushes/{waiting.pk}/retry/").status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == "deploying"


def test_a_newer_proposal_takes_the_place_of_an_open_one(site: Site, waiting: ConfigPush) -> None:
    world.add_domain(site.host, "more.example", site.people["claire"])
    client = site.sign_in("claire")
    lines = client.get("/pushes/propose/").context["hosts"][0][1]
    assert {line.name: line.open.push for line in lines} == {
        "conf.renater.fr": waiting.pk,
        "more.example": None,
    }
    propose(client, *(line.id for line in lines))
    newer = ConfigPush.objects.latest("pk")
    shown = text(client.get(f"/pushes/{waiting.pk}/"))
    assert f"Push #{newer.pk} took its place." in shown


def test_a_file_has_a_page_of_its_own(site: Site, waiting: ConfigPush) -> None:
    shown = text(site.sign_in("vera").get(f"/pushes/{waiting.pk}/files/listes/mailertable"))
    assert "conf.renater.fr  esmtp:[127.0.0.1]" in shown


def test_the_push_page_asks_the_database_no_more_for_more_changes(
    site: Site,
) -> None:
    rows = [
        world.add_domain(site.host, f"d{number}.example", site.people["claire"])
        for number in range(40)
    ]
    push = world.prove(world.proposed([row.pk for row in rows], site.people["claire"]))
    client = site.sign_in("paul")
    client.get(f"/pushes/{push.pk}/")
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/pushes/{push.pk}/")
    assert len(asked) <= 40


def test_strips_say_what_is_not_live_and_who_is_silent(site: Site, settings: Settings) -> None:
    world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    agent = world.agent(site.host)
    shown = text(site.sign_in("claire").get("/domains/"))
    assert "1 edit is not on any mail host." in shown
    assert "No figures" not in shown
    assert "not on any mail host." not in text(site.sign_in("vera").get("/domains/"))
    agent.last_seen_at = timezone.now() - timedelta(seconds=settings.OBSERVE_SECONDS * 16)
    agent.save(update_fields=["last_seen_at"])
    assert "No figures from listes for 4\N{NO-BREAK SPACE}min." in text(
        site.sign_in("vera").get("/domains/")
    )


def test_the_one_postmaster_policy_is_said_on_every_page(site: Site, settings: Settings) -> None:
    settings.ONE_POSTMASTER = True
    assert "One-postmaster policy" in text(site.sign_in("vera").get("/domains/"))


def test_every_answer_of_sendmail_can_be_read(site: Site, waiting: ConfigPush) -> None:
    client, address = site.sign_in("vera"), f"/pushes/{waiting.pk}/answers/listes/"
    assert client.get(address).status_code == 404
    world.answered(waiting, [f"probe@d{number:03}.example" for number in range(600)])
    first = client.get(address)
    assert first.context["pager"].summary == "1 to 500 of 1\u202f200"
    assert "probe@d000.example" in text(first) and "probe@d500.example" not in text(first)
    second = client.get(address + first.context["pager"].older_href)
    assert second.context["pager"].newer_href == "?page=1"
    assert len(client.get(address + "?page=99").context["answers"].rows) == 200
    assert address in text(client.get(f"/pushes/{waiting.pk}/"))


def test_an_edit_made_after_the_proposal_is_not_in_the_push(
    site: Site, waiting: ConfigPush
) -> None:
    row = RoutingObject.objects.get(key="conf.renater.fr")
    client = site.sign_in("claire")
    assert f"In push #{waiting.pk}" in text(client.get("/domains/?state=in_push"))
    assert "not on any mail host." not in text(client.get("/domains/"))
    sent = {"identity": str(row.pk), "version": row.version}
    client.post("/domains/conf.renater.fr/disable/?server=listes", sent)
    page = client.get("/domains/?state=edited").context["list"]
    assert [(item.name, item.state, item.push) for item in page.rows] == [
        ("conf.renater.fr", "new", None)
    ]
    assert "1 edit is not on any mail host." in text(client.get("/domains/"))


def test_a_host_that_is_away_is_named_by_the_requirement_that_waits_for_it(
    site: Site, settings: Settings
) -> None:
    agent = world.agent(site.host)
    row = world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    push = world.proposed([row.pk], site.people["claire"])
    advance(push)
    client = site.sign_in("paul")
    staged = client.get(f"/pushes/{push.pk}/").context["push"].box.requirements[0]
    assert (staged.status, staged.statement) == ("works", "Staging on listes")
    agent.last_seen_at = timezone.now() - timedelta(seconds=settings.OBSERVE_SECONDS * 60)
    agent.save(update_fields=["last_seen_at"])
    staged = client.get(f"/pushes/{push.pk}/").context["push"].box.requirements[0]
    assert (staged.status, staged.note) == ("waits", "listes does not answer")
    assert staged.at == agent.last_seen_at


def test_the_list_of_pushes_searches_and_keeps_the_view_and_the_poll(
    site: Site, waiting: ConfigPush
) -> None:
    client = site.sign_in("claire")

    def found(query: str) -> list[int]:
        return [row.number for row in client.get(f"/pushes/{query}").context["pushes"].rows]

    assert found("?q=CONF.renater") == found("?q=claire") == found(f"?q=%23{waiting.pk}")
    assert found(f"?q={waiting.pk}") == [waiting.pk]
    assert found("?q=listes") == [waiting.pk, site.first.pk]
    assert found("?q=conf&view=live") == found("?q=" + "9" * 30) == []
    page = client.get("/pushes/?q=conf&view=open").context["pushes"]
    assert page.poll_href == "/pushes/live/?q=conf&view=open"
    polled = text(client.get(page.poll_href))
    assert "Add conf.renater.fr" in polled and f'id="push-{site.first.pk}"' not in polled
    assert page.views[-1].href == "/pushes/?q=conf&view=all"
    assert "1 of 2" in text(client.get("/pushes/?q=conf"))
    assert "Nothing matches nowhere" in text(client.get("/pushes/?q=nowhere"))


def test_a_stopped_push_offers_to_give_up_the_host_that_is_gone(
    site: Site, waiting: ConfigPush
) -> None:
    paul, place = site.sign_in("paul"), f"/pushes/{waiting.pk}/give-up/listes/"
    push = world.approved(waiting, site.people["paul"], at_once=False)
    assert "give-up" not in text(paul.get(f"/pushes/{push.pk}/"))
    with transaction.atomic():
        move_push(push=push, to=PushState.DEPLOYING, by=CONTROL)
        target = push.targets.get()
        move_target(target=target, to=TargetState.UNREACHABLE, by=CONTROL)
        move_push(push=push, to=PushState.STOPPED, by=CONTROL)

    page = text(paul.get(f"/pushes/{push.pk}/"))
    assert f'action="{place}"' in page and "its edits wait for another push" in page
    retire = text(site.sign_in("anne").get("/mail-hosts/listes/retire/"))
    assert "an approver gives it up for this host on the page of the push" in retire
    assert site.sign_in("claire").post(place, {"reason": "gone"}).status_code == 403
    assert "Say why" in text(paul.post(place, {"reason": ""}))
    assert paul.post(place, {"reason": "gone"}).status_code == 302
    page = text(paul.get(f"/pushes/{push.pk}/"))
    assert "Given up" in page and "gave it up on listes: “gone”" in page
    assert paul.post(place.replace("listes", "nowhere")).status_code == 404
