"""Sign what is due and send what is open. Only the control worker calls this: it alone can read
the signing key.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from mailadmin.wire.core.messages import VERSION, MessageError, Order, Role, Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Agent, Attempt
from mailadmin.wire.services.asking import cancel
from mailadmin.wire.signatures import (
    BadSignature,
    EnvelopeError,
    body_bytes,
    open_order,
    seal_order,
)
from mailadmin.wire.transport import Transport, TransportDown

log = logging.getLogger(__name__)

# The longest pause between two sends of one order.
MAX_RESEND_S = 60.0


def sign_and_send_due(
    *,
    may_sign: Callable[[Attempt], str | None],
    signing_key: Ed25519PrivateKey,
    transport: Transport,
    now: datetime,
) -> list[Attempt]:
    """Sign the oldest due attempt of every agent that has no open order, and send it.

    `may_sign` re-checks the policy from rows inside the signing transaction; a reason that it
    returns cancels the attempt. Returns the attempts that ended here, cancelled.
    """
    ended = []
    for attempt in _oldest_due():
        why = _sign(attempt, may_sign, signing_key, now)
        if why is not None and cancel(attempt=attempt, why=why, now=now):
            attempt.refresh_from_db()
            ended.append(attempt)
        elif attempt.state == AttemptState.SENT:
            _send(attempt, transport)
    return ended


def resend_open(*, transport: Transport, now: datetime) -> list[Attempt]:
    """The sweep: close what is past its time, send the rest again, the same bytes, with growing
    pauses, and only if nothing waits for that agent. Returns the attempts that expired."""
    ended = []
    for attempt in _with_agent(Attempt.objects.filter(state=AttemptState.SENT.value)):
        if attempt.not_after is not None and now > attempt.not_after:
            if _expire(attempt, now):
                ended.append(attempt)
                _clear(attempt, transport)
        elif attempt.next_send_at is None or attempt.next_send_at <= now:
            _resend(attempt, transport, now)
    return ended


def sign_again(
    *, may_sign: Callable[[Attempt], str | None], signing_key: Ed25519PrivateKey, now: datetime
) -> None:
    """After the signing key was exchanged: open orders that no agent would believe any more are
    signed with the new one, if the policy still allows them, and are due to be sent.

    It is the same order, sequence and time; an agent that has carried it out knows it by its bytes
    and sends its receipt. One that the policy forbids by now is left to run out.
    """
    key = signing_key.public_key()
    for attempt in _with_agent(Attempt.objects.filter(state=AttemptState.SENT.value)):
        try:
            open_order(attempt.envelope, key)
        except BadSignature:
            _sign_again(attempt, may_sign, signing_key, now)
        except (EnvelopeError, MessageError) as error:
            log.warning("%s cannot be read: %s", attempt, error)


def _sign_again(
    attempt: Attempt,
    may_sign: Callable[[Attempt], str | None],
    signing_key: Ed25519PrivateKey,
    now: datetime,
) -> None:
    if attempt.sequence is None or attempt.not_after is None:
        return
    with transaction.atomic():
        agent = Agent.objects.select_for_update().get(pk=attempt.agent_id)
        if agent.disabled or may_sign(attempt) is not None:
            return
        order = order_of(attempt, agent, attempt.sequence, attempt.not_after)
        envelope = seal_order(order, signing_key)
        # What the old key signed is all that may be signed again.
        if body_bytes(envelope) != body_bytes(attempt.envelope):
            log.warning("%s is not what was signed once and stays as it is", attempt)
            return
        Attempt.objects.filter(
            pk=attempt.pk, state=AttemptState.SENT.value, envelope=attempt.envelope
        ).update(envelope=envelope, next_send_at=now)


def _oldest_due() -> list[Attempt]:
    """One per agent; agents with an open order are left out."""
    busy = Attempt.objects.filter(state=AttemptState.SENT.value).values("agent_id")
    due = Attempt.objects.filter(state=AttemptState.DUE.value).exclude(agent_id__in=busy)
    oldest: dict[int, Attempt] = {}
    for attempt in _with_agent(due):
        oldest.setdefault(attempt.agent_id, attempt)
    return list(oldest.values())


def _with_agent(attempts: QuerySet[Attempt]) -> QuerySet[Attempt]:
    return attempts.select_related("agent").defer("result").order_by("created_at")


def _sign(
    attempt: Attempt,
    may_sign: Callable[[Attempt], str | None],
    signing_key: Ed25519PrivateKey,
    now: datetime,
) -> str | None:
    """Returns the reason not to sign. Afterwards `attempt.state` says whether this call, and not
    another worker's, has sent it."""
    try:
        with transaction.atomic():
            agent = Agent.objects.select_for_update().get(pk=attempt.agent_id)
            why = f"the agent {agent} is disabled" if agent.disabled else may_sign(attempt)
            if why is None:
                _take_sequence(attempt, agent, signing_key, now)
            return why
    except IntegrityError:
        # Another worker has opened an order for this agent; ours stays due.
        attempt.state = AttemptState.DUE.value
        return None
    except EnvelopeError as error:
        return str(error)


def _take_sequence(
    attempt: Attempt, agent: Agent, signing_key: Ed25519PrivateKey, now: datetime
) -> None:
    sequence = agent.last_sequence + 1
    Agent.objects.filter(pk=agent.pk).update(last_sequence=sequence)
    not_after = now + timedelta(seconds=attempt.lifetime_s)
    envelope = seal_order(order_of(attempt, agent, sequence, not_after), signing_key)
    changed = Attempt.objects.filter(pk=attempt.pk, state=AttemptState.DUE.value).update(
        state=AttemptState.SENT.value,
        sequence=sequence,
        not_after=not_after,
        envelope=envelope,
        sends=1,
        next_send_at=now + _pause(1),
    )
    if changed != 1:
        raise IntegrityError("another worker signed this attempt")
    attempt.state, attempt.envelope, attempt.agent = AttemptState.SENT.value, envelope, agent


def order_of(attempt: Attempt, agent: Agent, sequence: int, not_after: datetime) -> Order:
    return Order(
        version=VERSION,
        host=agent.host_name,
        role=Role(agent.role),
        verb=Verb(attempt.verb),
        arguments=attempt.arguments,
        attempt=str(attempt.pk),
        sequence=sequence,
        not_after=int(not_after.timestamp()),
        blob=attempt.payload_digest or None,
    )


def _pause(sends: int) -> timedelta:
    after: float = settings.WIRE_RESEND_AFTER_S
    return timedelta(seconds=min(after * 2 ** min(sends - 1, 10), max(after, MAX_RESEND_S)))


def _expire(attempt: Attempt, now: datetime) -> bool:
    text = f"no answer from the agent {attempt.agent} before the order ran out"
    body = {"error": {"code": "expired", "text": text}}
    changed = Attempt.objects.filter(pk=attempt.pk, state=AttemptState.SENT.value).update(
        state=AttemptState.EXPIRED.value, ended_at=now, body=body
    )
    if changed == 1:
        attempt.state, attempt.ended_at, attempt.body = AttemptState.EXPIRED.value, now, body
    return changed == 1


def _resend(attempt: Attempt, transport: Transport, now: datetime) -> None:
    """Counted before it is tried, so that two workers do not both send and a failing one waits."""
    claimed = Attempt.objects.filter(
        pk=attempt.pk, state=AttemptState.SENT.value, next_send_at=attempt.next_send_at
    ).update(sends=attempt.sends + 1, next_send_at=now + _pause(attempt.sends + 1))
    if claimed != 1:
        return
    try:
        waiting = transport.backlog(attempt.agent.host_name, Role(attempt.agent.role))
    except TransportDown as error:
        log.warning("cannot reach Redis to send %s again: %s", attempt, error)
        return
    if waiting == 0:
        _send(attempt, transport)


def _send(attempt: Attempt, transport: Transport) -> None:
    host, role = attempt.agent.host_name, Role(attempt.agent.role)
    try:
        if attempt.payload is not None:
            transport.put_blob(host, role, attempt.payload_digest, bytes(attempt.payload))
        transport.send_order(host, role, attempt.envelope)
    except TransportDown as error:
        log.warning("%s is signed and not sent, the sweep will: %s", attempt, error)


def _clear(attempt: Attempt, transport: Transport) -> None:
    """An agent whose clock is behind must not find an order that is closed here."""
    try:
        transport.clear(attempt.agent.host_name, Role(attempt.agent.role))
    except TransportDown as error:
        log.warning("cannot take back the expired %s: %s", attempt, error)
