"""Approval: the digest that it binds, and every reason why somebody may not give it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from routing.core.states import PushState

APPROVER = "approver"
SHORT = 8


@dataclass(frozen=True, slots=True)
class PushPart:
    """What an approval binds for one mail host: the bytes, the files built from them, the base."""

    host: str
    bundle_digest: str
    manifest_digest: str
    base_digest: str
    ground: str = ""
    """Digest of what lay in the base, "" where nobody said."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something may not be done now: a code for tests, a sentence for the person."""

    code: str
    text: str


def push_digest(parts: Sequence[PushPart]) -> str:
    """SHA-256, hex, of all parts. Their order counts: it is the order of activation."""
    # What nobody said is left out: a push of before it was said keeps its digest.
    content = [
        {name: value for name, value in asdict(part).items() if name != "ground" or value}
        for part in parts
    ]
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def why_not_approve(
    *,
    person_id: object,
    roles: Collection[str],
    editor_ids: Collection[object],
    proposer_id: object | None,
    state: PushState,
    digest_shown: str,
    digest_now: str,
    one_postmaster: bool = False,
    guards: Collection[str] = (),
    guards_acknowledged: bool = True,
    edited: Sequence[str] = (),
    could: Sequence[str] = (),
) -> tuple[Reason, ...]:
    """Every reason why this person may not approve exactly `digest_shown`; none means they may.

    `edited` names what the person edited in the push, `could` the people who may approve it.
    `guards` are codes; they must have been acknowledged with a reason. The one-postmaster policy
    lifts the rule of the second person, and no other.
    """
    reasons = [
        _wrong_state(state),
        _no_role(roles, could),
        None if one_postmaster else _own_work(person_id, editor_ids, proposer_id, edited, could),
        _open_guards(guards, guards_acknowledged),
        _other_digest(digest_shown, digest_now),
    ]
    return tuple(reason for reason in reasons if reason is not None)


def why_not_refuse(*, roles: Collection[str], state: PushState) -> tuple[Reason, ...]:
    """Every reason why this person may not refuse. The author may: nothing goes live by it."""
    reasons = [] if APPROVER in roles else [Reason("role", "Only an approver can refuse it.")]
    refusable = {PushState.PROPOSED, PushState.STAGING, PushState.PROVED, PushState.APPROVED}
    if state not in refusable:
        reasons.append(Reason("state", f"This push is {state.value}; it cannot be refused now."))
    return tuple(reasons)


def _wrong_state(state: PushState) -> Reason | None:
    match state:
        case PushState.PROVED:
            return None
        case PushState.PROPOSED | PushState.STAGING:
            text = "It is not proved yet: wait until sendmail has answered on every host."
        case PushState.FAILED:
            text = "It failed before it was proved. Propose again."
        case PushState.APPROVED:
            text = "It is approved already."
        case _:
            text = f"This push is {state.value}; nothing is left to approve."
    return Reason("state", text)


def _no_role(roles: Collection[str], could: Sequence[str]) -> Reason | None:
    if APPROVER in roles:
        return None
    return Reason("role", _and_who("You are not an approver.", could))


def _own_work(
    person_id: object,
    editor_ids: Collection[object],
    proposer_id: object | None,
    edited: Sequence[str],
    could: Sequence[str],
) -> Reason | None:
    if person_id in editor_ids:
        return Reason("editor", _and_who(f"You edited {_some(edited)} in it.", could))
    if proposer_id is not None and person_id == proposer_id:
        return Reason("proposer", _and_who("You proposed it.", could))
    return None


def _open_guards(guards: Collection[str], acknowledged: bool) -> Reason | None:
    if not guards or acknowledged:
        return None
    return Reason("guards", "A guard of this push was not acknowledged with a reason.")


def _other_digest(shown: str, now: str) -> Reason | None:
    if shown and shown == now:
        return None
    text = (
        f"You saw {shown[:SHORT] or 'nothing'}, and this push is {now[:SHORT] or 'not built'} now: "
        "approve nothing you have not seen."
    )
    return Reason("digest", text)


def _some(names: Sequence[str], limit: int = 3) -> str:
    if not names:
        return "something"
    if len(names) > limit:
        return f"{', '.join(names[:limit])} and {len(names) - limit} more"
    return _listed(names, "and")


def _listed(names: Sequence[str], word: str) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _and_who(text: str, could: Sequence[str]) -> str:
    who = f"{_listed(could, 'or')} can approve." if could else "Nobody else can approve yet."
    return f"{text} {who}"
