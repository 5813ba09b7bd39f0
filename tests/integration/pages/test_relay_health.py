"""The page of a relay's health, and what the relay's own page and the overview say of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from spools.core.health import RelayState
from spools.models import ProbedServer, RelayHealth, RelayMaintenance
from tests.integration.pages.conftest import Site, text
from tests.integration.pages.probing import probe

HEALTH = "/relays/smtp1/health/"
HTMX = {"HX-Request": "true"}
ROW = RelayHealth.objects


def test_a_relay_that_is_down_says_since_when_and_why(site: Site) -> None:
    probe(site.host, "gffff", end=timezone.now())
    answer = site.sign_in("vera").get(HEALTH)
    page = text(answer)
    assert "smtp1 does not take mail, because: connection refused (4 probes in a row)" in page
    assert "Recovering after 2 good probes in a row, 0 so far." in page
    assert "Everything without a route of its own goes by it." in page
    assert "<title>Down: smtp1, health" in answer.content.decode()
    assert "Down: Connection refused" in page


def test_every_step_of_the_last_probe_is_shown_and_what_was_said(site: Site) -> None:
    probe(site.host, "g", end=timezone.now())
    answer = site.sign_in("vera").get(HEALTH)
    (seen,) = answer.context["seen"]
    (host,) = seen.hosts
    assert [line.word for line in host.steps] == [
        "Name",
        "Connect",
        "Banner",
        "EHLO",
        "MAIL",
        "RCPT",
        "RSET",
        "QUIT",
    ]
    assert [(line.code, line.kind) for line in host.steps][2:6] == [
        ("220", "ok"),
        ("250", "ok"),
        ("250", "ok"),
        ("250", "ok"),
    ]
    page = text(answer)
    assert "RCPT TO:&lt;postmaster@listes.renater.fr&gt;" in page
    assert "smtp1.renater.fr, port 25, offers STARTTLS" in page
    assert sum(piece.width for piece in seen.band) >= 999


def test_a_busy_relay_has_its_words_in_amber(site: Site) -> None:
    probe(site.host, "gbbb", end=timezone.now())
    (seen,) = site.sign_in("vera").get(HEALTH).context["seen"]
    assert seen.words == (
        "smtp1 takes mail late or now and then, because: 421 4.3.2 Too many connections"
        " (to the connection) (3 probes in a row)"
    )
    assert [line.kind for line in seen.hosts[0].steps] == ["ok", "ok", "warn"]


def test_what_is_old_is_unknown_and_greyed_whatever_the_row_says(site: Site) -> None:
    """Also where the control worker itself has died, so that nobody writes rows any more."""
    probe(site.host, "gffff", end=timezone.now() - timedelta(hours=2))
    ProbedServer.objects.update(error="No answer.", error_at=timezone.now())
    assert ROW.get().state == RelayState.DOWN
    answer = site.sign_in("vera").get(HEALTH)
    (seen,) = answer.context["seen"]
    assert (seen.sight.state, seen.is_old) == (RelayState.UNKNOWN, True)
    assert seen.words == "smtp1 is not known: no probe for 300 s"
    assert "No newer probe: No answer." in text(answer)


def test_a_relay_that_no_live_table_names_is_not_probed(site: Site) -> None:
    ROW.all().delete()
    page = text(site.sign_in("vera").get(HEALTH))
    assert "No live table names smtp1, so nobody probes it." in page
    assert site.sign_in("vera").get("/relays/nothing/health/").status_code == 404


def test_the_poll_answers_when_something_was_probed(site: Site) -> None:
    now = timezone.now()
    probe(site.host, "g", end=now - timedelta(seconds=30))
    vera = site.sign_in("vera")
    seen = vera.get(HEALTH).context["version"]
    assert vera.get(f"{HEALTH}live/", {"seen": seen}, headers=HTMX).status_code == 204
    probe(site.host, "f", end=now)
    answer = vera.get(f"{HEALTH}live/", {"seen": seen}, headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "may be failing, because: connection refused" in text(answer)


def test_an_operator_sets_and_ends_maintenance(site: Site) -> None:
    probe(site.host, "gffff", end=timezone.now())
    otto = site.sign_in("otto")
    assert "Begin maintenance of smtp1" in text(otto.get(HEALTH))
    answer = otto.post("/relays/smtp1/maintenance/", {"reason": "New kernel."}, follow=True)
    page = text(answer)
    assert "smtp1 is in maintenance: new kernel" in page
    assert "by Otto Operator" in page
    otto.post("/relays/smtp1/maintenance/end/", follow=True)
    assert RelayMaintenance.objects.get().ended_by == "Otto Operator"
    assert ROW.get().state == RelayState.UNKNOWN


def test_maintenance_without_a_reason_says_so(site: Site) -> None:
    answer = site.sign_in("otto").post("/relays/smtp1/maintenance/", {"reason": " "}, follow=True)
    assert "Say why: whoever is on call reads it." in text(answer)
    assert not RelayMaintenance.objects.exists()


@pytest.mark.parametrize("where", ["maintenance/", "maintenance/end/"])
def test_who_may_not_is_told_who_can(site: Site, where: str) -> None:
    vera = site.sign_in("vera")
    assert vera.post(f"/relays/smtp1/{where}", {"reason": "x"}).status_code == 403
    page = text(vera.get(HEALTH))
    assert "Operators set and end maintenance. Otto Operator can." in page
    assert site.sign_in("otto").get(f"/relays/smtp1/{where}").status_code == 302


def test_the_page_of_the_relay_says_how_it_is(site: Site) -> None:
    vera = site.sign_in("vera")
    assert "No live table names it, so it is not probed." in text(vera.get("/relays/smtp1/"))
    probe(site.host, "gffff", end=timezone.now())
    assert "From listes: smtp1 does not take mail" in text(vera.get("/relays/smtp1/"))


def test_the_overview_names_a_relay_that_is_down_first(site: Site) -> None:
    vera = site.sign_in("vera")
    assert "Relay" not in [panel.label for panel in vera.get("/").context["overview"].panels]
    probe(site.host, "gffff", end=timezone.now())
    found = vera.get("/").context["overview"]
    need = found.needs[0]
    assert (need.kind, need.fact, need.href) == ("bad", "smtp1 went down for listes", HEALTH)
    assert need.text == "It does not take mail, because: connection refused (4 probes in a row)."
    panel = found.panels[0]
    assert (panel.label, panel.badge.word, panel.lines) == ("Relay", "Down", ("smtp1",))
