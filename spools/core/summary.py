"""What a scan of a spool found, in figures: values out of an agent, and into the database.

Counts are messages unless they are called recipients; times are seconds since the epoch, None where
nothing has one. All of it crosses the wire, so there are no floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self, TypeVar

_Row = TypeVar("_Row")

AGE_EDGES_MIN = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
"""qshape's: a message is in the first bucket whose edge its age is below, or in a last one."""
BUCKETS = len(AGE_EDGES_MIN) + 1
MOST_DOMAINS = 50
MOST_REASONS = 30
MOST_MESSAGES = 1000
RECIPIENTS_SHOWN = 5


class MalformedSummary(ValueError):
    """A report is not of the shape that this version knows; the text says where."""


class State(StrEnum):
    """What is the matter with one message of a spool; each is in exactly one state.

    NEW is a control file that sendmail has not renamed yet, NO_DATA one whose data file is missing:
    sendmail would send it with an empty body. ORPHANED is a data file without a control file.
    """

    WAITING = "waiting"
    HELD = "held"
    LOST = "lost"
    NEW = "new"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    NO_DATA = "no_data"
    ORPHANED = "orphaned"


QUEUED = (State.WAITING, State.HELD)
"""What is mail that may still go; the others need a person."""


def bucket_of(age_s: int) -> int:
    """The index of the age bucket, 0 for the youngest; a time in the future is young."""
    minutes = age_s // 60
    return next((at for at, edge in enumerate(AGE_EDGES_MIN) if minutes < edge), BUCKETS - 1)


@dataclass(frozen=True, slots=True)
class DomainRow:
    """Recipients still to be served at one domain; `ages` has BUCKETS counts that add up to it.

    The domain "" is of recipients without one.
    """

    domain: str
    recipients: int
    ages: tuple[int, ...]
    oldest: int | None = None


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """Messages whose last answer is of one kind. `reason` is what they have in common, `sample` one
    answer as sendmail wrote it, `queue_id` the message that has it, `since` the creation of the
    oldest."""

    reason: str
    messages: int
    since: int | None
    last_try: int | None
    sample: str
    queue_id: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message. `place` is its queue directory below the spool, "" for the spool itself; `bytes`
    are those of its data file, None where it is missing; `recipients` holds the first few. `reason`
    is the last answer as sendmail wrote it, or what is wrong; `reasons.fold` makes of it the reason
    of a ReasonRow."""

    queue_id: str
    place: str
    state: State
    created: int | None
    last_try: int | None
    tries: int | None
    bytes: int | None
    sender: str | None
    recipients: tuple[str, ...]
    recipients_total: int
    reason: str

    @property
    def key(self) -> str:
        """What names it in its spool."""
        return f"{self.place}/{self.queue_id}"


@dataclass(frozen=True, slots=True)
class Summary:
    """A whole spool at one moment.

    `at` is the agent's clock when the scan began, `took_ms` how long it lasted, `read` how many
    files had to be read again. `ages`, `oldest`, `recipients` and the rows are of QUEUED messages.
    `domains` and `reasons` hold the largest; `other_domains` and `other_reasons` are all the rest
    in one row (None: there is no rest). `domains_total` counts the distinct ones.
    `arrived` and `left` are since the scan that began at `since` (None: this is the first).
    """

    at: int
    took_ms: int
    read: int
    states: Mapping[State, int]
    queue_bytes: int
    data_bytes: int
    recipients: int
    ages: tuple[int, ...]
    oldest: int | None
    last_try: int | None
    domains: tuple[DomainRow, ...] = ()
    other_domains: DomainRow | None = None
    domains_total: int = 0
    reasons: tuple[ReasonRow, ...] = ()
    other_reasons: ReasonRow | None = None
    since: int | None = None
    arrived: int = 0
    left: int = 0

    @property
    def queued(self) -> int:
        """Mail that may still go."""
        return sum(self.states.get(state, 0) for state in QUEUED)

    @property
    def broken(self) -> int:
        """What needs a person: all that is neither queued nor just being written."""
        return sum(self.states.values()) - self.queued - self.states.get(State.NEW, 0)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {item.name: _values(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """Raises MalformedSummary."""
        read = _Reader(raw, "summary")
        return cls(
            at=read.number("at"),
            took_ms=read.number("took_ms"),
            read=read.number("read"),
            states=read.states("states"),
            queue_bytes=read.number("queue_bytes"),
            data_bytes=read.number("data_bytes"),
            recipients=read.number("recipients"),
            ages=read.counts("ages"),
            oldest=read.maybe("oldest"),
            last_try=read.maybe("last_try"),
            domains=tuple(_domain(row) for row in read.rows("domains")),
            other_domains=read.one("other_domains", _domain),
            domains_total=read.number("domains_total"),
            reasons=tuple(_reason(row) for row in read.rows("reasons")),
            other_reasons=read.one("other_reasons", _reason),
            since=read.maybe("since"),
            arrived=read.number("arrived"),
            left=read.number("left"),
        )


@dataclass(frozen=True, slots=True)
class SpoolReport:
    """One spool of a scan's answer. With `problem` nothing is known of it, and `summary` is None.

    `token` names the list of its oldest messages, `base` the one that the rest of the answer is to
    be added to, "" when the list comes whole. `messages` are new or changed, `gone` the keys of
    those that are no longer in it.
    """

    name: str
    path: str
    problem: str = ""
    summary: Summary | None = None
    token: str = ""
    base: str = ""
    messages: tuple[MessageRow, ...] = ()
    gone: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {item.name: _values(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """Raises MalformedSummary."""
        read = _Reader(raw, "spool")
        given = read.raw.get("summary")
        return cls(
            name=read.text("name"),
            path=read.text("path"),
            problem=read.text("problem"),
            summary=None if given is None else Summary.from_json(given),
            token=read.text("token"),
            base=read.text("base"),
            messages=tuple(_message(row) for row in read.rows("messages")),
            gone=read.texts("gone"),
        )


def row_to_json(row: MessageRow) -> dict[str, Any]:
    """One message as SpoolReport has it."""
    return {item.name: _values(getattr(row, item.name)) for item in fields(row)}


def _values(value: Any) -> Any:
    """A dataclass as plain JSON, without the walk that `asdict` makes of every leaf."""
    if hasattr(value, "__dataclass_fields__"):
        return {item.name: _values(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_values(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    return value


class _Reader:
    """One JSON object, each field by its kind."""

    def __init__(self, raw: object, what: str) -> None:
        if not isinstance(raw, Mapping):
            raise MalformedSummary(f"{what} is no object.")
        self.raw: Mapping[str, Any] = raw
        self.what = what

    def number(self, name: str) -> int:
        value = self.raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self._wrong(name, "a whole number")

    def maybe(self, name: str) -> int | None:
        return None if self.raw.get(name) is None else self.number(name)

    def text(self, name: str) -> str:
        value = self.raw.get(name)
        if isinstance(value, str):
            return value
        raise self._wrong(name, "text")

    def maybe_text(self, name: str) -> str | None:
        return None if self.raw.get(name) is None else self.text(name)

    def rows(self, name: str) -> Sequence[object]:
        value = self.raw.get(name)
        if isinstance(value, list):
            return value
        raise self._wrong(name, "a list")

    def texts(self, name: str) -> tuple[str, ...]:
        rows = self.rows(name)
        if all(isinstance(row, str) for row in rows):
            return tuple(str(row) for row in rows)
        raise self._wrong(name, "a list of texts")

    def counts(self, name: str) -> tuple[int, ...]:
        rows = self.rows(name)
        if len(rows) == BUCKETS and all(type(row) is int for row in rows):
            return tuple(row for row in rows if isinstance(row, int))
        raise self._wrong(name, f"a list of {BUCKETS} counts")

    def states(self, name: str) -> Mapping[State, int]:
        read = _Reader(self.raw.get(name), name)
        return {State(key): read.number(key) for key in read.raw if key in set(State)}

    def one(self, name: str, make: Callable[[object], _Row]) -> _Row | None:
        return None if self.raw.get(name) is None else make(self.raw[name])

    def _wrong(self, name: str, wanted: str) -> MalformedSummary:
        return MalformedSummary(f"{self.what}.{name} is not {wanted}: {self.raw.get(name)!r:.80}.")


def _domain(raw: object) -> DomainRow:
    read = _Reader(raw, "domain")
    return DomainRow(
        domain=read.text("domain"),
        recipients=read.number("recipients"),
        ages=read.counts("ages"),
        oldest=read.maybe("oldest"),
    )


def _reason(raw: object) -> ReasonRow:
    read = _Reader(raw, "reason")
    return ReasonRow(
        reason=read.text("reason"),
        messages=read.number("messages"),
        since=read.maybe("since"),
        last_try=read.maybe("last_try"),
        sample=read.text("sample"),
        queue_id=read.text("queue_id"),
    )


def _message(raw: object) -> MessageRow:
    read = _Reader(raw, "message")
    if read.raw.get("state") not in set(State):
        raise MalformedSummary(f"message.state is not known: {read.raw.get('state')!r:.80}.")
    return MessageRow(
        queue_id=read.text("queue_id"),
        place=read.text("place"),
        state=State(read.text("state")),
        created=read.maybe("created"),
        last_try=read.maybe("last_try"),
        tries=read.maybe("tries"),
        bytes=read.maybe("bytes"),
        sender=read.maybe_text("sender"),
        recipients=read.texts("recipients"),
        recipients_total=read.number("recipients_total"),
        reason=read.text("reason"),
    )
