"""What the page of a push shows, as values: views fill it, templates only write it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailadmin.ui.parts import Action, Event, Requirement


@dataclass(frozen=True, slots=True)
class RailStep:
    """status: done, waits, works, failed, todo."""

    label: str
    status: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One key. op: create, update, delete. A note stands where there is no value of its own."""

    op: str
    key: str
    before: str = ""
    before_note: str = ""
    after: str = ""
    after_note: str = ""
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The changes of one mail host. `hidden` of them are left out; `show_all_href` shows all."""

    host: str
    rows: tuple[ChangeRow, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """The whole plan. `keys` is the number of keys after it."""

    groups: tuple[ChangeGroup, ...]
    created: int
    updated: int
    deleted: int
    keys: int
    show_all_href: str = ""

    @property
    def total(self) -> int:
        """How many keys change."""
        return self.created + self.updated + self.deleted

    @property
    def several_hosts(self) -> bool:
        """Then each group is named."""
        return len(self.groups) > 1

    @property
    def hidden(self) -> int:
        """Changes that are not among the rows."""
        return sum(group.hidden for group in self.groups)


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One address whose answer changed (or did not, when all are shown)."""

    address: str
    live: str
    staged: str
    why: str
    explained: bool = True
    map_name: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What sendmail said on one mail host. `planned`: changed answers that the plan foretells.
    `first`: nothing of ours was live there to compare with."""

    host: str
    version: str
    user: str
    at: datetime
    unexplained: int
    changed: int
    planned: int
    asked: int
    disagreements: int
    rows: tuple[ProofRow, ...]
    show_all_href: str = ""
    first: bool = False


FIRST_WAYS = 8


@dataclass(frozen=True, slots=True)
class OtherWay:
    """An address that does not go as before; `after` is empty where the way before is unknown."""

    address: str
    before: str
    after: str
    decides: str
    why: str


@dataclass(frozen=True, slots=True)
class AsBefore:
    """The first release of a host against the configuration that it takes the place of.

    `why_not` says why there is nothing to compare, `problem` why not all could be asked. `same`
    and the rest count addresses; `hidden` are those that are not among the `ways`.
    """

    host: str
    configuration: str
    is_compared: bool
    why_not: str
    problem: str
    output: str
    same: int
    asked: int
    kept: int
    differs: int
    silent: int
    ways: tuple[OtherWay, ...] = ()
    hidden: int = 0
    notes: tuple[str, ...] = ()
    show_all_href: str = ""

    @property
    def first_ways(self) -> tuple[OtherWay, ...]:
        """Those that are shown at once."""
        return self.ways[:FIRST_WAYS]

    @property
    def more_ways(self) -> tuple[OtherWay, ...]:
        """Those that are unfolded."""
        return self.ways[FIRST_WAYS:]


@dataclass(frozen=True, slots=True)
class Guard:
    """Something unusual about the plan, and who took it on with which reason (or nobody yet)."""

    text: str
    acknowledged_by: str = ""
    reason: str = ""
    at: datetime | None = None
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class DiffLine:
    """kind: same, ins, del, fold. A fold's text says what it hides."""

    kind: str
    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file of one mail host; `too_long` files stand on a page of their own."""

    id: str
    host: str
    name: str
    added: int
    removed: int
    lines: tuple[DiffLine, ...] = ()
    open: bool = False
    too_long: bool = False
    href: str = ""

    @property
    def differs(self) -> bool:
        """Whether there is a difference to read."""
        return bool(self.added or self.removed)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One step of a deploy as the agent reported it. kind: ok, warn, bad, unk, work."""

    kind: str
    icon: str
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostRow:
    """One mail host of a push, in deploy order. `drift` is words: "none", "mailertable differs"."""

    name: str
    href: str
    state: str
    tag: str = ""
    live: str = ""
    goes_to: str = ""
    drift: str = ""
    drift_kind: str = ""
    drift_at: datetime | None = None
    error: str = ""
    raw: str = ""
    log: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Work that is counted, per mail host while it deploys."""

    label: str
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """The box beside the page: what must hold, what may be done, one sentence on what follows."""

    title: str
    requirements: tuple[Requirement, ...] = ()
    actions: tuple[Action, ...] = ()
    progress: tuple[Progress, ...] = ()
    follows: str = ""

    @property
    def summary(self) -> str:
        """ "4 of 5 met", for the link at the foot of a phone."""
        met = sum(1 for item in self.requirements if item.status in ("met", "warn"))
        return f"{met} of {len(self.requirements)} met"

    @property
    def missing(self) -> str:
        """What the first open requirement says."""
        left = [item for item in self.requirements if item.status not in ("met", "warn")]
        return left[0].statement if left else ""


@dataclass(frozen=True, slots=True)
class PushPage:
    """One config push on one page. `version` moves whenever anything on the page would;
    `successor` is the number of the push that took its place."""

    number: int
    subject: str
    state: str
    author: str
    proposed_at: datetime
    digest: str
    hosts: tuple[HostRow, ...]
    rail: tuple[RailStep, ...]
    changes: Changes
    box: Box
    version: str
    poll_href: str
    finished: bool = False
    revision: int | None = None
    replaces: int | None = None
    successor: int | None = None
    note: str = ""
    state_reason: str = ""
    state_todo: str = ""
    state_raw: str = ""
    proofs: tuple[Proof, ...] = ()
    proof_waits: str = ""
    as_before: tuple[AsBefore, ...] = ()
    guards: tuple[Guard, ...] = ()
    files: tuple[FileDiff, ...] = ()
    activity: tuple[Event, ...] = ()
    more: tuple[Action, ...] = ()

    @property
    def unexplained(self) -> int:
        """Over all mail hosts; one is enough to block."""
        return sum(proof.unexplained for proof in self.proofs)

    @property
    def differing_files(self) -> int:
        """Files with a difference to read."""
        return sum(1 for file in self.files if file.differs)

    @property
    def same_files(self) -> int:
        """Files that are as they were."""
        return len(self.files) - self.differing_files
