"""Everything that sendmail answered for one mail host of a push, frozen with it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from mailadmin.wire.core.blobs import unpack
from routing.models import PushTarget

PAGE_SIZE = 500
MAPS = ("primary", "fallback")


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One address by one configuration; `live` is "" when nothing was live."""

    address: str
    map_name: str
    live: str
    staged: str

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


def answers_page(number: int, host: str, *, page: int) -> AnswersPage | None:
    """Answers of a push for one host, None when sendmail was not asked there."""
    target = PushTarget.objects.filter(push=number, host__name=host).first()
    if target is None or target.answers is None:
        return None
    rows = _rows(bytes(target.answers), target.answers_digest)
    start = min(max(page - 1, 0), max(len(rows) - 1, 0) // PAGE_SIZE) * PAGE_SIZE
    shown = rows[start : start + PAGE_SIZE]
    return AnswersPage(tuple(shown), start + 1 if shown else 0, len(rows), host)


def _rows(packed: bytes, digest: str) -> list[AnswerRow]:
    found = json.loads(unpack(packed, digest))
    live = found.get("live") or {}
    return [
        AnswerRow(address, name, _text(live.get(name, {}).get(address)), _text(answer))
        for name in MAPS
        for address, answer in sorted(found["staged"].get(name, {}).items())
    ]


def _text(answer: list[str] | None) -> str:
    return " ".join(answer) if answer else ""
