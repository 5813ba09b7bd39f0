"""Mail hosts: what an administrator writes of them, and what their agents saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from mailadmin.audit.services import SETUP, Actor
from mailadmin.people.models import Person
from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent
from routing.core.facts import HostKind, facts_to_json
from routing.core.findings import InvalidIntent
from routing.models import HostState, MailHost
from routing.queries.edits import pending_edits
from routing.services.errors import ConflictingEdit
from routing.services.hosts import note_live, observed, save_mail_host
from tests.integration.control.conftest import Trail
from tests.integration.pages import world

Save = Callable[..., MailHost]


@pytest.fixture
def save(db: None) -> Save:
    """Saves with what a test does not say: a new list server, or the version that is there."""
    del db

    def saved(**given: Any) -> MailHost:
        wanted: dict[str, Any] = {
            "identity": None,
            "name": "listes",
            "kind": HostKind.LIST_SERVER,
            "position": 0,
            "by": SETUP,
        }
        row = MailHost.objects.filter(pk=given.get("identity") or uuid4()).first()
        return save_mail_host(**(wanted | {"version": row.version if row else 0} | given))

    return saved


def seen_by_deploy(**more: Any) -> dict[str, Any]:
    """The body of an *observe* of the deploy agent."""
    return {
        "facts": facts_to_json(world.facts("listes")),
        "live": "a" * 64,
        "last_good": "a" * 64,
        "releases": [{"digest": "a" * 64, "built_at": "2026-11-23T04:00:00Z"}],
        "drift": [],
    } | more


def test_a_new_host_is_unknown_until_its_agents_look(save: Save, trail: Trail) -> None:
    host = save(note="rack 4")

    event = trail.only()
    assert (event.action, event.subject, event.host) == ("mail_host.created", "listes", "listes")
    assert event.new is not None and event.new["note"] == "rack 4"
    assert (host.state.facts, host.state.live, host.state.deploy_at) == (None, None, None)


def test_every_finding_is_told_at_once_and_nothing_is_written(save: Save, trail: Trail) -> None:
    with pytest.raises(InvalidIntent) as error:
        save(name="Listes.Renater.fr", kind="gateway", position=-1, site_m4="esyscmd(`id')\nsyscmd")

    found = {(finding.field, finding.line) for finding in error.value.findings}
    assert found == {("name", 0), ("kind", 0), ("position", 0), ("site_m4", 1), ("site_m4", 2)}
    assert not MailHost.objects.exists()
    assert trail.events() == []


def test_a_name_is_taken_once(save: Save) -> None:
    save()
    with pytest.raises(InvalidIntent) as error:
        save()

    assert [finding.field for finding in error.value.findings] == ["name"]


def test_a_change_tells_old_and_new_and_none_is_no_event(save: Save, trail: Trail) -> None:
    host = save()
    trail.again()
    save(identity=host.pk)
    save(identity=host.pk, position=3)

    event = trail.only()
    assert event.old is not None and event.new is not None
    assert (event.action, event.old["position"], event.new["position"]) == (
        "mail_host.changed",
        0,
        3,
    )


def test_the_second_of_two_people_overwrites_nothing(save: Save, trail: Trail) -> None:
    host = save()
    save(identity=host.pk, position=3, by=Actor("luc", "Luc Petit"))
    trail.again()
    with pytest.raises(ConflictingEdit) as error:
        save(identity=host.pk, version=host.version, note="rack 4")

    assert (error.value.theirs.by, error.value.theirs.values["position"]) == ("Luc Petit", 3)
    assert error.value.yours.values["note"] == "rack 4"
    assert MailHost.objects.get().note == ""
    assert trail.events() == []


def test_the_same_form_sent_twice_is_one_host_and_one_event(save: Save, trail: Trail) -> None:
    identity = uuid4()
    save(identity=identity, version=0)
    save(identity=identity, version=0)

    assert trail.only().action == "mail_host.created"


def test_a_host_that_nothing_knows_yet_may_be_renamed(save: Save) -> None:
    host = save()
    save(identity=host.pk, name="lists2", kind=HostKind.OUTGOING_RELAY)

    assert [(host.name, host.kind) for host in MailHost.objects.all()] == [
        ("lists2", "outgoing_relay")
    ]


def test_a_host_with_an_agent_keeps_its_name(save: Save, listes: MailHost) -> None:
    assert Agent.objects.filter(host_name="listes").exists()
    with pytest.raises(InvalidIntent) as error:
        save(identity=listes.pk, name="lists2")

    assert [finding.field for finding in error.value.findings] == ["name"]


def test_a_host_with_a_revision_keeps_name_and_kind(save: Save, live: MailHost) -> None:
    """Its live intent bears the name: no page could compute an edit any more."""
    with pytest.raises(InvalidIntent) as error:
        save(identity=live.pk, name="lists2", kind=HostKind.OUTGOING_RELAY)

    assert {finding.field for finding in error.value.findings} == {"name", "kind"}
    assert pending_edits() == ()


def test_a_host_with_keys_stays_a_list_server(save: Save, listes: MailHost, claire: Person) -> None:
    world.add_domain(listes, "lists.example", claire)
    with pytest.raises(InvalidIntent) as error:
        save(identity=listes.pk, kind=HostKind.OUTGOING_RELAY)

    assert [finding.field for finding in error.value.findings] == ["kind"]


def test_what_agents_see_is_kept_without_an_event(save: Save, trail: Trail) -> None:
    host, now = save(), timezone.now()
    trail.again()
    observed(agent_host="listes", role=Role.DEPLOY, body=seen_by_deploy(), now=now)
    observed(
        agent_host="listes",
        role=Role.SPOOL,
        body={"kept": [{"name": "x"}], "kept_total": 1},
        now=now,
    )

    state = HostState.objects.get(host=host)
    assert state.host_facts == world.facts("listes")
    assert (state.live, state.kept_total, state.deploy_at, state.spool_at) == (
        "a" * 64,
        1,
        now,
        now,
    )
    assert trail.events() == []


def test_each_role_writes_only_what_it_saw(save: Save) -> None:
    host, first, second = save(), timezone.now(), timezone.now()
    observed(agent_host="listes", role=Role.DEPLOY, body=seen_by_deploy(), now=first)
    observed(agent_host="listes", role=Role.SPOOL, body={"kept": [], "kept_total": 0}, now=second)

    state = HostState.objects.get(host=host)
    assert (state.deploy_at, state.spool_at, state.live) == (first, second, "a" * 64)


def test_an_observation_of_an_unknown_host_changes_nothing(db: None) -> None:
    observed(agent_host="gone", role=Role.DEPLOY, body=seen_by_deploy(), now=timezone.now())

    assert not HostState.objects.exists()


@pytest.mark.parametrize("lost", ["fqdn", "spool", "run_as_user", "kind"])
def test_facts_that_lack_something_are_not_kept(save: Save, lost: str) -> None:
    host = save()
    broken = seen_by_deploy()
    del broken["facts"][lost]
    with pytest.raises(KeyError, match=lost):
        observed(agent_host="listes", role=Role.DEPLOY, body=broken, now=timezone.now())

    assert HostState.objects.get(host=host).facts is None


def test_the_report_of_a_switch_says_what_is_live(save: Save) -> None:
    host, now = save(), timezone.now()
    drift = [{"file": "mailertable", "text": "was edited"}]
    observed(agent_host="listes", role=Role.DEPLOY, body=seen_by_deploy(drift=drift), now=now)
    note_live(host=host, body={"live": "b" * 64, "previous": "a" * 64}, now=now)

    state = HostState.objects.get(host=host)
    assert (state.live, state.last_good, state.drift) == ("b" * 64, "a" * 64, [])


def test_an_identity_that_is_gone_makes_a_new_host(save: Save, trail: Trail) -> None:
    save(identity=uuid4())

    assert trail.only().action == "mail_host.created"
