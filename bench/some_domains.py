"""A site with any number of virtual domains, all of them live but a few hundred.

Import `bench.site` before. The rows are written as they are, without an event for each: what is
measured is reading them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from mailadmin.audit.services import last_number
from mailadmin.wire.core.blobs import pack
from routing.core.intent import Intent, ObjectKind
from routing.core.render import render
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush, MailHost, PushTarget, RelayTarget, Revision, RoutingObject
from routing.queries.edits import rows_intent
from routing.queries.revisions import stored_intent
from tests.integration.pages.world import facts, seen

EDITS = 300
RARE = "needle"
"""Stands in the keys of two rows, whatever their number."""

FIRST_ID = 1 << 64
BATCH = 5000


def key_of(number: int) -> str:
    """A name that says nothing of its place in the order."""
    scattered = number * 2_654_435_761 % 4_294_967_296
    word = RARE if number in (7, 77) else ("liste", "forum", "news", "mail")[number % 4]
    return f"{word}-{scattered:08x}.org{number % 997}.example"


def fill(host: MailHost, count: int) -> None:
    """Virtual domains, beside them routes to the relay target, a fiftieth of the count."""
    RoutingObject.objects.bulk_create(_rows(host, count), batch_size=BATCH)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _rows(host: MailHost, count: int) -> Iterator[RoutingObject]:
    now, relay = timezone.now(), RelayTarget.objects.get(name="smtp1")
    for number in range(count + count // 50):
        is_route = number >= count
        yield RoutingObject(
            id=UUID(int=FIRST_ID + number),
            server=host,
            kind=ObjectKind.ROUTE if is_route else ObjectKind.VIRTUAL_DOMAIN,
            key=f"by-relay-{number}.example" if is_route else key_of(number),
            enabled=number % 100 != 3,
            relay_target=relay if is_route else None,
            note=f"ticket {number}" if number % 10 == 0 else "",
            changed_at=now - timedelta(seconds=number % 86_400),
            changed_by=("Claire Martin", "Luc Petit")[number % 2],
        )


def make_live(host: MailHost) -> Intent:
    """What the rows say now is the live revision of the host; then a few hundred are edited."""
    intent = rows_intent(host)
    bundle = render(intent, facts(host.name))
    now, last = timezone.now(), last_number()
    push = ConfigPush.objects.create(
        title="Everything",
        state=PushState.ACTIVE,
        state_at=now,
        proposed_by="Claire Martin",
        proposed_at=now,
        digest=bundle.digest,
    )
    before = Revision.objects.filter(host=host).order_by("-number").first()
    revision = Revision.objects.create(
        host=host,
        number=before.number + 1 if before else 1,
        digest=bundle.digest,
        bundle=pack(bundle.canonical),
        intent=stored_intent(intent),
        author="Claire Martin",
        made_at=now,
        first_event=1,
        last_event=last,
    )
    PushTarget.objects.create(
        push=push,
        host=host,
        position=0,
        state=TargetState.CONFIRMED,
        state_at=now,
        holds_host=False,
        base=before.digest if before else "",
        base_revision=before,
        revision=revision,
        plan={"changes": [], "keys_before": 0, "keys_after": 0, "other_files": [], "mailers": []},
    )
    seen(host, live=bundle.digest)
    _edit()
    return intent


def _edit() -> None:
    """Every other one of the first is switched off: an edit that no push holds."""
    ids = [UUID(int=FIRST_ID + 2 * number) for number in range(EDITS)]
    RoutingObject.objects.filter(pk__in=ids).update(enabled=False, version=2)
