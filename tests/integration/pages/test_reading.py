"""The files that a host's agent reads fill the same report as uploads do."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import SETUP
from mailadmin.wire.core.blobs import pack
from mailadmin.wire.core.canonical import Json, canonical, digest_of
from mailadmin.wire.core.messages import Outcome, Role, Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Agent, Attempt
from routing.core.adopt.information import read_access, read_aliases
from routing.core.adopt.reading import FileRead, FilesRead, Kind, Trouble, reading_to_json
from routing.models import ConfigPush, MailHost, Reading, RoutingObject, Source, Subject, Survey
from routing.services.order import may_sign
from routing.services.reading import ask_reading, record_reading, unheard_readings
from routing.services.retiring import remove_mail_host, retire_mail_host
from tests.fixtures.audited import unaudited
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text
from tests.unit.routing.test_adopt import CW, MC, SYMPA, TABLE

NAMES_FILE = next(iter(CW))
FOUND = FilesRead(
    files=(
        FileRead(Kind.MAILERTABLE, "/etc/mail/mailertable", TABLE),
        FileRead(Kind.MC, "/etc/mail/sympa.mc", MC.replace("smtp1", "smtp9"), blanked=2),
        FileRead(Kind.CLASS_W, NAMES_FILE, CW[NAMES_FILE]),
        FileRead(Kind.SYMPA, "/etc/sympa/sympa.conf", SYMPA["sympa.conf"]),
        FileRead(Kind.ROBOT, "/etc/sympa/conf.org/robot.conf", "", robot="conf.org"),
    ),
    troubles=(Trouble(Kind.ACCESS, "/etc/mail/access", "cannot be read: Permission denied"),),
    aliases=read_aliases('all: "|/usr/lib/sympa/bin/queue all@old-lists.org"\n'),
)


@pytest.fixture
def forums(site: Site) -> MailHost:
    del site
    return world.list_server("forums", position=1)


@pytest.fixture
def asked(site: Site, forums: MailHost) -> Reading:
    """Claire has asked, by the page's button."""
    client = site.sign_in("claire")
    answer = client.post("/import/readings/", {"server": "forums", "relay_port": "2525"})
    reading = Reading.objects.get(host=forums)
    assert answer["Location"] == f"/import/readings/{reading.pk}/?relay_port=2525"
    return reading


def answer(reading: Reading, found: FilesRead | None = FOUND, *, body: Json = None) -> Reading:
    """The agent reports; without `found` it has failed with this body."""
    data = canonical(reading_to_json(found)) if found is not None else None
    Attempt.objects.filter(pk=reading.attempt_id).update(
        state=AttemptState.REPORTED,
        outcome=Outcome.DONE if data is not None else Outcome.REFUSED,
        body=body or {},
        result=pack(data) if data is not None else None,
        result_digest=digest_of(data) if data is not None else "",
        reported_at=timezone.now(),
        ended_at=timezone.now(),
    )
    record_reading(attempt=Attempt.objects.get(pk=reading.attempt_id))
    return Reading.objects.get(pk=reading.pk)


def page(site: Site, reading: Reading, by: str = "claire") -> str:
    return text(site.sign_in(by).get(f"/import/readings/{reading.pk}/"))


def test_the_order_is_for_the_spool_agent_and_names_no_path(asked: Reading) -> None:
    attempt = asked.attempt
    assert (attempt.verb, attempt.agent.role) == (Verb.READ_FILES, Role.SPOOL)
    assert (attempt.arguments, attempt.payload) == ({}, None)
    assert may_sign(attempt) is None
    assert asked.asked_by == "Claire Martin"
    event = AuditEvent.objects.get(action="reading.asked")
    assert (event.actor, event.host) == ("claire", "forums")


def test_asking_twice_asks_once(site: Site, asked: Reading) -> None:
    client = site.sign_in("luc")
    again = client.post("/import/readings/", {"server": "forums", "relay_port": "25"})
    assert again["Location"].startswith(f"/import/readings/{asked.pk}/")
    assert Attempt.objects.filter(verb=Verb.READ_FILES).count() == 1


def test_the_page_waits_and_then_is_read_anew(site: Site, asked: Reading) -> None:
    client, live = site.sign_in("claire"), f"/import/readings/{asked.pk}/live/"
    shown = page(site, asked)
    assert f'hx-get="{live}"' in shown and "Look again" in shown
    assert client.get(live).status_code == 204
    answer(asked)
    answered = client.get(live)
    assert (answered.status_code, answered["HX-Refresh"]) == (200, "true")


def test_what_was_read_is_the_report_that_uploads_give(site: Site, asked: Reading) -> None:
    shown = page(site, answer(asked))
    assert "Import 6 lines as the first push" in shown
    assert "is a name of the host itself (class w, /etc/mail/local-host-names line 2)" in shown
    assert "Ours says otherwise, on purpose." in shown
    assert "Sympa serves conf.org" in shown
    assert "/etc/mail/access cannot be read: Permission denied." in shown
    assert "2 lines of /etc/mail/sympa.mc may hold a secret, which stayed on the host." in shown
    assert "1 alias hands mail for old-lists.org to Sympa" in shown
    assert not RoutingObject.objects.filter(server=asked.host).exists()


def test_the_reports_button_imports_with_the_port_that_was_given(
    site: Site, asked: Reading
) -> None:
    answer(asked)
    client, address = site.sign_in("claire"), f"/import/readings/{asked.pk}/"
    sent = form_of(client.get(f"{address}?relay_port=2525"), address)
    assert sent["relay_port"] == "2525"
    push = client.post(address, sent, follow=True)
    first = ConfigPush.objects.latest("pk")
    assert push.redirect_chain == [(f"/pushes/{first.pk}/", 302)]
    assert first.title == "Import of what forums had"
    robots = Survey.objects.get(server=asked.host, subject=Subject.ROBOTS)
    assert (robots.source, robots.is_whole, robots.total) == (Source.AGENT, True, 2)
    relay = RoutingObject.objects.get(server=asked.host, key=".").relay_target
    assert relay is not None and relay.port == 2525
    again = client.post(address, sent)
    assert again.status_code == 409
    assert "forums has 6 keys already" in text(again)


def test_a_table_that_was_not_read_cannot_be_imported(site: Site, asked: Reading) -> None:
    trouble = Trouble(Kind.MAILERTABLE, "/etc/mail/mailertable", "is not there")
    answer(asked, FilesRead(troubles=(trouble,)))
    shown = page(site, asked)
    assert "/etc/mail/mailertable is not there." in shown
    assert "as the first push" not in shown
    sent = {"step": "import", "relay_port": "25"}
    refused = site.sign_in("claire").post(f"/import/readings/{asked.pk}/", sent)
    assert refused.status_code == 422
    assert not RoutingObject.objects.filter(server=asked.host).exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("unknown_verb", "The spool agent of forums is too old to read files"),
        ("crashed", "the agent says why"),
    ],
)
def test_why_it_failed_is_said_and_it_can_be_asked_again(
    site: Site, asked: Reading, code: str, said: str
) -> None:
    answer(asked, None, body={"error": {"code": code, "text": "the agent says why"}})
    assert said in page(site, asked)
    client = site.sign_in("claire")
    client.post("/import/readings/", {"server": "forums", "relay_port": "25"})
    assert Reading.objects.filter(host=asked.host).count() == 2
    failed = AuditEvent.objects.get(action="reading.failed")
    assert failed.actor == "control" and said in failed.note


def test_without_an_answer_in_time_it_has_failed(site: Site, asked: Reading) -> None:
    Attempt.objects.filter(pk=asked.attempt_id).update(state=AttemptState.EXPIRED)
    (attempt,) = unheard_readings()
    record_reading(attempt=attempt)
    assert "forums did not answer in 3 min" in page(site, asked)
    assert list(unheard_readings()) == []


def test_what_no_reading_may_hold_has_failed_and_breaks_no_page(site: Site, asked: Reading) -> None:
    """An agent of another release, or one that lies."""
    data = canonical({"files": [{"kind": "shadow"}]})
    Attempt.objects.filter(pk=asked.attempt_id).update(
        state=AttemptState.REPORTED,
        outcome=Outcome.DONE,
        result=pack(data),
        result_digest=digest_of(data),
    )
    record_reading(attempt=Attempt.objects.get(pk=asked.attempt_id))
    assert "What forums sent cannot be read" in page(site, asked)


def test_an_agent_that_is_ahead_is_asked_again(asked: Reading) -> None:
    before = asked.attempt_id
    later = answer(
        asked, None, body={"error": {"code": "lower_sequence", "text": "", "sequence": 9}}
    )
    assert later.state == "asked" and later.attempt_id != before


def test_only_the_newest_texts_are_kept(site: Site, asked: Reading) -> None:
    answer(asked)
    second = answer(ask_reading(host=asked.host, by=SETUP))
    assert Reading.objects.get(pk=asked.pk).read() is None
    assert second.read() == FOUND
    assert "no longer kept" in page(site, asked)


def test_nobody_waits_for_the_reading_of_a_retired_host(site: Site, asked: Reading) -> None:
    host = MailHost.objects.get(pk=asked.host_id)
    retire_mail_host(identity=host.pk, version=host.version, reason="gone", by=SETUP)
    assert may_sign(asked.attempt) == "nobody waits for this reading any more"


def test_a_host_that_was_only_asked_can_be_removed(asked: Reading) -> None:
    host = MailHost.objects.get(pk=answer(asked).host_id)
    remove_mail_host(identity=host.pk, version=host.version, by=SETUP)
    assert not MailHost.objects.filter(pk=host.pk).exists()
    assert not Reading.objects.exists()


def test_without_an_agent_uploads_are_left(site: Site, forums: MailHost) -> None:
    with unaudited():
        Agent.objects.filter(host_name=forums.name, role=Role.SPOOL).delete()
    answer = site.sign_in("claire").post(
        "/import/readings/", {"server": "forums", "relay_port": "25"}
    )
    assert answer.status_code == 409
    assert "forums has no spool agent yet" in text(answer)


@pytest.mark.parametrize("sent", [{}, {"server": "forums", "relay_port": "0"}, {"server": "x"}])
def test_a_form_that_is_not_whole_is_sent_back(
    site: Site, forums: MailHost, sent: dict[str, str]
) -> None:
    del forums
    assert site.sign_in("claire").post("/import/readings/", sent).status_code == 422
    assert not Reading.objects.exists()


def test_a_viewer_neither_asks_nor_reads(site: Site, asked: Reading) -> None:
    client = site.sign_in("vera")
    for address in ("/import/readings/", f"/import/readings/{asked.pk}/"):
        assert client.post(address, {"server": "forums"}).status_code == 403
    assert client.get(f"/import/readings/{asked.pk}/").status_code == 403


def test_access_and_aliases_are_shown_for_information_from_uploads_too(
    site: Site, forums: MailHost
) -> None:
    del forums
    sent = {
        "server": "forums",
        "relay_port": "25",
        "mailertable": TABLE,
        "access": 'To:jres.org REJECT\nAuthInfo:x "P:hunter2"\nspam.example REJECT\n',
        "aliases": 'a: "|/usr/lib/sympa/bin/queue a@jres.org"\nroot: joe\n',
    }
    shown = text(site.sign_in("claire").post("/import/", sent))
    card = shown[shown.index("information-title") : shown.index("Read again")]
    assert "3 entries, 1 of them with AUTH secrets" in card
    assert "To:jres.org" in card and "spam.example" not in card and "hunter2" not in card
    assert "1 for" in card and "/usr/lib/sympa/bin/queue" in card
    assert read_access(sent["access"], ["jres.org"]).secrets == 1
