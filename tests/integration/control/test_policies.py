"""Fallback policies: who changes them, what is asked and when, and when it is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from mailadmin.audit.services import SETUP
from mailadmin.people.models import Person
from routing.models import HostState, MailHost
from spools.core.health import RelayState
from spools.core.policy import Act, Mode, Policy
from spools.models import FallbackPolicy, FallbackQuestion, FlushRun, Spool
from spools.queries.fallback import decision_of, open_question, policy_of, sight_of
from spools.queries.thresholds import rules
from spools.services.errors import NotAllowed
from spools.services.policies import (
    confirm,
    confirm_policy,
    consider,
    decline,
    domains_of,
    drop_policy,
    save_policy,
)
from tests.fixtures.audited import unaudited
from tests.integration.control.conftest import Trail
from tests.integration.pages.probing import probe

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
ALONE = Policy(mode=Mode.AUTOMATIC)


def spool(server: MailHost, *, waiting: int = 198, minutes: int = 40, at: datetime = NOW) -> Spool:
    """What a scan of just now found."""
    scan_at = int(at.timestamp()) - 7
    values = {
        "path": "/var/spool/sendmailsympa",
        "seen_at": at,
        "at": at,
        "scan_at": scan_at,
        "waiting": waiting,
        "oldest": scan_at - minutes * 60 if waiting else None,
    }
    found, _ = Spool.objects.update_or_create(host=server, name="main", defaults=values)
    return found


@pytest.fixture
def down(live: MailHost) -> MailHost:
    """The relay of listes is down, and 198 messages wait, the oldest for 40 minutes."""
    spool(live)
    probe(live, "gffff", end=NOW)
    return live


def test_the_policy_asks_once_and_says_why(live: MailHost, trail: Trail) -> None:
    spool(live)
    probe(live, "gffff", end=NOW)
    question = open_question(live)
    assert question is not None
    assert (question.relay, question.state, question.messages) == ("smtp1", "down", 198)
    event = trail.only()
    assert (event.action, event.subject, event.actor) == ("fallback.asked", "listes", "control")
    assert event.note == "smtp1 is down; 198 messages wait"
    consider(server=live, now=NOW)
    assert FallbackQuestion.objects.count() == 1


def test_it_is_taken_back_when_the_relay_answers(down: MailHost, trail: Trail) -> None:
    probe(down, "gg", end=NOW + timedelta(seconds=60))
    assert open_question(down) is None
    assert FallbackQuestion.objects.get().answer == "withdrawn"
    assert trail.actions() == ["fallback.withdrawn"]


def test_it_is_taken_back_when_nobody_knows_any_more(down: MailHost) -> None:
    Spool.objects.update(at=NOW - timedelta(hours=1))
    consider(server=down, now=NOW)
    assert open_question(down) is None


def test_a_confirmed_question_begins_one_run(
    down: MailHost, people: dict[str, Person], trail: Trail
) -> None:
    policy = Policy(excluded=("orange.fr",))
    save_policy(server=down, version=0, policy=policy, reason="x", by=people["anne"])
    question = open_question(down)
    assert question is not None
    trail.again()
    run = confirm(question=question, by=people["paul"])
    with pytest.raises(NotAllowed, match="Nothing was begun twice"):
        confirm(question=question, by=people["anne"])
    assert trail.actions() == ["flush.started", "fallback.confirmed"]
    kept = FallbackQuestion.objects.get()
    assert (kept.answer, kept.answered_by, kept.run) == ("confirmed", "Paul Leroy", run)
    assert (run.what.excluded, run.stop_when_well, run.waiting) == (("orange.fr",), True, 198)
    consider(server=down, now=NOW)
    assert open_question(down) is None
    assert decision_of(down, NOW, rules()).act is Act.NOTHING
    probe(down, "gg" + "g" * 5, end=NOW + timedelta(seconds=210))
    assert decision_of(down, NOW + timedelta(seconds=210), rules()).act is Act.STOP


def test_nothing_begins_where_the_conditions_hold_no_more(
    down: MailHost, people: dict[str, Person]
) -> None:
    question = open_question(down)
    assert question is not None
    with unaudited():
        HostState.objects.update(drift=[{"file": "mailertable"}])
    with pytest.raises(NotAllowed, match="differs from what was confirmed"):
        confirm(question=question, by=people["paul"])
    assert not FlushRun.objects.exists()


def test_an_automatic_policy_begins_one_run_by_itself(
    live: MailHost, people: dict[str, Person], settings: Settings, trail: Trail
) -> None:
    settings.ONE_POSTMASTER = True
    save_policy(server=live, version=0, policy=ALONE, reason="Nights.", by=people["anne"])
    spool(live)
    probe(live, "gffff", end=NOW)
    consider(server=live, now=NOW)
    run = FlushRun.objects.get()
    assert (run.started_by, run.reason) == ("control worker", "By the policy: smtp1 is down.")
    assert trail.actions() == ["fallback.policy", "flush.started"]
    assert not FallbackQuestion.objects.exists()


@pytest.mark.parametrize("young", [{"minutes": 29}, {"waiting": 0}])
def test_little_or_young_mail_waits_for_the_relay(live: MailHost, young: dict[str, Any]) -> None:
    spool(live, **young)
    probe(live, "gffff", end=NOW)
    assert open_question(live) is None


def test_who_says_not_now_is_asked_again_after_an_hour(
    down: MailHost, people: dict[str, Person], trail: Trail
) -> None:
    question = open_question(down)
    assert question is not None
    decline(question=question, by=people["paul"])
    decline(question=question, by=people["paul"])
    assert trail.actions() == ["fallback.declined"]
    consider(server=down, now=NOW + timedelta(seconds=20))
    assert open_question(down) is None
    with unaudited():
        FallbackQuestion.objects.update(answered_at=NOW - timedelta(minutes=61))
    consider(server=down, now=NOW + timedelta(seconds=20))
    assert open_question(down) is not None


def test_what_the_policy_looks_at_is_read_from_rows(down: MailHost) -> None:
    sight = sight_of(down, NOW, rules())
    assert (sight.relay, sight.state, sight.waiting) == ("smtp1", RelayState.DOWN, 198)
    assert (sight.oldest_s, sight.verified, sight.agent_heard) == (2400, True, True)
    with unaudited():
        HostState.objects.update(drift=[{"file": "mailertable"}])
    assert sight_of(down, NOW, rules()).verified is False
    assert decision_of(down, NOW, rules()).act is Act.NOTHING
    with unaudited():
        HostState.objects.update(drift=[], deploy_at=NOW - timedelta(hours=1))
    assert sight_of(down, NOW, rules()).verified is None


def test_an_administrator_changes_it_with_an_event(
    live: MailHost, people: dict[str, Person], trail: Trail
) -> None:
    assert policy_of(live) == Policy()
    wanted = Policy(age_s=3600, excluded=("orange.fr",))
    save_policy(server=live, version=0, policy=wanted, reason=" Throttled. ", by=people["anne"])
    assert policy_of(live) == wanted
    event = trail.only()
    assert (event.action, event.actor, event.note) == ("fallback.policy", "anne", "Throttled.")
    assert event.old == {"age_s": 1800, "excluded": []}
    assert event.new == {"age_s": 3600, "excluded": ["orange.fr"]}


def test_one_that_starts_by_itself_takes_a_second_person(
    live: MailHost, people: dict[str, Person], trail: Trail
) -> None:
    row = save_policy(server=live, version=0, policy=ALONE, reason="Nights.", by=people["anne"])
    assert (row.wanted_by, policy_of(live)) == (people["anne"], Policy())
    with pytest.raises(NotAllowed, match="Somebody else has to confirm"):
        confirm_policy(server=live, version=row.version, by=people["anne"])
    with pytest.raises(NotAllowed, match="It changed since"):
        confirm_policy(server=live, version=row.version - 1, by=people["paul"])
    confirm_policy(server=live, version=row.version, by=people["paul"])
    assert policy_of(live) == ALONE
    assert FallbackPolicy.objects.get().wanted is None
    assert trail.actions() == ["fallback.proposed", "fallback.policy"]
    with pytest.raises(NotAllowed, match="No policy waits"):
        confirm_policy(server=live, version=row.version, by=people["paul"])


def test_a_stricter_policy_drops_what_was_proposed(
    live: MailHost, people: dict[str, Person]
) -> None:
    anne = people["anne"]
    row = save_policy(server=live, version=0, policy=ALONE, reason="Nights.", by=anne)
    off = replace(ALONE, mode=Mode.OFF)
    save_policy(server=live, version=row.version, policy=off, reason="No.", by=anne)
    assert FallbackPolicy.objects.get().wanted is None
    assert policy_of(live) == off


def test_a_proposed_policy_can_be_dropped(
    live: MailHost, people: dict[str, Person], trail: Trail
) -> None:
    save_policy(server=live, version=0, policy=ALONE, reason="Nights.", by=people["anne"])
    drop_policy(server=live, by=people["anne"])
    drop_policy(server=live, by=people["anne"])
    assert trail.actions() == ["fallback.proposed", "fallback.dropped"]
    assert policy_of(live) == Policy()


def test_on_a_site_with_one_postmaster_one_person_is_enough(
    live: MailHost, people: dict[str, Person], settings: Settings
) -> None:
    settings.ONE_POSTMASTER = True
    save_policy(server=live, version=0, policy=ALONE, reason="Nights.", by=people["anne"])
    assert policy_of(live) == ALONE


def test_everything_that_is_wrong_is_told_at_once(
    live: MailHost, people: dict[str, Person], trail: Trail
) -> None:
    bad = Policy(
        fires=frozenset({RelayState.SUSPECT}),
        age_s=60,
        depth=0,
        pause_s=90_000,
        most_runs=0,
        excluded=("no_dots", ".suffix.fr", "."),
    )
    with pytest.raises(NotAllowed) as error:
        save_policy(server=live, version=3, policy=bad, reason=" ", by=people["anne"])
    assert len(error.value.reasons) == 10
    assert trail.events() == []
    none = Policy(fires=frozenset())
    with pytest.raises(NotAllowed, match="at least one state"):
        save_policy(server=live, version=0, policy=none, reason="x", by=people["anne"])


def test_domains_are_kept_in_one_spelling() -> None:
    assert domains_of("Orange.FR, free.fr\norange.fr. café.example") == (
        "free.fr",
        "orange.fr",
        "xn--caf-dma.example",
    )


def test_a_site_may_let_a_policy_ask_sooner(
    live: MailHost, people: dict[str, Person], settings: Settings
) -> None:
    soon = Policy(age_s=60)
    with pytest.raises(NotAllowed, match="The least age is from 5 to 1440 minutes"):
        save_policy(server=live, version=0, policy=soon, reason="x", by=people["anne"])
    settings.FALLBACK_LEAST_MINUTES = 1
    save_policy(server=live, version=0, policy=soon, reason="x", by=people["anne"])
    assert policy_of(live) == soon
    less = replace(soon, age_s=59)
    with pytest.raises(NotAllowed, match="The least age is from 1 to 1440 minutes"):
        save_policy(server=live, version=1, policy=less, reason="x", by=people["anne"])


def test_set_up_puts_a_policy_in_force_by_a_command(live: MailHost, trail: Trail) -> None:
    given = ("--age=10", "--depth=30", "--pause=1", "--most-runs=50", "--reason=The first night.")
    call_command("fallback_policy", "listes", *given)
    wanted = Policy(age_s=600, depth=30, pause_s=60, most_runs=50)
    assert policy_of(live) == wanted
    event = trail.only()
    assert (event.action, event.actor, event.note) == (
        "fallback.policy",
        "setup",
        "The first night.",
    )
    call_command("fallback_policy", "listes", "--mode=off", "--reason=Nobody is awake.")
    assert policy_of(live) == Policy(mode=Mode.OFF)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("listes", "--age=4"), "from 5 to 1440 minutes"),
        (("smtp1",), "no list server smtp1"),
        (("listes", "--mode=automatic"), "invalid choice"),
    ],
)
def test_the_command_refuses_what_the_page_would(
    live: MailHost, given: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("fallback_policy", *given, "--reason=x")
    assert policy_of(live) == Policy()


def test_no_program_saves_a_policy_that_starts_runs_by_itself(live: MailHost) -> None:
    with pytest.raises(NotAllowed, match="saved by a person"):
        save_policy(server=live, version=0, policy=ALONE, reason="x", by=SETUP)
    assert not FallbackPolicy.objects.exists()
