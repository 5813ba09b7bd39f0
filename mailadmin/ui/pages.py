"""What the large pages show, as values: views fill them, templates only write them down.

Every `href` is an address ready to use, an empty one means "no link". Every moment is aware and in
UTC. A figure that nobody measured is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailadmin.listing import ListPage, Pager, ViewChip


@dataclass(frozen=True, slots=True)
class Link:
    """A word that leads somewhere."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the reader may do, or may not and then `reason` says why and who could.

    kind: primary, plain, danger. `fields` are posted with it (the digest that was shown).
    `asks` is the label of a reason to type; a form unfolds then and the label ends in "…".
    `ticks` are choices sent with it: name, label, ticked at first.
    """

    id: str
    label: str
    action: str
    kind: str = "plain"
    digest: str = ""
    reason: str = ""
    asks: str = ""
    confirm_label: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    ticks: tuple[tuple[str, str, bool], ...] = ()


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
    """What sendmail said on one mail host. `planned`: changed answers that the plan foretells."""

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
class Requirement:
    """status: met, warn, failed, waits, works.

    They stand in this order: staged, proved, base, guard, window, approvals. `lead` is the word
    before the age of `at`: "no drift, checked 12 s ago".
    """

    status: str
    statement: str
    note: str = ""
    at: datetime | None = None
    lead: str = ""


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
class Event:
    """One line of a time line. kind: ok, warn, bad, unk, work, muted."""

    icon: str
    kind: str
    text: str
    at: datetime
    actor: str = ""
    href: str = ""
    day: str = ""


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


@dataclass(frozen=True, slots=True)
class PushRow:
    """One push of the list. `mine`: it waits for the reader."""

    number: int
    href: str
    subject: str
    state: str
    created: int
    updated: int
    deleted: int
    hosts: str
    author: str
    approver: str
    digest: str
    at: datetime
    mine: bool = False


@dataclass(frozen=True, slots=True)
class PushesPage:
    """The list of config pushes. `propose_reason` disables the button and says why."""

    views: tuple[ViewChip, ...]
    rows: tuple[PushRow, ...]
    total: int
    propose_href: str
    version: str
    poll_href: str
    propose_reason: str = ""
    pager: Pager | None = None
    query: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    count_words: str = ""
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class RowAction:
    """An entry of a row's menu: a link, or a page that asks before it writes."""

    label: str
    href: str
    icon: str
    danger: bool = False


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One routing object of a list; without `href` it is gone from the rows and still live.

    `unicode` only when it differs from the name; `push` is the open one; `server_href` shows the
    objects of that server alone. `pick` is what its tick sends: its id and the version shown.
    """

    name: str
    href: str
    route: str
    state: str
    server: str
    server_href: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None
    unicode: str = ""
    push: int | None = None
    findings: int = 0
    finding_kind: str = "ok"
    finding_text: str = ""
    actions: tuple[RowAction, ...] = ()
    pick: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainsPage(ListPage):
    """A list of routing objects of one kind.

    `exports` are (format, address) of it as a file, `acts` (value, label) of what can be done with
    ticked rows.
    """

    rows: tuple[DomainRow, ...]
    show_server: bool = False
    exports: tuple[tuple[str, str], ...] = ()
    acts: tuple[tuple[str, str], ...] = ()
