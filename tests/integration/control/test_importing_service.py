"""Importing a mailertable: every finding with its line, all or nothing, once."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailadmin.audit.models import AuditEvent
from mailadmin.people.models import Person
from routing.core.findings import InvalidIntent
from routing.models import (
    ConfigPush,
    ForeignLine,
    HostState,
    LocalHost,
    MailHost,
    RelayTarget,
    Revision,
    Route,
    RoutingObject,
    VirtualDomain,
)
from routing.queries.edits import pending_edits, rows_intent
from routing.queries.revisions import intent_of, live_revision
from routing.services.errors import NotAllowed
from routing.services.importing import ImportPlan, import_mailertable, read_mailertable
from routing.services.propose import propose
from tests.integration.control.conftest import Trail
from tests.integration.pages import world

DATA = Path(__file__).resolve().parents[2] / "data/routing"


def read(name: str, host: MailHost, relay_port: int = 25) -> ImportPlan:
    text = (DATA / name).read_text()
    return read_mailertable(text=text, host=host, source=name, relay_port=relay_port)


def command(*arguments: str | Path) -> tuple[str, str]:
    """What `manage.py import_mailertable` said on both streams."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_mailertable", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_example_becomes_rows_of_each_kind_and_the_first_push(listes: MailHost) -> None:
    push = import_mailertable(plan=read("seed.mailertable", listes))

    relay = RelayTarget.objects.get()
    default = Route.objects.get()
    assert {row.key for row in VirtualDomain.objects.all()} == {
        "renater.fr",
        "demo.sympa.org",
        "jres.org",
    }
    assert [row.key for row in LocalHost.objects.all()] == ["host.renater.fr"]
    assert (relay.name, relay.hosts, relay.port) == ("smtp1", ["smtp1.renater.fr"], 25)
    assert (default.key, default.relay_target_id) == (".", relay.pk)
    assert not ForeignLine.objects.exists()
    assert (push.title, push.proposed_by, push.proposed_by_person) == (
        "Import of seed.mailertable",
        "import",
        None,
    )
    assert intent_of(push.targets.get().revision) == rows_intent(listes)


def test_each_row_and_the_push_are_events_of_the_import(listes: MailHost, trail: Trail) -> None:
    push = import_mailertable(plan=read("seed.mailertable", listes))

    events = trail.events()
    assert {event.actor for event in events} == {"import"}
    assert sorted(event.action for event in events) == [
        "local_host.created",
        "push.proposed",
        "relay_target.created",
        "route.created",
        "virtual_domain.created",
        "virtual_domain.created",
        "virtual_domain.created",
    ]
    revision = Revision.objects.get()
    assert push.pk == events[-1].push
    assert (revision.first_event, revision.last_event) == (1, events[-2].number)


def test_every_kind_of_value_is_kept(listes: MailHost) -> None:
    import_mailertable(plan=read("many-kinds.mailertable", listes))

    found = {row.key: (row.kind, row.mailer, row.next_hop) for row in RoutingObject.objects.all()}
    assert found == {
        "one.example": ("virtual_domain", "", ""),
        "two.example": ("route", "esmtp", "[a.example]:[b.example]"),
        ".three.example": ("route", "esmtp", "hub.example"),
        "closed.example": ("route", "error", "5.7.1:550 This domain is closed"),
        "later.example": ("route", "error", "4.7.1:450 Try again later"),
        "gone.example": ("route", "error", "nohost:This host has left"),
        "old.example": ("route", "smtp8", "[old.example]"),
        "six.example": ("route", "esmtp", "[IPv6:2001:db8::25]"),
        ".": ("route", "", ""),
    }
    assert RelayTarget.objects.get().hosts == ["smtp1.example", "smtp2.example"]


def test_the_port_of_the_relay_is_told_beside_the_table(listes: MailHost) -> None:
    import_mailertable(plan=read("seed.mailertable", listes, relay_port=2526))

    assert RelayTarget.objects.get().port == 2526


def test_every_wrong_line_is_told_with_its_number_and_nothing_is_written(
    listes: MailHost, trail: Trail
) -> None:
    plan, before = read("broken.mailertable", listes), trail.rows()
    with pytest.raises(InvalidIntent) as error:
        import_mailertable(plan=plan)

    assert {finding.line for finding in error.value.findings} == {2, 3, 4, 5, 6, 7, 8, 10, 11}
    assert all(finding.advice for finding in error.value.findings)
    assert str(error.value).startswith("line 2: ")
    assert trail.rows() == before
    assert not ConfigPush.objects.exists()


def test_a_finding_about_the_whole_table_is_told_too(listes: MailHost) -> None:
    """What is wrong only for this host, or only together, is found before anything is written."""
    text = "listes.renater.fr\tesmtp:[a.example]\na.example\tuucp:b\n.\tesmtp:[127.0.0.1]\n"
    plan = read_mailertable(text=text, host=listes, source="mailertable")

    found = {(finding.code, finding.line) for finding in plan.findings}
    assert ("key_is_own_name", 1) in found
    assert ("mailer_unknown", 2) in found
    assert [finding.code for finding in plan.errors] == ["relay_loopback"]


def test_a_table_is_not_read_before_the_facts_of_the_host_are_known(listes: MailHost) -> None:
    HostState.objects.filter(host=listes).update(facts=None)
    with pytest.raises(NotAllowed, match="its deploy agent has not reported"):
        read("seed.mailertable", listes)


def test_a_second_import_is_refused_with_every_reason(live: MailHost, trail: Trail) -> None:
    plan, before = read("seed.mailertable", live), trail.rows()
    with pytest.raises(NotAllowed) as error:
        import_mailertable(plan=plan)

    assert error.value.reasons == (
        "listes has a release already; edit and propose instead.",
        "listes has 5 keys already; nothing was imported.",
    )
    assert trail.rows() == before


def test_an_import_does_not_write_over_rows_that_somebody_made(
    listes: MailHost, claire: Person, trail: Trail
) -> None:
    world.add_domain(listes, "early.example", claire)
    before = trail.rows()
    with pytest.raises(NotAllowed, match="has 1 key already"):
        import_mailertable(plan=read("seed.mailertable", listes))

    assert trail.rows() == before


def test_a_relay_target_of_that_name_to_elsewhere_is_not_taken_over(
    listes: MailHost, claire: Person, trail: Trail
) -> None:
    world.add_relay("smtp1", claire)
    before = trail.rows()
    with pytest.raises(NotAllowed) as refused:
        import_mailertable(plan=read("seed.mailertable", listes, relay_port=2525))

    assert str(refused.value) == (
        "There is a relay target smtp1 already, to smtp1.renater.fr on port 25; this table means "
        "smtp1.renater.fr on port 2525. Rename the other first."
    )
    assert trail.rows() == before


def test_the_relay_target_that_another_list_server_imported_serves_both(
    listes: MailHost, claire: Person
) -> None:
    """Relay targets are global: the second list server leads to the same machine."""
    there = world.add_relay("smtp1", claire)
    import_mailertable(plan=read("seed.mailertable", listes))

    relay = RelayTarget.objects.get()
    assert (relay.pk, relay.version) == (there.pk, there.version)
    assert Route.objects.get(key=".").relay_target == there
    first = Revision.objects.get(host=listes)
    assert [item.id for item in intent_of(first).relay_targets] == [there.pk]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("live", None, "What listes runs is not known"),
        ("live", "a" * 64, "runs release aaaaaaaa and our record says none"),
        ("drift", [{"file": "sympa.cf", "text": ""}], "edited by hand: sympa.cf"),
    ],
)
def test_a_push_that_may_not_be_proposed_takes_all_rows_back(
    listes: MailHost, trail: Trail, column: str, value: object, says: str
) -> None:
    HostState.objects.filter(host=listes).update(**{column: value})
    before = trail.rows()
    with pytest.raises(NotAllowed, match=says):
        import_mailertable(plan=read("seed.mailertable", listes))

    assert trail.rows() == before
    assert not ConfigPush.objects.exists()


def test_a_second_list_server_names_its_own_relay_target(live: MailHost, claire: Person) -> None:
    other = world.list_server("other", 1)
    text = "a.example\tesmtp:[127.0.0.1]\n.\tesmtp:[smtp2.renater.fr]\n"
    world.imported(other, text)

    assert {relay.name for relay in RelayTarget.objects.all()} == {"smtp1", "smtp2"}
    assert pending_edits() == ()
    assert live_revision(other) != live_revision(live)


def test_the_command_shows_and_writes_nothing_when_it_is_a_dry_run(
    listes: MailHost, trail: Trail
) -> None:
    before = trail.rows()
    out, err = command(DATA / "seed.mailertable", "--host", "listes", "--dry-run")

    assert sorted(line.split() for line in out.splitlines()) == [
        ["local_host", "host.renater.fr"],
        ["route", "."],
        ["virtual_domain", "demo.sympa.org"],
        ["virtual_domain", "jres.org"],
        ["virtual_domain", "renater.fr"],
    ]
    assert err == ""
    assert trail.rows() == before


def test_the_command_says_it_as_json_and_keeps_the_push_out_of_it(listes: MailHost) -> None:
    out, err = command(DATA / "seed.mailertable", "--host", "listes", "--json")

    told = json.loads(out)
    assert {"number": 6, "key": "jres.org", "value": "esmtp:[127.0.0.1]"} in [
        {name: line[name] for name in ("number", "key", "value")} for line in told["lines"]
    ]
    assert (told["findings"], told["against"]) == ([], [])
    assert err == f"Push #{ConfigPush.objects.get().pk} puts it on listes as its first release.\n"


def test_a_dry_run_tells_what_an_import_would_be_refused_for(
    live: MailHost, claire: Person, trail: Trail
) -> None:
    before, arguments = trail.rows(), (DATA / "seed.mailertable", "--host", "listes", "--dry-run")
    with pytest.raises(CommandError) as refused:
        command(*arguments, "--relay-port", "2525")
    assert "listes has a release already" in str(refused.value)
    assert "listes has 5 keys already" in str(refused.value)
    assert "this table means smtp1.renater.fr on port 2525" in str(refused.value)
    with pytest.raises(CommandError, match="line 2: "):
        command(DATA / "broken.mailertable", "--host", "listes", "--dry-run", "--json")
    assert trail.rows() == before


def test_the_command_imports(listes: MailHost) -> None:
    out, _ = command(DATA / "seed.mailertable", "--host", "listes", "--relay-port", "2526")

    push = ConfigPush.objects.get()
    assert out.endswith(f"Push #{push.pk} puts it on listes as its first release.\n")
    assert RelayTarget.objects.get().port == 2526


def test_the_command_tells_every_wrong_line(listes: MailHost, trail: Trail) -> None:
    before = trail.rows()
    with pytest.raises(CommandError) as error:
        command(DATA / "broken.mailertable", "--host", "listes")

    told = str(error.value)
    assert told.startswith("Nothing was imported.\nline 2: ")
    assert [number for number in range(1, 12) if f"line {number}: " in told] == [
        2, 3, 4, 5, 6, 7, 8, 10, 11,
    ]  # fmt: skip
    assert trail.rows() == before


@pytest.mark.parametrize(
    ("content", "host", "says"),
    [
        (None, "listes", "cannot be read: No such file"),
        (b"caf\xe9.example\tesmtp:[a]\n", "listes", "is not UTF-8 text at byte 3"),
        (b"", "nowhere", "There is no mail host nowhere"),
    ],
)
def test_the_command_says_what_it_cannot_use(
    listes: MailHost, tmp_path: Path, content: bytes | None, host: str, says: str
) -> None:
    file = tmp_path / "mailertable"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CommandError, match=says):
        command(file, "--host", host)


def test_a_proposal_that_would_take_the_imports_place_says_what_it_leaves_out(
    listes: MailHost, claire: Person
) -> None:
    imported = import_mailertable(plan=read("seed.mailertable", listes))
    new = world.add_domain(listes, "new.example", claire)
    picked = frozenset({new.pk})

    with pytest.raises(NotAllowed) as refused:
        propose(picked=picked, title="One domain", by=claire)

    assert "5 saved lines are not in the first release" in str(refused.value)
    imported.refresh_from_db()
    assert imported.state == "proposed"
    everything = frozenset(RoutingObject.objects.values_list("pk", flat=True))
    propose(picked=everything, title="All of it", by=claire)
    imported.refresh_from_db()
    assert imported.state == "superseded"


def test_more_lines_cost_no_query_each(listes: MailHost) -> None:
    def imported(lines: int) -> int:
        host = world.list_server(f"lists{lines}")
        text = "".join(f"d{number}.example\tesmtp:[127.0.0.1]\n" for number in range(lines))
        plan = read_mailertable(text=text, host=host, source="mailertable")
        with CaptureQueriesContext(connection) as queries:
            import_mailertable(plan=plan)
        assert RoutingObject.objects.filter(server=host).count() == lines
        return len(queries)

    # SQLite takes so many values in a statement, which is dozens of rows.
    assert imported(400) - imported(100) < 300 / 10


def test_what_rendering_would_refuse_is_told_before_a_row_is_written(
    listes: MailHost, trail: Trail
) -> None:
    plan = read("seed.mailertable", listes)
    spoilt = [replace(item, mailer="x y") for item in plan.intent.objects[:2]]
    objects = (*spoilt, *plan.intent.objects[2:])
    wrong = replace(plan, intent=replace(plan.intent, objects=objects))

    with pytest.raises(InvalidIntent) as refused:
        import_mailertable(plan=wrong)

    assert {finding.subject for finding in refused.value.findings} == {i.key for i in spoilt}
    assert trail.rows() == (0, 0, len(AuditEvent.objects.all()))
    assert trail.events() == []
