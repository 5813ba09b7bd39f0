"""What waits, carried on from event to event, is what reading everything gives."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailadmin.asked import Asked
from mailadmin.audit.models import AuditHead
from mailadmin.people.models import Person
from mailadmin.people.services import actor
from routing.core.edits import RELAY_TARGET, Edit, Op
from routing.core.facts import HostKind
from routing.core.findings import InvalidIntent
from routing.core.intent import ObjectKind
from routing.core.states import OPEN_PUSH, PushState
from routing.models import ConfigPush, MailHost, PushEditor, RelayTarget, RoutingObject
from routing.queries import pending
from routing.queries.edits import pending_edits
from routing.queries.object_rows import Shown
from routing.queries.objects import list_objects
from routing.queries.pending import Standing, standing
from routing.services.errors import NotAllowed
from routing.services.objects import delete_object, save_object, set_enabled
from routing.services.propose import propose
from routing.services.relays import delete_relay_target, save_relay_target
from routing.services.retiring import reinstate_mail_host, retire_mail_host
from tests.fixtures.audited import unaudited
from tests.integration.pages import world


def simple_edits() -> dict[UUID, Edit]:
    """By object, from all rows."""
    return {edit.object_id: edit for part in pending_edits() for edit in part.edits}


def simple_held() -> dict[UUID, int]:
    """Each object of an open push by itself."""
    found: dict[UUID, int] = {}
    for editor in PushEditor.objects.filter(push__state__in=OPEN_PUSH).order_by("at"):
        rows = [
            *RoutingObject.objects.filter(pk=editor.object_id).values_list("changed_at"),
            *RelayTarget.objects.filter(pk=editor.object_id).values_list("changed_at"),
        ]
        found.pop(editor.object_id, None)
        if all(changed_at <= editor.at for (changed_at,) in rows):
            found[editor.object_id] = editor.push_id
    return found


def check() -> bool:
    """Everything that a page asks of it, against the slow form. Whether a list names its edited
    rows by those that are not."""
    now, edits, held = pending.standing(), simple_edits(), simple_held()
    assert dict(now.edits) == edits
    assert [(part.host, part.base, part.edits) for part in now.hosts] == [
        (part.host, part.base, part.edits) for part in pending_edits()
    ]
    assert dict(now.held) == held
    assert now.loose == edits.keys() - held.keys()
    assert now.loose_count == len(now.loose)
    assert len(now.edits) == len(edits)
    assert set(now.edited) == {part.host.pk for part in pending_edits()}
    assert now.relays == {i for i, edit in edits.items() if edit.subject == RELAY_TARGET}
    for server in now.servers:
        enabled = RoutingObject.objects.filter(server=server.host, enabled=True)
        ways = Counter(enabled.values_list("kind", "relay_target_id", "mailer"))
        assert server.tally.ways == ways
    for kind in ObjectKind:
        rows = RoutingObject.objects.filter(kind=kind)
        assert now.loose_rows.get(kind, 0) == rows.filter(pk__in=now.loose).count()
        found = list_objects(kind, Asked(place="/", state=Shown.EDITED))
        assert {row.id for row in found.rows} == set(
            rows.filter(pk__in=now.loose, server__retired_at=None).values_list("pk", flat=True)
        )
        assert now.by_push.rows.get(kind, 0) == rows.filter(pk__in=held).count()
        assert now.removed(kind) == tuple(
            (part.host.name, edit.before)
            for part in pending_edits()
            for edit in part.edits
            if edit.op is Op.DELETE and edit.subject == kind
        )
    return len(now.settled) < now.loose_count


STEPS = 60


class Walk:
    """Does one thing after another to a site, as people would."""

    def __init__(self, seed: int, people: dict[str, Person]) -> None:
        self.dice, self.people, self.made = random.Random(seed), people, 0

    def step(self) -> str:
        """One act; what the services refuse changes nothing. The name of what was done."""
        often = [self.add, self.route, self.turn, self.delete] * 2
        seldom = [self.rename, self.note, self.relay, self.drop_relay, self.position, self.retire]
        act = self.dice.choice([*often, *seldom, self.propose, self.propose, self.go_live])
        try:
            with transaction.atomic():
                act()
        except (NotAllowed, InvalidIntent) as error:
            return f"{act.__name__} refused: {error}"
        return act.__name__

    def add(self) -> None:
        world.add_domain(self.host(), self.name(), self.by())

    def route(self) -> None:
        relay = self.dice.choice(list(RelayTarget.objects.order_by("name")))
        save_object(
            identity=uuid4(),
            version=0,
            server=self.host(),
            kind=ObjectKind.ROUTE,
            key=self.name(),
            relay_target=relay.pk,
            by=self.by(),
        )

    def turn(self) -> None:
        row = self.row()
        set_enabled(identity=row.pk, version=row.version, enabled=not row.enabled, by=self.by())

    def rename(self) -> None:
        self.save(self.row(), key=self.name())

    def note(self) -> None:
        self.save(self.row(), note=self.name())

    def delete(self) -> None:
        row = self.row()
        delete_object(identity=row.pk, version=row.version, by=self.by())

    def relay(self) -> None:
        row = self.dice.choice([None, *RelayTarget.objects.order_by("name")])
        save_relay_target(
            identity=row.pk if row else uuid4(),
            version=row.version if row else 0,
            name=row.name if row else f"smtp{self.made}x",
            hosts=[f"{self.name()}"],
            port=25,
            by=self.by(),
        )

    def drop_relay(self) -> None:
        row = self.dice.choice(list(RelayTarget.objects.order_by("name")))
        delete_relay_target(identity=row.pk, version=row.version, by=self.by())

    def position(self) -> None:
        host = self.host()
        with unaudited():
            MailHost.objects.filter(pk=host.pk).update(position=self.dice.randrange(9))
        self.add()

    def retire(self) -> None:
        hosts = list(MailHost.objects.exclude(name="listes").order_by("name"))
        host, by = self.dice.choice(hosts), actor(self.people["anne"])
        if host.retired_at is None:
            retire_mail_host(identity=host.pk, version=host.version, reason="it moves", by=by)
        else:
            reinstate_mail_host(identity=host.pk, version=host.version, by=by)

    def propose(self) -> None:
        edits = sorted(pending.standing().edits, key=str)
        picked = frozenset(self.dice.sample(edits, k=min(3, len(edits))))
        propose(picked=picked, title="Some", guard_reason="a test", by=self.by())

    def go_live(self) -> None:
        push = ConfigPush.objects.filter(state=PushState.PROPOSED).order_by("pk").first()
        if push is not None:
            world.deploy_now(world.prove(push))

    def save(self, row: RoutingObject, **other: str) -> None:
        fields = {"key": row.key, "note": row.note, "mailer": row.mailer, "next_hop": row.next_hop}
        save_object(
            identity=row.pk,
            version=row.version,
            server=row.server,
            kind=ObjectKind(row.kind),
            enabled=row.enabled,
            relay_target=row.relay_target_id,
            by=self.by(),
            **(fields | other),
        )

    def name(self) -> str:
        self.made += 1
        return f"n{self.made}.example"

    def row(self) -> RoutingObject:
        return self.dice.choice(list(RoutingObject.objects.order_by("server__name", "key")))

    def host(self) -> MailHost:
        servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER)
        return self.dice.choice(list(servers.order_by("name")))

    def by(self) -> Person:
        return self.people[self.dice.choice(["claire", "luc"])]


@pytest.fixture
def two(live: MailHost) -> MailHost:
    """A second list server, of which some rows name the relay of the first."""
    other = world.list_server("other", 1)
    world.imported(other, "a.example\tesmtp:[127.0.0.1]\n.\tesmtp:[smtp1.renater.fr]\n")
    return live


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 8))]
)
def test_carried_on_it_is_what_reading_everything_gives(
    seed: int, two: MailHost, people: dict[str, Person]
) -> None:
    walk, done = Walk(seed, people), list[str]()
    ways = {check()}
    for _ in range(STEPS):
        done.append(walk.step())
        ways.add(check())
    assert ways == {True, False}
    acts = {name for name in done if "refused" not in name}
    assert len(acts) >= 9, done
    assert two.name == "listes"


def test_several_writes_at_once_are_carried_on_together(
    two: MailHost, people: dict[str, Person]
) -> None:
    walk = Walk(9, people)
    for _ in range(12):
        for _ in range(7):
            walk.step()
        check()


def test_a_write_reads_what_it_wrote_and_no_whole_table(two: MailHost, claire: Person) -> None:
    pending.standing()
    world.add_domain(two, "new.example", claire)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        pending.standing()
    tables = [q["sql"] for q in seen.captured_queries if "routing_routingobject" in q["sql"]]
    assert tables
    assert all('WHERE "routing_routingobject"."id" IN' in sql for sql in tables), tables


def test_a_trail_that_is_another_is_read_from_its_start(two: MailHost, claire: Person) -> None:
    """As after a restored database: the same number, and other writes below it."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        world.add_domain(two, "gone.example", claire)
        world.add_domain(two, "gone-too.example", claire)
        check()
        raise ZeroDivisionError
    check()
    world.add_domain(two, "kept.example", claire)
    check()
    world.add_domain(two, "kept-too.example", claire)
    world.add_domain(two, "kept-three.example", claire)
    check()


def test_more_events_than_are_worth_it_are_read_whole(
    two: MailHost, claire: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    check()
    monkeypatch.setattr(pending, "MOST_EVENTS", 2)
    for number in range(3):
        world.add_domain(two, f"n{number}.example", claire)
    check()


def test_without_a_single_event_nothing_is_kept(people: dict[str, Person]) -> None:
    assert people
    with unaudited():
        AuditHead.objects.all().delete()
        host = MailHost.objects.create(name="bare", kind=HostKind.LIST_SERVER, changed_by="x")
        assert not pending.standing().edits
        row = RoutingObject.objects.create(
            server=host, kind="virtual_domain", key="a.example", changed_at=timezone.now()
        )
    assert set(pending.standing().edits) == {row.pk}


@pytest.mark.django_db(transaction=True)
def test_threads_that_ask_at_once_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world.imported(world.list_server())
    pending._kept.clear()
    true_read, reads = pending._read, list[int]()

    def slowly(number: int, digest: str) -> Standing:
        reads.append(number)
        time.sleep(0.3)
        return true_read(number, digest)

    def ask() -> int:
        try:
            return standing().number
        finally:
            connection.close()

    monkeypatch.setattr(pending, "_read", slowly)
    with ThreadPoolExecutor(4) as pool:
        found = [future.result() for future in [pool.submit(ask) for _ in range(4)]]

    assert len(reads) == 1
    assert set(found) == {reads[0]}
