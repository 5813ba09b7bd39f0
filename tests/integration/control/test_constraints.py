"""Each constraint of the database stops the row that it is there for, whoever writes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from mailadmin.audit.models import AuditHead, AuditPass
from mailadmin.health.models import Sweep
from mailadmin.people.models import HeldRole, PasswordLink, Person
from mailadmin.saved.models import ChosenColumns, SavedFilter
from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Agent, Attempt
from routing.models import (
    Approval,
    ConfigPush,
    DnsCheck,
    DnsFinding,
    HostState,
    LineFinding,
    MailHost,
    PushEditor,
    PushTarget,
    RcptCheck,
    Reading,
    RelayTarget,
    Retirement,
    Revision,
    RoutingObject,
    Survey,
    SurveyedName,
    SurveyedServer,
    TaggedObject,
    TouchedObject,
)
from tests.fixtures.audited import unaudited
from tests.fixtures.kept_rows import begin_with
from tests.integration.control import spoiled_spools
from tests.integration.pages import world

TITLE = "Add conf.renater.fr"
OURS = ("health", "people", "audit", "routing", "saved", "spools", "wire")


@dataclass(frozen=True, slots=True)
class Rows:
    """Good rows of each table; a test spoils one, or adds one that must not stand beside them."""

    people: dict[str, Person]
    host: MailHost
    push: ConfigPush
    agent: Agent

    @property
    def target(self) -> PushTarget:
        return self.push.targets.get()

    @property
    def relay(self) -> RelayTarget:
        return RelayTarget.objects.get(name="smtp1")

    def object(self, key: str) -> models.QuerySet[RoutingObject]:
        return RoutingObject.objects.filter(key=key)


@pytest.fixture
def rows(db: None) -> Rows:
    """A live host and a push that paul has approved."""
    del db
    begin_with(one_approved)
    push = ConfigPush.objects.get(title=TITLE)
    host = MailHost.objects.get(name="listes")
    return Rows(world.people_by_name(), host, push, world.agent(host))


def one_approved() -> None:
    people, host, _ = world.small()
    row = world.add_domain(host, "conf.renater.fr", people["claire"])
    push = world.prove(world.proposed([row.pk], people["claire"], TITLE))
    world.approved(push, people["paul"], at_once=False)


def again(row: models.Model, **other: Any) -> models.Model:
    """A second row with the values of the first one and another identity."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    values = {
        field.attname: getattr(row, field.attname) for field in fields if field.name not in other
    }
    return type(row)._default_manager.create(**(values | other))


def attempt(rows: Rows, **values: Any) -> Attempt:
    wanted: dict[str, Any] = {
        "agent": rows.agent,
        "verb": Verb.OBSERVE.value,
        "lifetime_s": 60,
        "created_at": timezone.now(),
    }
    return Attempt.objects.create(**(wanted | values))


def link(rows: Rows, **values: Any) -> PasswordLink:
    now = timezone.now()
    wanted: dict[str, Any] = {
        "person": rows.people["claire"],
        "digest": "0" * 64,
        "made_by": "somebody",
        "made_at": now,
        "expires_at": now,
    }
    return PasswordLink.objects.create(**(wanted | values))


def route(rows: Rows, **values: Any) -> RoutingObject:
    wanted: dict[str, Any] = {
        "server": rows.host,
        "kind": "route",
        "key": "r.example",
        "changed_at": timezone.now(),
        "changed_by": "somebody",
    }
    return RoutingObject.objects.create(**(wanted | values))


def finding(rows: Rows) -> LineFinding:
    return LineFinding.objects.create(
        server=rows.host,
        place="10 listes a.example",
        kind="redundant",
        object_id=rows.object("jres.org").get().pk,
        object_kind="route",
        key="a.example",
        text="The mail of a.example would go the same way.",
        advice="Delete it.",
    )


def survey(rows: Rows, **values: Any) -> Survey:
    wanted = {"subject": "robots", "source": "import", "told_at": timezone.now()}
    return Survey.objects.create(server=rows.host, **(wanted | values))


def surveyed_server(rows: Rows) -> SurveyedServer:
    return SurveyedServer.objects.create(host=rows.host, due_at=timezone.now())


def named_twice(made: Survey) -> None:
    two(lambda: SurveyedName.objects.create(survey=made, name="jres.org"))


def dns_check(**values: Any) -> DnsCheck:
    wanted: dict[str, Any] = {"kind": "domain", "name": "jres.org", "due_at": timezone.now()}
    return DnsCheck.objects.create(**(wanted | values))


def dns_finding(check: DnsCheck, **values: Any) -> DnsFinding:
    wanted: dict[str, Any] = {"check_of": check, "kind": "mx_none", "place": "01 jres.org"}
    return DnsFinding.objects.create(**(wanted | values))


def twice_found(check: DnsCheck) -> None:
    two(lambda: dns_finding(check))


def saved_filter(rows: Rows, name: str = "Mine") -> SavedFilter:
    owner = rows.people["claire"]
    return SavedFilter.objects.create(owner=owner, place="domain", name=name, query="q=a")


def tagged_object(rows: Rows) -> TaggedObject:
    row = rows.object("conf.renater.fr").get()
    return TaggedObject.objects.create(object=row, kind=row.kind, word="paris")


def rcpt_check(rows: Rows, **values: Any) -> RcptCheck:
    now = timezone.now()
    return RcptCheck.objects.create(server=rows.host, domain="jres.org", began_at=now, **values)


def retirement(rows: Rows) -> Retirement:
    now = timezone.now()
    return Retirement.objects.create(
        object_id=rows.object("jres.org")[0].pk,
        server=rows.host,
        key="jres.org",
        began_at=now,
        step_at=now,
        changed_at=now,
    )


def reading(rows: Rows, **values: Any) -> Reading:
    wanted = {"host": rows.host, "asked_by": "somebody", "asked_at": timezone.now()}
    if "attempt" not in values:
        wanted["attempt"] = attempt(rows, verb=Verb.READ_FILES.value)
    return Reading.objects.create(**(wanted | values))


def two(make: Callable[[], object]) -> None:
    make()
    make()


def on_host(spoil: Callable[[MailHost], object]) -> Callable[[Rows], object]:
    return lambda rows: spoil(rows.host)


SPOIL: dict[str, Callable[[Rows], object]] = {
    "person.username": lambda r: again(r.people["claire"]),
    "passwordlink.person": lambda r: two(lambda: link(r, digest=uuid4().hex)),
    "passwordlink.digest": lambda r: (link(r), link(r, person=r.people["paul"])),
    "one_role_once_per_person": lambda r: again(HeldRole.objects.all()[0]),
    "held_role_is_known": lambda r: HeldRole.objects.update(role="king"),
    "one_audit_head": lambda r: AuditHead.objects.create(pk=2),
    "one_audit_pass": lambda r: AuditPass.objects.create(pk=2),
    "one_sweep": lambda r: Sweep.objects.create(pk=2, ended_at=timezone.now()),
    "mailhost.name": lambda r: again(r.host),
    "mail_host_kind_is_known": lambda r: MailHost.objects.update(kind="gateway"),
    "hoststate.host": lambda r: HostState.objects.create(host=r.host),
    "relaytarget.name": lambda r: again(r.relay),
    "relay_port_is_a_port": lambda r: RelayTarget.objects.update(port=65536),
    "relay_has_a_name": lambda r: RelayTarget.objects.update(name=""),
    "relay_has_a_host": lambda r: RelayTarget.objects.update(hosts=[]),
    "one_key_once_per_server": lambda r: again(r.object("jres.org")[0], kind="local_host"),
    "object_kind_is_known": lambda r: r.object("jres.org").update(kind="alias"),
    "object_has_a_key": lambda r: r.object("jres.org").update(key=""),
    "domain_and_local_host_name_no_way": lambda r: r.object("jres.org").update(mailer="esmtp"),
    "route_names_relay_or_mailer": lambda r: route(r, mailer="esmtp", relay_target=r.relay),
    "foreign_line_keeps_its_value": lambda r: route(r, kind="foreign_line"),
    "finding_once_per_line": lambda r: two(lambda: finding(r)),
    "one_survey_of_a_subject": lambda r: two(lambda: survey(r)),
    "survey_subject_is_known": lambda r: survey(r, subject="moods"),
    "survey_source_is_known": lambda r: survey(r, source="hearsay"),
    "surveyed_name_once": lambda r: named_twice(survey(r)),
    "surveyedserver.host": lambda r: two(lambda: surveyed_server(r)),
    "dns_name_once_per_kind": lambda r: two(lambda: dns_check()),
    "dns_kind_is_known": lambda r: dns_check(kind="zone"),
    "dns_outcome_is_known": lambda r: dns_check(outcome="perhaps"),
    "dns_marks_are_known": lambda r: dns_check(mx_mark="green"),
    "dns_finding_once": lambda r: twice_found(dns_check()),
    "dns_finding_kind_is_known": lambda r: dns_finding(dns_check(), kind="odd"),
    "retirement.object_id": lambda r: two(lambda: retirement(r)),
    "rcpt_domain_once": lambda r: two(lambda: rcpt_check(r)),
    "rcpt_verdicts_are_known": lambda r: rcpt_check(r, verdict="maybe"),
    "push_state_is_known": lambda r: ConfigPush.objects.update(state="done"),
    "proved_push_has_a_digest": lambda r: ConfigPush.objects.update(digest=""),
    "configpush.form_token": lambda r: ConfigPush.objects.update(form_token=uuid4()),
    "revision_number_once_per_host": lambda r: again(r.target.revision),
    "revision_events_in_order": lambda r: Revision.objects.update(first_event=9, last_event=7),
    "host_once_per_push": lambda r: again(r.target, holds_host=False),
    "one_open_push_per_host": lambda r: again(r.target, push=again(r.push, form_token=None)),
    "target_state_is_known": lambda r: PushTarget.objects.update(state="lost"),
    "object_once_per_target": lambda r: again(TouchedObject.objects.all()[0]),
    "columns_once_per_list": lambda r: two(
        lambda: ChosenColumns.objects.create(person=r.people["claire"], place="domain")
    ),
    "filter_name_once_per_person": lambda r: two(lambda: saved_filter(r)),
    "filter_has_a_name": lambda r: saved_filter(r, name=""),
    "word_once_per_object": lambda r: again(tagged_object(r)),
    "editor_once_per_object": lambda r: again(PushEditor.objects.get()),
    "one_verdict_per_person": lambda r: again(Approval.objects.get()),
    "refusal_has_a_reason": lambda r: Approval.objects.update(verdict="refused", reason=""),
    "reading_state": lambda r: reading(r, state="lost"),
    "one_open_reading_per_host": lambda r: two(lambda: reading(r)),
    "reading.attempt": lambda r: again(reading(r, state="answered")),
    "wire_agent_once": lambda r: again(r.agent),
    "wire_agent_sequence_not_negative": lambda r: Agent.objects.update(last_sequence=-1),
    "wire_sequence_once": lambda r: two(lambda: attempt(r, sequence=7)),
    "wire_one_open_order": lambda r: two(lambda: attempt(r, state="sent")),
    "wire_attempt_state": lambda r: attempt(r, state="lost"),
    **{name: on_host(spoil) for name, spoil in spoiled_spools.SPOIL.items()},
}


def constraints() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Name, table and columns (none for a check) of every constraint of our models."""
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            meta = model._meta
            if meta.proxy:
                continue
            for item in meta.constraints:
                names = item.fields if isinstance(item, models.UniqueConstraint) else ()
                columns = {f.attname for f in meta.concrete_fields if f.name in names}
                yield item.name, meta.db_table, frozenset(columns)
            for field in meta.concrete_fields:
                if field.unique and not field.primary_key:
                    name = f"{meta.model_name}.{field.name}"
                    yield name, meta.db_table, frozenset({field.attname})


CONSTRAINTS = {name: (table, columns) for name, table, columns in constraints()}


def test_each_constraint_has_a_row_that_breaks_it() -> None:
    assert set(SPOIL) == set(CONSTRAINTS)


@pytest.mark.parametrize("name", SPOIL)
def test_the_database_refuses_the_row(rows: Rows, name: str) -> None:
    with unaudited(), pytest.raises(IntegrityError) as error, transaction.atomic():
        SPOIL[name](rows)

    table, columns = CONSTRAINTS[name]
    said = str(error.value)
    assert name in said or columns_in(said, table) == columns != set()


def columns_in(said: str, table: str) -> set[str]:
    """The columns of a broken unique constraint, as SQLite and as PostgreSQL say them."""
    if key := re.search(r"Key \((.+?)\)=", said):
        return set(key[1].split(", "))
    return set(re.findall(rf"{table}\.(\w+)", said))


GOOD: dict[str, Callable[[Rows], object]] = {
    "a route by a relay target": lambda r: route(r, relay_target=r.relay),
    "a route by a mailer": lambda r: route(r, mailer="error", next_hop="5.1.1 gone"),
    "a foreign line": lambda r: route(r, kind="foreign_line", mailer="uucp", next_hop="x"),
    "the same key on another server": lambda r: again(
        r.object("jres.org")[0], server=world.list_server("other", 1)
    ),
    "a second target that does not hold the host": lambda r: again(
        r.target, push=again(r.push, form_token=None), holds_host=False
    ),
    "two pushes without a form": lambda r: two(lambda: again(r.push, form_token=None)),
    "a new verdict after a voided one": lambda r: again(
        Approval.objects.get(), voided_at=timezone.now()
    ),
    "an open order of another agent": lambda r: (
        attempt(r, state="sent"),
        attempt(r, state="sent", agent=again(r.agent, host_name="other")),
    ),
    "many due orders of one agent": lambda r: two(lambda: attempt(r)),
    "a reading beside older ones": lambda r: (
        reading(r, state="answered"),
        reading(r, state="answered"),
        reading(r, state="failed"),
        reading(r),
    ),
    "an empty range of events": lambda r: Revision.objects.update(first_event=8, last_event=7),
}


@pytest.mark.parametrize("what", GOOD)
def test_what_stands_beside_each_other_in_life_is_not_refused(rows: Rows, what: str) -> None:
    with unaudited(), transaction.atomic():
        assert GOOD[what](rows) != 0


@pytest.mark.parametrize(
    "remove",
    [
        lambda r: r.host.delete(),
        lambda r: r.relay.delete(),
        lambda r: r.push.delete(),
        lambda r: r.target.revision.delete(),
        lambda r: r.people["paul"].delete(),
        lambda r: r.people["claire"].delete(),
    ],
    ids=["mail host", "relay target", "push", "revision", "approver", "proposer"],
)
def test_what_history_stands_on_cannot_be_deleted(
    rows: Rows, remove: Callable[[Rows], object]
) -> None:
    with unaudited(), pytest.raises(models.ProtectedError), transaction.atomic():
        remove(rows)
