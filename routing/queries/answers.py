"""Everything that sendmail answered for one mail host of a push, frozen with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailadmin.wire.core.blobs import unpack
from routing.models import PushTarget

PAGE_SIZE = 500
MAPS = ("primary", "fallback")


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One address by one configuration; `live` is "" when nothing was live, `before` is
    what the configuration before the first release said, "" of a later one."""

    address: str
    map_name: str
    live: str
    staged: str
    before: str = ""

    @property
    def differs(self) -> bool:
        """Whether its mail goes elsewhere."""
        return bool(self.live) and self.live != self.staged


@dataclass(frozen=True, slots=True)
class AnswersPage:
    """One page of the answers in order of address; `first` is 1-based, 0 when there are none."""

    rows: tuple[AnswerRow, ...]
    first: int
    total: int
    host: str
    has_before: bool = False


def answers_page(number: int, host: str, *, page: int) -> AnswersPage | None:
    """Answers of a push for one host, None when sendmail was not asked there."""
    target = PushTarget.objects.filter(push=number, host__name=host).first()
    if target is None or target.answers is None:
        return None
    rows = _rows(json.loads(unpack(bytes(target.answers), target.answers_digest)))
    start = min(max(page - 1, 0), max(len(rows) - 1, 0) // PAGE_SIZE) * PAGE_SIZE
    shown = rows[start : start + PAGE_SIZE]
    first = start + 1 if shown else 0
    return AnswersPage(tuple(shown), first, len(rows), host, any(row.before for row in rows))


def _rows(found: Mapping[str, Any]) -> list[AnswerRow]:
    live = found.get("live") or {}
    existing = found.get("existing") or {}
    before = {MAPS[0]: existing.get("answers", {})}
    staged = found["staged"] | {
        MAPS[0]: {**found["staged"].get(MAPS[0], {}), **existing.get("staged", {})}
    }
    return [
        AnswerRow(
            address,
            name,
            _text(live.get(name, {}).get(address)),
            _text(answer),
            _text(before.get(name, {}).get(address)),
        )
        for name in MAPS
        for address, answer in sorted(staged.get(name, {}).items())
    ]


def _text(answer: list[str] | None) -> str:
    return " ".join(answer) if answer else ""
