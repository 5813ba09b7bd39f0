"""Whether mail goes where it went before mailadmin, as the card "As before" shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import reverse

from mailadmin.ui.parts import Requirement
from mailadmin.ui.push_page import AsBefore, Guard, OtherWay
from mailadmin.ui.words import number
from routing.core.adopt.as_before import Asked, open_questions
from routing.core.plan import Guard as OpenQuestion
from routing.models import Approval
from routing.queries.pushes import PushRecord, TargetRecord

MOST_ROWS = 200


def as_before(record: PushRecord) -> tuple[AsBefore, ...]:
    """One for each mail host that gets its first release and has answered."""
    found = ((target, _stored(target)) for target in record.targets)
    return tuple(_card(target, stored) for target, stored in found if stored is not None)


def _stored(target: TargetRecord) -> Mapping[str, Any] | None:
    proof: Mapping[str, Any] = target.row.proof or {}
    found: Mapping[str, Any] | None = proof.get("as_before")
    return found


def _card(target: TargetRecord, found: Mapping[str, Any]) -> AsBefore:
    row = target.row
    ways = tuple(_ways(found))
    return AsBefore(
        host=row.host.name,
        configuration=found["configuration"],
        is_compared=found["asked"] > 0,
        why_not=_why_not(found, row.host.name),
        problem=found["problem"],
        output=found["output"],
        same=found["same"],
        asked=found["asked"],
        kept=found["kept"],
        differs=found["differs"],
        silent=found["silent"],
        ways=ways[:MOST_ROWS],
        hidden=max(0, found["differs"] + found["silent"] - MOST_ROWS),
        notes=tuple(found["notes"]),
        show_all_href=reverse("push-answers", args=[row.push_id, row.host.name])
        if row.answers_digest
        else "",
    )


def _why_not(found: Mapping[str, Any], host: str) -> str:
    match Asked(found["state"]):
        case Asked.ABSENT if not found["configuration"]:
            return f"The agents of {host} name no configuration that was there before."
        case Asked.ABSENT:
            return f"There is no {found['configuration']} on {host}: nothing was there before."
        case Asked.MISSING:
            return (
                f"There is no {found['configuration']} on {host}, so nothing could be asked."
                " If the configuration before is elsewhere, name it in the agents' files"
                " (existing_cf), and propose again."
            )
        case Asked.UNKNOWN:
            return f"The spool agent of {host} does not ask the old configuration: bring it up."
    return ""


def _ways(found: Mapping[str, Any]) -> Iterator[OtherWay]:
    for item in found["moved"]:
        before, after = (" ".join(item[side]).strip() for side in ("before", "after"))
        yield OtherWay(item["address"], before, after, item["decides"], item["why"])
    for address in found["unsaid"]:
        yield OtherWay(address, "no answer", "", "", "")


def question_guards(record: PushRecord) -> tuple[Guard, ...]:
    """What the approver takes on by name, and who did."""
    given = _approval(record)
    several = len(record.targets) > 1
    return tuple(
        Guard(
            f"{host}: {question.text}" if several else question.text,
            given.person.full_name if given else "",
            given.reason if given else "",
            given.at if given else None,
        )
        for host, question in _questions(record)
    )


def requirements_of(record: PushRecord) -> Iterator[Requirement]:
    """How the old ways compare, and who took on what differs."""
    for target in record.targets:
        found = _stored(target)
        if found is not None:
            yield _compared(found, target.row.host.name)
    if questions := [question.text for _, question in _questions(record)]:
        given = _approval(record)
        if given is None:
            note = f"{' '.join(questions)} Who approves it says why."
            yield Requirement("waits", "A guard to acknowledge", note)
        else:
            note = f"“{given.reason}”, {given.person.full_name}"
            yield Requirement("warn", "Guard acknowledged", note, given.at)


def _compared(found: Mapping[str, Any], host: str) -> Requirement:
    if why := _why_not(found, host):
        known = Asked(found["state"]) is Asked.ABSENT
        return Requirement("met" if known else "warn", "Not compared with before", why)
    figures = f"{number(found['same'])} of {number(found['asked'])} addresses"
    if open_questions(found):
        return Requirement("warn", "Not all mail goes as before", figures)
    return Requirement("met", "Mail goes as before", f"{figures}, by {found['configuration']}")


def _questions(record: PushRecord) -> list[tuple[str, OpenQuestion]]:
    return [
        (target.row.host.name, question)
        for target in record.targets
        for question in open_questions(_stored(target))
    ]


def _approval(record: PushRecord) -> Approval | None:
    """The approval that holds and says why."""
    given = record.approval
    return given if given and given.verdict == "approved" and given.reason else None
