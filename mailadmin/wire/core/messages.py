"""The two messages that cross the wire: an order to an agent, and its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.fields import ATTEMPT, DIGEST, HOST_NAME, Fields, MessageError

VERSION = 1

__all__ = ["ROLE_OF", "VERSION", "MessageError", "Order", "Outcome", "Report", "Role", "Verb"]


class Role(StrEnum):
    """Which agent of a mail host: the owner of the releases, or the owner of the spool."""

    DEPLOY = "deploy"
    SPOOL = "spool"


class Verb(StrEnum):
    STAGE = "stage"
    PROVE = "prove"
    ACTIVATE = "activate"
    CONFIRM = "confirm"
    REVERT = "revert"
    OBSERVE = "observe"
    ASK_RCPT = "ask_rcpt"
    READ_FILES = "read_files"
    PROBE = "probe"
    SCAN = "scan"
    FLUSH = "flush"
    RETRY = "retry"
    SURVEY = "survey"


# sendmail runs a configuration on a spool only for the spool's owner, so prove is the spool's.
ROLE_OF: Mapping[Verb, frozenset[Role]] = {
    Verb.STAGE: frozenset({Role.DEPLOY}),
    Verb.PROVE: frozenset({Role.SPOOL}),
    Verb.ACTIVATE: frozenset({Role.DEPLOY}),
    Verb.CONFIRM: frozenset({Role.DEPLOY}),
    Verb.REVERT: frozenset({Role.DEPLOY}),
    Verb.OBSERVE: frozenset({Role.DEPLOY, Role.SPOOL}),
    Verb.ASK_RCPT: frozenset({Role.SPOOL}),
    # Sympa's own files are readable to its user, and to nobody else but root.
    Verb.READ_FILES: frozenset({Role.SPOOL}),
    # A relay is judged from where its mail comes from, by the user that sends it.
    Verb.PROBE: frozenset({Role.SPOOL}),
    Verb.SCAN: frozenset({Role.SPOOL}),
    Verb.FLUSH: frozenset({Role.SPOOL}),
    Verb.RETRY: frozenset({Role.SPOOL}),
    Verb.SURVEY: frozenset({Role.SPOOL}),
}


class Outcome(StrEnum):
    """DONE: the verb did what was asked. FAILED: it ran and could not; the body holds
    {"error": {"code", "text", …}}. REFUSED: the order was not accepted and nothing ran."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Order:
    """`not_after` is in seconds since the epoch; `blob` is the digest of at most one blob."""

    version: int
    host: str
    role: Role
    verb: Verb
    arguments: Mapping[str, Json]
    attempt: str
    sequence: int
    not_after: int
    blob: str | None = None

    def to_json(self) -> dict[str, Json]:
        return {
            "version": self.version,
            "host": self.host,
            "role": self.role.value,
            "verb": self.verb.value,
            "arguments": self.arguments,
            "attempt": self.attempt,
            "sequence": self.sequence,
            "not_after": self.not_after,
            "blob": self.blob,
        }

    @classmethod
    def from_json(cls, value: Json) -> Order:
        """Raises MessageError with every fault."""
        fields = Fields("order", value, _ORDER_FIELDS)
        order = cls(
            version=fields.version(VERSION),
            host=fields.text("host", HOST_NAME),
            role=fields.choice("role", Role),
            verb=fields.choice("verb", Verb, code="unknown_verb"),
            arguments=fields.mapping("arguments"),
            attempt=fields.text("attempt", ATTEMPT),
            sequence=fields.integer("sequence", 1),
            not_after=fields.integer("not_after", 0),
            blob=fields.text_or_none("blob", DIGEST),
        )
        fields.finish()
        if order.role not in ROLE_OF[order.verb]:
            problem = f"{order.verb} is not an order for the role {order.role}"
            raise MessageError("order", "wrong_role", (problem,), value)
        return order


@dataclass(frozen=True, slots=True)
class Report:
    """`at` is the agent's clock, in seconds since the epoch, when the verb ended."""

    version: int
    host: str
    role: Role
    attempt: str
    sequence: int
    outcome: Outcome
    body: Mapping[str, Json]
    blob: str | None
    at: int

    def to_json(self) -> dict[str, Json]:
        return {
            "version": self.version,
            "host": self.host,
            "role": self.role.value,
            "attempt": self.attempt,
            "sequence": self.sequence,
            "outcome": self.outcome.value,
            "body": self.body,
            "blob": self.blob,
            "at": self.at,
        }

    @classmethod
    def from_json(cls, value: Json) -> Report:
        """Raises MessageError with every fault."""
        fields = Fields("report", value, _REPORT_FIELDS)
        report = cls(
            version=fields.version(VERSION),
            host=fields.text("host", HOST_NAME),
            role=fields.choice("role", Role),
            attempt=fields.text("attempt", ATTEMPT),
            sequence=fields.integer("sequence", 1),
            outcome=fields.choice("outcome", Outcome),
            body=fields.mapping("body"),
            blob=fields.text_or_none("blob", DIGEST),
            at=fields.integer("at", 0),
        )
        fields.finish()
        return report


_ORDER_FIELDS = frozenset(
    {
        "version",
        "host",
        "role",
        "verb",
        "arguments",
        "attempt",
        "sequence",
        "not_after",
        "blob",
    }
)
_REPORT_FIELDS = frozenset(
    {
        "version",
        "host",
        "role",
        "attempt",
        "sequence",
        "outcome",
        "body",
        "blob",
        "at",
    }
)
