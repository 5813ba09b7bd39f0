"""The six steps of a push."""

from __future__ import annotations

from mailadmin.ui.push_page import RailStep
from routing.core.states import PushState, TargetState
from routing.queries.pushes import PushRecord

STEPS = ("Proposed", "Staged", "Proved", "Approval", "Live", "Confirmed")


def rail(record: PushRecord) -> tuple[RailStep, ...]:
    """How far the push is, and what happens at the first step that is not done."""
    done, status = _reached(record)
    return tuple(
        RailStep(label, "done" if at < done else status if at == done else "todo")
        for at, label in enumerate(STEPS)
    )


def _reached(record: PushRecord) -> tuple[int, str]:
    match record.state:
        case PushState.PROPOSED | PushState.STAGING:
            return _prepared(record), "works"
        case PushState.FAILED:
            return _prepared(record), "failed"
        case PushState.PROVED:
            return 3, "waits"
        case PushState.APPROVED if record.closed_approver:
            return 3, "failed"
        case PushState.APPROVED:
            return 4, "waits"
        case PushState.DEPLOYING:
            return _switched(record), "works"
        case PushState.STOPPED | PushState.GIVEN_UP:
            return _switched(record), "failed"
        case PushState.ACTIVE:
            return 6, "done"
        case PushState.REFUSED:
            return _prepared(record), "failed"
        case _:
            return _prepared(record), "todo"


def _prepared(record: PushRecord) -> int:
    """1 until all hosts are staged, 2 until all are proved, then 3."""
    if any(target.row.manifest is None for target in record.targets):
        return 1
    proofs = [target.row.proof for target in record.targets]
    return 3 if all(proof is not None and not proof["blocks"] for proof in proofs) else 2


def _switched(record: PushRecord) -> int:
    switched = (TargetState.ACTIVATED, TargetState.CONFIRMED)
    return 5 if all(target.row.state in switched for target in record.targets) else 4
