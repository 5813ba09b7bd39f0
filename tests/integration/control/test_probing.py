"""Probing relays: which are due, what is signed, what follows from the answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from mailadmin.people.models import Person
from mailadmin.tick import may_sign
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.models import Agent, Attempt
from routing.core.intent import ObjectKind
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.services.objects import save_object
from routing.services.propose import propose
from routing.services.relays import save_relay_target
from spools.core.health import RelayState
from spools.models import ProbedServer, RelayHealth, RelayMaintenance, RelayProbe, RelayTurn
from spools.services.errors import NotAllowed
from spools.services.maintenance import REASON_LIMIT, begin_maintenance, end_maintenance
from spools.services.probing import KEEP_PROBES, record_probes, request_probes
from tests.fixtures.audited import unaudited
from tests.integration.control.conftest import Trail
from tests.integration.pages import probing, world
from tests.integration.pages.probing import body, ended, open_order, probe

pytestmark = pytest.mark.usefixtures("clock_at_now")
NOW = timezone.now().replace(microsecond=0)
LATER = NOW + timedelta(seconds=30)


def smtp1() -> RelayHealth:
    return RelayHealth.objects.get(name="smtp1")


def states() -> list[str]:
    return list(RelayTurn.objects.values_list("state", flat=True))


def test_a_list_server_is_asked_about_the_relays_that_its_live_table_names(live: MailHost) -> None:
    request_probes(NOW)
    request_probes(NOW + timedelta(seconds=5))

    attempt = open_order(live)
    assert (attempt.agent.role, attempt.lifetime_s) == (Role.SPOOL, 120)
    assert attempt.arguments == {
        "relays": [{"name": "smtp1", "host": "smtp1.renater.fr", "port": 25}],
        "recipient": "postmaster@listes.renater.fr",
        "seconds": 10,
    }
    assert may_sign(attempt) is None
    row = smtp1()
    assert (row.hosts, row.port, row.is_default) == (["smtp1.renater.fr"], 25, True)
    assert row.relay == RelayTarget.objects.get(name="smtp1").pk


def test_a_site_says_whom_to_ask_for_and_how_long(live: MailHost, settings: Settings) -> None:
    settings.PROBE_RECIPIENT, settings.PROBE_LIMIT_SECONDS = "probe@example.org", 20
    request_probes(NOW)
    given = open_order(live).arguments
    assert (given["recipient"], given["seconds"]) == ("probe@example.org", 20)


def test_nothing_is_asked_where_nothing_of_ours_is_live(listes: MailHost) -> None:
    request_probes(NOW)
    assert not Attempt.objects.filter(verb=Verb.PROBE).exists()
    assert not RelayHealth.objects.exists()


def test_a_saved_relay_is_probed_once_it_is_live(live: MailHost, claire: Person) -> None:
    request_probes(NOW)
    probing.report(open_order(live), body(open_order(live), "g"), NOW)
    _by_smtp2(live, claire)
    request_probes(LATER)
    assert [relay["name"] for relay in open_order(live).arguments["relays"]] == ["smtp1"]
    probing.report(open_order(live), body(open_order(live), "g"), LATER)

    _deploy(live, claire)
    request_probes(LATER + timedelta(seconds=30))

    asked = [(relay["host"], relay["port"]) for relay in open_order(live).arguments["relays"]]
    assert asked == [("a.smtp2.renater.fr", 2525), ("b.smtp2.renater.fr", 2525)]
    old, new = RelayHealth.objects.order_by("name")
    assert (old.named, old.is_default) == (False, False)
    assert (new.named, new.is_default, new.state) == (True, True, RelayState.UNKNOWN)


def _by_smtp2(server: MailHost, by: Person) -> None:
    """Everything without a route is to go by another relay."""
    relay = save_relay_target(
        identity=uuid4(),
        version=0,
        name="smtp2",
        hosts=["a.smtp2.renater.fr", "b.smtp2.renater.fr"],
        port=2525,
        by=by,
    )
    row = RoutingObject.objects.get(server=server, key=".")
    save_object(
        identity=row.pk,
        version=row.version,
        server=server,
        kind=ObjectKind.ROUTE,
        key=".",
        relay_target=relay.pk,
        by=by,
    )


def _deploy(server: MailHost, by: Person) -> None:
    row = RoutingObject.objects.get(server=server, key=".")
    push = propose(
        picked=frozenset([row.pk]), title="By smtp2", guard_reason="smtp1 goes away.", by=by
    )
    world.deploy_now(world.prove(push))


def test_a_relay_target_takes_mail_when_one_of_its_hosts_does(
    live: MailHost, claire: Person
) -> None:
    _by_smtp2(live, claire)
    _deploy(live, claire)
    request_probes(NOW)
    attempt = open_order(live)
    hosts = {"a.smtp2.renater.fr": "f", "b.smtp2.renater.fr": "g"}
    probing.report(attempt, body(attempt, hosts), NOW)

    kept = RelayProbe.objects.get()
    assert (kept.verdict, kept.why) == ("takes", "")
    assert [host.verdict for host in kept.probed] == ["fails", "takes"]
    assert RelayHealth.objects.get(name="smtp2").state == RelayState.HEALTHY


def test_an_answer_is_kept_with_every_step(live: MailHost) -> None:
    request_probes(NOW)
    attempt = open_order(live)
    probing.report(attempt, body(attempt, "g"), NOW)
    record_probes(attempt, LATER)

    kept = RelayProbe.objects.get()
    assert (kept.at, kept.verdict, kept.ms, kept.tls) == (NOW, "takes", 59, True)
    assert kept.probed[0].steps == probing.TALK
    row = smtp1()
    assert (row.state, row.since, row.seen_at, row.run) == (RelayState.HEALTHY, NOW, NOW, 1)
    server = ProbedServer.objects.get()
    assert (server.attempt, server.answered_at, server.error) == (None, NOW, "")
    assert states() == ["healthy"]


def test_a_relay_that_refuses_connections_goes_down_and_comes_back(live: MailHost) -> None:
    probe(live, "gffff", end=NOW)
    row = smtp1()
    assert (row.state, row.why, row.run) == (RelayState.DOWN, "Connection refused", 4)
    assert row.since == NOW - timedelta(seconds=30)

    probe(live, "ggggg", end=NOW + timedelta(seconds=150))
    assert smtp1().state == RelayState.HEALTHY
    assert states() == ["healthy", "suspect", "down", "recovering", "healthy"]


def test_one_failure_is_only_suspect(live: MailHost) -> None:
    probe(live, "gf", end=NOW)
    assert smtp1().state == RelayState.SUSPECT


def test_an_agent_that_is_silent_makes_everything_unknown(live: MailHost) -> None:
    probe(live, "gffff", end=NOW)
    request_probes(NOW + timedelta(seconds=299))
    assert smtp1().state == RelayState.DOWN
    request_probes(NOW + timedelta(seconds=302))
    row = smtp1()
    assert (row.state, row.why) == (RelayState.UNKNOWN, "no probe for 300 s")
    assert states()[-1] == "unknown"
    request_probes(NOW + timedelta(seconds=304))
    assert states().count("unknown") == 1


def test_an_order_that_ran_out_says_so(live: MailHost) -> None:
    probe(live, "g ", end=NOW)
    server = ProbedServer.objects.get()
    assert (server.attempt, server.error) == (None, "no answer before the order ran out")
    assert server.error_at == NOW
    assert smtp1().state == RelayState.HEALTHY
    probe(live, "g", end=LATER)
    assert ProbedServer.objects.get().error == ""


def test_a_silent_name_server_is_no_fault_of_the_relay(live: MailHost) -> None:
    probe(live, "g" + "u" * 11, end=NOW)
    row = smtp1()
    assert row.state == RelayState.UNKNOWN
    assert row.why.startswith("The name server of this host did not answer")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "hosts is missing"),
        ({"at": 1, "recipient": "a@b", "hosts": [{"relay": 1}]}, "hosts[0]"),
        ({"at": 1, "recipient": "a@b", "hosts": "none"}, "hosts must be a list"),
    ],
)
def test_an_answer_of_another_shape_is_not_believed(
    live: MailHost, given: dict[str, Any], says: str
) -> None:
    request_probes(NOW)
    probing.report(open_order(live), given, NOW)
    server = ProbedServer.objects.get()
    assert "The agent's answer cannot be read: " in server.error
    assert says in server.error
    assert not RelayProbe.objects.exists()


def test_hosts_that_are_not_those_of_the_table_count_for_nothing(live: MailHost) -> None:
    request_probes(NOW)
    attempt = open_order(live)
    given = body(attempt, "f")
    given["hosts"][0]["relay"]["host"] = "elsewhere.example"
    probing.report(attempt, given, NOW)
    assert not RelayProbe.objects.exists()
    assert smtp1().state == RelayState.UNKNOWN


def test_what_ended_while_nobody_listened_is_applied_at_the_next_sweep(live: MailHost) -> None:
    request_probes(NOW)
    attempt = open_order(live)
    ended(attempt, "reported", "done", body(attempt, "g"), NOW)
    request_probes(NOW + timedelta(seconds=2))
    assert smtp1().state == RelayState.HEALTHY


def test_a_retired_server_is_left_alone(live: MailHost) -> None:
    request_probes(NOW)
    attempt = open_order(live)
    with unaudited():
        MailHost.objects.filter(pk=live.pk).update(retired_at=NOW)
    assert may_sign(attempt) == "nobody waits for this answer any more"


def test_a_server_without_a_spool_agent_says_so(live: MailHost) -> None:
    with unaudited():
        Agent.objects.filter(role=Role.SPOOL).update(host_name="elsewhere")
    request_probes(NOW)
    assert ProbedServer.objects.get().error == "No spool agent of listes is let in."


def test_a_server_whose_name_nobody_knows_is_not_asked(live: MailHost) -> None:
    with unaudited():
        live.state.facts = None
        live.state.save()
    request_probes(NOW)
    assert not Attempt.objects.filter(verb=Verb.PROBE).exists()
    assert "have not said what it is called" in ProbedServer.objects.get().error


def test_probes_are_kept_for_a_day(live: MailHost) -> None:
    probe(live, "gg", end=NOW)
    RelayProbe.objects.update(at=NOW - KEEP_PROBES)
    probe(live, "g", end=LATER)
    assert [kept.at for kept in RelayProbe.objects.all()] == [LATER]
    assert states() == ["healthy"]


def test_more_hosts_than_an_order_holds_are_asked_in_turn(live: MailHost) -> None:
    request_probes(NOW)
    probing.report(open_order(live), body(open_order(live), "g"), NOW)
    with unaudited():
        for number in range(40):
            RelayHealth.objects.create(
                server=live, relay=uuid4(), name=f"relay{number}", hosts=["r.example"], port=25
            )
    at = LATER
    for _ in range(2):
        request_probes(at)
        attempt = open_order(live)
        assert len(attempt.arguments["relays"]) <= 32
        probing.report(attempt, body(attempt, "g"), at)
        at += timedelta(seconds=30)
    assert not RelayHealth.objects.filter(seen_at=None).exists()


@pytest.fixture
def relay(live: MailHost) -> RelayTarget:
    """smtp1, which is down for listes."""
    probe(live, "gffff", end=NOW)
    return RelayTarget.objects.get(name="smtp1")


def test_maintenance_is_a_persons_and_has_an_event(
    live: MailHost, relay: RelayTarget, people: dict[str, Person], trail: Trail
) -> None:
    begin_maintenance(relay=relay, reason=" New kernel. ", by=people["otto"])

    event = trail.only()
    assert (event.action, event.subject, event.actor) == ("maintenance.began", "smtp1", "otto")
    assert event.new == {"reason": "New kernel.", "until": None}
    row = smtp1()
    assert (row.state, row.why) == (RelayState.MAINTENANCE, "New kernel.")
    probe(live, "fff", end=NOW + timedelta(seconds=90))
    assert smtp1().state == RelayState.MAINTENANCE

    trail.again()
    end_maintenance(relay=relay, by=people["otto"])
    end_maintenance(relay=relay, by=people["otto"])
    assert trail.only().action == "maintenance.ended"
    assert smtp1().state == RelayState.UNKNOWN
    assert RelayMaintenance.objects.get().ended_by == "Otto Operator"
    assert states()[-2:] == ["maintenance", "unknown"]
    probe(live, "f", end=NOW + timedelta(seconds=120))
    assert smtp1().state == RelayState.SUSPECT


@pytest.mark.parametrize(
    ("reason", "until", "says"),
    [
        (" ", None, "Say why"),
        ("x" * (REASON_LIMIT + 1), None, "at most 500"),
        ("New kernel.", NOW - timedelta(hours=1), "in the past"),
    ],
)
def test_maintenance_needs_a_reason_and_an_end_to_come(
    relay: RelayTarget,
    people: dict[str, Person],
    trail: Trail,
    reason: str,
    until: datetime | None,
    says: str,
) -> None:
    with pytest.raises(NotAllowed, match=says):
        begin_maintenance(relay=relay, reason=reason, until=until, by=people["otto"])
    assert trail.events() == []
    assert not RelayMaintenance.objects.exists()


def test_a_second_maintenance_is_refused_with_the_first(
    relay: RelayTarget, people: dict[str, Person]
) -> None:
    begin_maintenance(relay=relay, reason="New kernel.", by=people["otto"])
    with pytest.raises(NotAllowed, match="in maintenance already: New kernel"):
        begin_maintenance(relay=relay, reason="Again.", by=people["anne"])


def test_a_list_server_that_joins_meanwhile_sees_the_maintenance(
    live: MailHost, people: dict[str, Person]
) -> None:
    relay = RelayTarget.objects.get(name="smtp1")
    begin_maintenance(relay=relay, reason="New kernel.", by=people["otto"])
    request_probes(NOW)
    assert smtp1().state == RelayState.MAINTENANCE
