"""Carries out one order: open, decide, begin, run, write the receipt, report.

Nothing here knows a verb. Whatever happens, either a report was sent, or the order stays open in
the control plane and comes again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mailadmin.agent.config import AgentConfig
from mailadmin.agent.journal import HeldJournal, Journal, JournalError, Receipt
from mailadmin.wire.core.blobs import BlobError, BlobTooLarge, pack, unpack
from mailadmin.wire.core.canonical import CanonicalError, Json, digest_of
from mailadmin.wire.core.fields import ATTEMPT, MAX_INTEGER
from mailadmin.wire.core.messages import (
    VERSION,
    MessageError,
    Order,
    Outcome,
    Report,
    Role,
    Verb,
)
from mailadmin.wire.core.results import VerbResult, failed
from mailadmin.wire.core.sequence import Act, Refusal, Refuse, decide
from mailadmin.wire.signatures import (
    EnvelopeError,
    body_bytes,
    claimed,
    open_order,
    seal_report,
)
from mailadmin.wire.transport import Transport, TransportDown
from routing.agent.host import HostConfig

log = logging.getLogger(__name__)

VerbFunction = Callable[[HostConfig, Mapping[str, Json], bytes | None], VerbResult]
VerbTable = Mapping[tuple[Role, Verb], VerbFunction]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that an order needs; `clock` gives seconds since the epoch."""

    config: AgentConfig
    journal: Journal
    verbs: VerbTable
    transport: Transport
    clock: Callable[[], int]


@dataclass(frozen=True, slots=True)
class _Answered:
    """Which order an answer is for, where the order itself may not have been readable."""

    attempt: str
    sequence: int


def carry_out(desk: Desk, envelope: str) -> Receipt | None:
    """The receipt that was sent. None: the order was not the control plane's, no answer."""
    try:
        order = open_order(envelope, desk.config.control_public_key)
    except EnvelopeError as error:
        log.warning("an order was dropped: %s", error)
        return None
    except MessageError as error:
        receipt = _refuse_unreadable(desk, error)
    else:
        receipt = _answer(desk, order, digest_of(body_bytes(envelope)))
    if receipt is not None:
        _send(desk, receipt)
    return receipt


def _answer(desk: Desk, order: Order, order_digest: str) -> Receipt:
    try:
        with desk.journal.held() as journal:
            return _decide_and_run(desk, journal, order, order_digest)
    except JournalError as error:
        # Nothing ran: the journal failed before the verb, a failure after it is dealt with there.
        log.error("order %d was not begun: %s", order.sequence, error)
        result = failed("journal", f"The agent's journal cannot be used: {error}.")
        return _seal(desk, _Answered(order.attempt, order.sequence), result)


def _decide_and_run(desk: Desk, journal: HeldJournal, order: Order, order_digest: str) -> Receipt:
    config, clock = desk.config, desk.clock()
    act = decide(
        order, order_digest, host=config.host, role=config.role, known=journal.known(), clock=clock
    )
    if isinstance(act, Refuse):
        return _refused(desk, _Answered(order.attempt, order.sequence), act)
    stored = journal.receipt() if act is Act.RETURN_RECEIPT else None
    if stored is not None:
        return _under_todays_key(desk, stored)
    try:
        blob = _fetch_blob(desk, order)
    except (BlobError, TransportDown) as error:
        known = journal.known().sequence
        refusal = Refuse(Refusal.BLOB_UNUSABLE, str(error), known, clock)
        return _refused(desk, _Answered(order.attempt, order.sequence), refusal)
    journal.begin(order, order_digest, clock)
    log.info("order %d: %s %s", order.sequence, order.verb, act)
    receipt = _run(desk, order, blob)
    _keep(journal, order, receipt)
    return receipt


def _under_todays_key(desk: Desk, stored: Receipt) -> Receipt:
    """The agent's key may have been exchanged since: a report of the old one is not believed."""
    try:
        report = claimed(stored.envelope)
    except (EnvelopeError, MessageError) as error:
        log.warning("the stored receipt is sent as it is: %s", error)
        return stored
    return replace(stored, envelope=seal_report(report, desk.config.private_key))


def _fetch_blob(desk: Desk, order: Order) -> bytes | None:
    if order.blob is None:
        return None
    packed = desk.transport.get_blob(order.host, order.role, order.blob)
    if packed is None:
        raise BlobError(f"the order's blob {order.blob} is not in Redis")
    return unpack(packed, order.blob)


def _run(desk: Desk, order: Order, blob: bytes | None) -> Receipt:
    verb = desk.verbs.get((order.role, order.verb))
    answered = _Answered(order.attempt, order.sequence)
    if verb is None:
        text = f"This agent has no function for {order.verb}; bring it to the same version."
        return _seal(desk, answered, failed("unknown_verb", text))
    try:
        result = verb(desk.config.host_config, order.arguments, blob)
        return _seal(desk, answered, result)
    except BlobTooLarge as error:
        return _seal(desk, answered, failed("too_large", f"{error}."))
    except (CanonicalError, EnvelopeError) as error:
        log.exception("the answer to order %d cannot be sent", order.sequence)
        return _seal(desk, answered, failed("answer", f"The answer cannot be sent: {error}."))
    except Exception as error:
        log.exception("order %d: %s crashed", order.sequence, order.verb)
        text = (
            f"{order.verb} ended by an error of the agent: {type(error).__name__}: {error!s:.500}"
        )
        return _seal(desk, answered, failed("crashed", _plain(text)))


def _keep(journal: HeldJournal, order: Order, receipt: Receipt) -> None:
    """The verb has run and its answer is good even if it cannot be kept; a re-send runs again."""
    try:
        journal.finish(order, receipt)
    except JournalError as error:
        log.error("the receipt of order %d was not kept: %s", order.sequence, error)


def _refuse_unreadable(desk: Desk, error: MessageError) -> Receipt | None:
    """Signed by the control plane, but of another version or with a verb that is not known here.
    Answered if it says which attempt it is."""
    log.warning("an order was refused: %s", error)
    raw = error.raw if isinstance(error.raw, Mapping) else {}
    attempt, sequence = raw.get("attempt"), raw.get("sequence")
    if not (isinstance(attempt, str) and ATTEMPT.fullmatch(attempt)):
        return None
    if not (isinstance(sequence, int) and 1 <= sequence <= MAX_INTEGER):
        return None
    try:
        with desk.journal.held() as journal:
            known = journal.known().sequence
    except JournalError as failure:
        log.error("%s", failure)
        known = 0
    refusal = Refuse(Refusal(error.code), _plain(str(error)), known, desk.clock())
    return _refused(desk, _Answered(attempt, sequence), refusal)


def _refused(desk: Desk, answered: _Answered, refusal: Refuse) -> Receipt:
    log.warning("order %d was refused: %s", answered.sequence, refusal.text)
    return _seal(desk, answered, VerbResult(Outcome.REFUSED, refusal.body()))


def _seal(desk: Desk, answered: _Answered, result: VerbResult) -> Receipt:
    """Raises BlobTooLarge, CanonicalError or EnvelopeError for a result that cannot be sent."""
    blob = None if result.blob is None else pack(result.blob)
    digest = None if result.blob is None else digest_of(result.blob)
    report = Report(
        version=VERSION,
        host=desk.config.host,
        role=desk.config.role,
        attempt=answered.attempt,
        sequence=answered.sequence,
        outcome=result.outcome,
        body=result.body,
        blob=digest,
        at=desk.clock(),
    )
    return Receipt(seal_report(report, desk.config.private_key), digest, blob)


def _send(desk: Desk, receipt: Receipt) -> None:
    config = desk.config
    try:
        if receipt.blob_digest is not None and receipt.blob is not None:
            desk.transport.put_blob(config.host, config.role, receipt.blob_digest, receipt.blob)
        desk.transport.send_report(receipt.envelope)
    except TransportDown as error:
        log.warning("a report could not be sent, the next send of its order will: %s", error)


def _plain(text: str) -> str:
    """Exceptions quote what they were given, which need not be UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
