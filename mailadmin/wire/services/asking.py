"""Ask for an order: a row that is due. The web process may do this; it never signs."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from mailadmin.wire.core.blobs import pack
from mailadmin.wire.core.canonical import Json, canonical, digest_of
from mailadmin.wire.core.messages import ROLE_OF, Role, Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Attempt
from mailadmin.wire.services.agents import find_agent


class WrongRole(ValueError):
    def __init__(self, role: Role, verb: Verb) -> None:
        allowed = ", ".join(sorted(ROLE_OF[verb]))
        super().__init__(f"{verb} is an order for {allowed}, not for {role}")


def request(
    *,
    host: str,
    role: Role,
    verb: Verb,
    arguments: Mapping[str, Json],
    blob: bytes | None = None,
    lifetime_s: int,
) -> Attempt:
    """A due attempt. `lifetime_s` counts from its signing. The caller's transaction may be open.

    Raises NoSuchAgent, WrongRole, CanonicalError (arguments that cannot be signed) and
    BlobTooLarge.
    """
    if role not in ROLE_OF[verb]:
        raise WrongRole(role, verb)
    canonical(arguments)
    return Attempt.objects.create(
        agent=find_agent(host, role),
        verb=verb.value,
        arguments=arguments,
        payload=None if blob is None else pack(blob),
        payload_digest="" if blob is None else digest_of(blob),
        lifetime_s=lifetime_s,
        created_at=timezone.now(),
    )


def again(*, attempt: Attempt) -> Attempt:
    """Ask for the same once more, as a new attempt with an id and a sequence of its own: what to
    do after one expired, or was refused because the agent's sequence was ahead."""
    return Attempt.objects.create(
        agent_id=attempt.agent_id,
        verb=attempt.verb,
        arguments=attempt.arguments,
        payload=attempt.payload,
        payload_digest=attempt.payload_digest,
        lifetime_s=attempt.lifetime_s,
        created_at=timezone.now(),
    )


def cancel(*, attempt: Attempt, why: str, now: datetime) -> bool:
    """Withdraw an attempt that was not signed yet. False: too late, it was."""
    changed = Attempt.objects.filter(pk=attempt.pk, state=AttemptState.DUE.value).update(
        state=AttemptState.CANCELLED.value,
        ended_at=now,
        body={"error": {"code": "cancelled", "text": why}},
    )
    return changed == 1
