"""What sendmail answered, as the card "Proof by sendmail" shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import reverse

from mailadmin.ui.push_page import Proof, ProofRow
from routing.core.edits import Op
from routing.core.plan import Plan
from routing.core.proof import LOCAL_MTA_CHANGED
from routing.core.states import PushState
from routing.queries.pushes import PushRecord, TargetRecord

MOST_ROWS = 200
WHY: Mapping[Op, str] = {
    Op.CREATE: "new key",
    Op.UPDATE: "changed key",
    Op.DELETE: "removed key",
}


def proofs(record: PushRecord) -> tuple[Proof, ...]:
    """One per mail host that has answered."""
    return tuple(made for target in record.targets if (made := proof(target)) is not None)


def proof(target: TargetRecord) -> Proof | None:
    """The proof of one host, None before sendmail was asked."""
    row, found = target.row, target.row.proof
    if found is None or row.proved_at is None:
        return None
    return Proof(
        host=row.host.name,
        version=str(found.get("sendmail_version", "")),
        user=str(found.get("user", "")),
        at=row.proved_at,
        unexplained=found["unexplained"],
        changed=found["destinations_changed"],
        planned=found["planned"],
        asked=found["asked"],
        disagreements=len(found["disagreements"]),
        rows=tuple(_rows(found, target.plan)),
        show_all_href=reverse("push-answers", args=[row.push_id, row.host.name])
        if row.answers_digest
        else "",
        first=target.plan.first,
    )


def proof_waits(record: PushRecord) -> str:
    """Why there is no proof yet."""
    hosts = " and ".join(record.host_names)
    match record.state:
        case PushState.PROPOSED | PushState.STAGING:
            return f"sendmail on {hosts} is asked as soon as the release is built there."
        case PushState.FAILED:
            return "No proof: the release could not be built."
        case _:
            return "This push ended before sendmail was asked."


def _rows(found: Mapping[str, Any], plan: Plan) -> Iterator[ProofRow]:
    """What is not explained first, then what differs, at most MOST_ROWS of them."""
    ops = {change.key: change.op for change in plan.changes}
    differing = sorted(found["differences"], key=lambda item: bool(item["explained_by"]))
    for item in found["disagreements"][:MOST_ROWS]:
        yield _disagreement(item)
    for item in differing[:MOST_ROWS]:
        yield _difference(item, ops)


def _difference(item: Mapping[str, Any], ops: Mapping[str, Op]) -> ProofRow:
    by = item["explained_by"]
    known = WHY[ops[by]] if by in ops else "local MTA moved"
    return ProofRow(
        address=item["address"],
        live=_answer(item["live"]),
        staged=_answer(item["staged"]),
        why=known if by in ops or by == LOCAL_MTA_CHANGED else "unexplained",
        explained=bool(by),
        map_name=item["config"],
    )


def _disagreement(item: Mapping[str, Any]) -> ProofRow:
    said = _answer(item["answered"])
    return ProofRow(
        address=item["address"],
        live=said if item["side"] == "live" else "",
        staged=said if item["side"] == "staged" else "",
        why=f"our resolver says {_answer(item['predicted'])}",
        explained=False,
        map_name=item["config"],
    )


def _answer(answer: Any) -> str:
    return " ".join(answer) if answer else "no answer"
