"""Who may approve a push, and what exactly an approval binds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from routing.core.states import PushState


@dataclass(frozen=True, slots=True)
class PushPart:
    """The part of one mail host: digests of its bundle, its manifest, and its base ("" is none)."""

    host: str
    bundle_digest: str
    manifest_digest: str
    base_digest: str


def push_digest(parts: Sequence[PushPart]) -> str:
    """SHA-256 over bundle digests, manifests and bases of all hosts, in the order of activation."""
    content = [
        [part.host, part.bundle_digest, part.manifest_digest, part.base_digest] for part in parts
    ]
    return sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands to a push. `edited` are the names of what they wrote in it.

    `others` are the full names of people who could approve it instead.
    """

    may_approve: bool
    proposed_it: bool
    edited: Sequence[str]
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person may not approve now: a code for programs, a sentence for people."""

    code: str
    text: str


WAITS_FOR: Mapping[PushState, str] = {
    PushState.PROPOSED: "It is not staged yet.",
    PushState.STAGING: "It is not proved yet.",
    PushState.FAILED: "Staging or proof failed. Propose again.",
    PushState.APPROVED: "It is approved already.",
    PushState.DEPLOYING: "It is being deployed.",
    PushState.STOPPED: "Its deployment stopped half-way.",
    PushState.ACTIVE: "It is live already.",
    PushState.REFUSED: "It was refused.",
    PushState.SUPERSEDED: "A newer push took its place.",
    PushState.EXPIRED: "It waited too long and expired.",
}


def why_not_approve(
    *, state: PushState, standing: Standing, one_postmaster: bool, moved: Iterable[str] = ()
) -> tuple[Reason, ...]:
    """Every reason against an approval by this person now; empty when they may.

    `moved` are sentences on hosts whose live release is not the base any more.
    """
    reasons = []
    if state != PushState.PROVED:
        reasons.append(Reason("state", WAITS_FOR[state]))
    if not standing.may_approve:
        text = "You do not hold the role approver."
        reasons.append(Reason("role", f"{text} {who_can(standing.others)}"))
    elif not one_postmaster:
        reasons.extend(_own_work(standing))
    reasons.extend(Reason("moved", text) for text in moved)
    return tuple(reasons)


def who_can(others: Sequence[str]) -> str:
    """ "Luc Petit or Anne Roy can approve." """
    if not others:
        return "Nobody else can approve yet: give another person the role approver."
    if len(others) == 1:
        return f"{others[0]} can approve."
    return f"{', '.join(others[:-1])} or {others[-1]} can approve."


def _own_work(standing: Standing) -> list[Reason]:
    if standing.edited:
        names = ", ".join(standing.edited[:3])
        more = f" and {len(standing.edited) - 3} more" if len(standing.edited) > 3 else ""
        text = f"You edited {names}{more} in it. {who_can(standing.others)}"
        return [Reason("edited", text)]
    if standing.proposed_it:
        return [Reason("proposed", f"You proposed it. {who_can(standing.others)}")]
    return []
