"""Revisions of mail hosts: which one is live, and the bundle and intent that one holds."""

from __future__ import annotations

import json
from functools import lru_cache
from uuid import UUID

from django.db.models import F

from mailadmin.wire.core.blobs import pack, unpack
from mailadmin.wire.core.canonical import digest_of
from routing.core.bundle import Bundle, bundle_from_canonical
from routing.core.intent import Intent, intent_from_json, intent_to_json
from routing.core.states import PushState, TargetState
from routing.models import MailHost, PushTarget, Revision

STORED_DIGEST_BYTES = 64
LONG = ("plan", "proof", "answers", "revision__bundle", "revision__intent")
"""Of a target, what grows with the table."""


def live_target(host: MailHost) -> PushTarget | None:
    """The newest confirmed target of a host: its revision is the one that is live by our record."""
    confirmed = PushTarget.objects.filter(host=host, state=TargetState.CONFIRMED)
    # Not what may tell of thousands of keys: it is read where it is asked for.
    light = confirmed.select_related("revision", "push").defer(*LONG)
    return light.order_by("-state_at", "-pk").first()


def live_revision(host: MailHost) -> Revision | None:
    """The last active revision of a host, None before its first push."""
    target = live_target(host)
    return target.revision if target else None


def live_revision_ids() -> dict[UUID, int]:
    """The last active revision of every host that has one, by host."""
    confirmed = PushTarget.objects.filter(state=TargetState.CONFIRMED)
    return dict(confirmed.order_by("state_at", "pk").values_list("host_id", "revision_id"))


def running_revision(host: MailHost) -> Revision | None:
    """What a host runs: its live revision, or that of a stopped push which has switched it and
    could neither confirm it nor go back.
    """
    stopped = PushTarget.objects.filter(host=host, holds_host=True, push__state=PushState.STOPPED)
    seen = stopped.filter(revision__digest=F("host__state__live")).select_related("revision")
    target = seen.first() or live_target(host)
    return target.revision if target else None


def observed_revision(host: MailHost) -> Revision | None:
    """The newest revision of ours whose release the host was seen to run, whoever switched it."""
    seen = Revision.objects.filter(host=host, digest=F("host__state__live"))
    return seen.order_by("-number").first()


def bundle_of(revision: Revision) -> Bundle:
    """The frozen bytes as a bundle. Raises BlobDamaged when the row was altered."""
    found = _large_bundles.get(revision.digest)
    if found is None:
        packed = bytes(revision.bundle)
        found = bundle_from_canonical(unpack(packed, revision.digest))
        if len(packed) > LARGE:
            _large_bundles.clear()
            _large_bundles[revision.digest] = found
    return found


LARGE = 1 << 18
"""Bytes, packed: about 40,000 lines. To unpack more is felt on a page."""
_large_bundles: dict[str, Bundle] = {}
"""The last large one that this process read, by the digest that says what it holds."""


def intent_of(revision: Revision) -> Intent:
    """The intent that a revision was rendered from."""
    stored = bytes(revision.intent)
    return _large_intent(stored) if len(stored) > LARGE else _intent(stored)


@lru_cache(maxsize=8)
def _intent(stored: bytes) -> Intent:
    """Kept: it never changes, and a list is asked for again after every write."""
    return _read_intent(stored)


@lru_cache(maxsize=1)
def _large_intent(stored: bytes) -> Intent:
    """One: a million objects are half a gigabyte."""
    return _read_intent(stored)


def _read_intent(stored: bytes) -> Intent:
    digest, packed = stored[:STORED_DIGEST_BYTES].decode(), stored[STORED_DIGEST_BYTES:]
    return intent_from_json(json.loads(unpack(packed, digest)))


def stored_intent(intent: Intent) -> bytes:
    """The form that `intent_of` reads: the digest of the canonical JSON, then its packed bytes."""
    # The bytes of `canonical`: an intent has nothing that it would refuse, and a million objects.
    said = intent_to_json(intent)
    data = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return digest_of(data).encode() + pack(data)
