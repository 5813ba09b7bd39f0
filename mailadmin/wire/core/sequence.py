"""What an agent does with an order whose signature is good: the whole decision, and pure.

The agent remembers only its last order. A sequence above it is new; the same one is a re-send;
a lower one is a replay, or a control plane whose database was restored from before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.messages import Order, Role


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal holds of the last order: its sequence (0: none yet), the digest of its
    canonical bytes, and whether its receipt was written."""

    sequence: int = 0
    order_digest: str | None = None
    has_receipt: bool = False


class Act(StrEnum):
    RUN = "run"
    RUN_AGAIN = "run again"
    RETURN_RECEIPT = "return receipt"


class Refusal(StrEnum):
    """Why an order was not accepted: the `code` of a refused report."""

    OTHER_HOST = "other_host"
    EXPIRED = "expired"
    LOWER_SEQUENCE = "lower_sequence"
    OTHER_CONTENT = "other_content"
    UNKNOWN_VERB = "unknown_verb"
    UNSUPPORTED_VERSION = "unsupported_version"
    WRONG_ROLE = "wrong_role"
    MALFORMED = "malformed"
    BLOB_UNUSABLE = "blob_unusable"


@dataclass(frozen=True, slots=True)
class Refuse:
    """`sequence` is the agent's own last one, `clock` its time in seconds since the epoch."""

    code: Refusal
    text: str
    sequence: int
    clock: int

    def body(self) -> Mapping[str, Json]:
        return {
            "error": {
                "code": self.code.value,
                "text": self.text,
                "sequence": self.sequence,
                "clock": self.clock,
            }
        }


def decide(
    order: Order, order_digest: str, *, host: str, role: Role, known: Known, clock: int
) -> Act | Refuse:
    """`clock` is the agent's, in seconds since the epoch."""

    def refuse(code: Refusal, text: str) -> Refuse:
        return Refuse(code, text, known.sequence, clock)

    if (order.host, order.role) != (host, role):
        return refuse(
            Refusal.OTHER_HOST,
            f"the order is for {order.host} {order.role}, this is {host} {role}",
        )
    if order.sequence < known.sequence:
        return refuse(
            Refusal.LOWER_SEQUENCE,
            f"sequence {order.sequence} is below the last one, {known.sequence}",
        )
    if order.sequence == known.sequence and order_digest != known.order_digest:
        return refuse(
            Refusal.OTHER_CONTENT, f"sequence {order.sequence} was used for another order"
        )
    if order.sequence == known.sequence and known.has_receipt:
        return Act.RETURN_RECEIPT
    if clock > order.not_after:
        return refuse(
            Refusal.EXPIRED,
            f"the order was good until {order.not_after} and this clock says {clock}",
        )
    return Act.RUN_AGAIN if order.sequence == known.sequence else Act.RUN
