"""A large revision is unpacked once by a process, and only where its bytes are asked for."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailadmin.people.models import Person
from mailadmin.wire.core.blobs import BlobDamaged, pack, unpack
from mailadmin.wire.core.canonical import canonical, digest_of
from routing.core.intent import intent_to_json
from routing.models import MailHost, Revision
from routing.queries import revisions
from routing.queries.edits import rows_intent
from routing.queries.revisions import bundle_of, intent_of, live_revision, stored_intent
from tests.fixtures.audited import unaudited
from tests.integration.pages import world


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests of what is unpacked; everything is large."""
    found, true_unpack = list[str](), unpack

    def seen(packed: bytes, digest: str) -> bytes:
        found.append(digest)
        return true_unpack(packed, digest)

    monkeypatch.setattr(revisions, "unpack", seen)
    monkeypatch.setattr(revisions, "LARGE", 0)
    revisions._large_bundles.clear()
    revisions._large_intent.cache_clear()
    return found


def test_the_last_large_one_is_kept_and_no_other(
    live: MailHost, claire: Person, unpacked: list[str]
) -> None:
    first = live_revision(live)
    assert first is not None
    row = world.add_domain(live, "conf.renater.fr", claire)
    second = world.proposed([row.pk], claire).targets.get().revision
    unpacked.clear()
    revisions._large_bundles.clear()

    assert bundle_of(first) == bundle_of(Revision.objects.get(pk=first.pk))
    assert unpacked == [first.digest]
    assert bundle_of(second).digest == second.digest
    assert bundle_of(first).digest == first.digest
    assert unpacked == [first.digest, second.digest, first.digest]
    unpacked.clear()
    assert intent_of(second) == intent_of(second) != intent_of(first)
    assert len(unpacked) == 2


def test_a_damaged_one_is_not_kept(live: MailHost, unpacked: list[str]) -> None:
    del unpacked
    with unaudited():
        Revision.objects.update(bundle=b"not zlib")
    revision = live_revision(live)
    assert revision is not None
    for _ in range(2):
        with pytest.raises(BlobDamaged):
            bundle_of(revision)


def test_which_one_is_live_is_asked_without_its_bytes(live: MailHost) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert live_revision(live) is not None
    assert len(queries) == 1
    for column in ("bundle", "intent", "plan", "proof", "answers"):
        assert f'."{column}"' not in queries[0]["sql"]


def test_an_intent_is_stored_in_its_canonical_form(live: MailHost, claire: Person) -> None:
    world.add_domain(live, "conf.renater.fr", claire)
    intent = rows_intent(live)
    stored = stored_intent(intent)
    data = canonical(intent_to_json(intent))
    assert stored == digest_of(data).encode() + pack(data)
