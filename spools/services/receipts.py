"""What an agent reported of a slice: believed as far as it has the right shape, and kept once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from mailadmin.wire.core.blobs import BlobError
from spools.core.facts import domain_of
from spools.core.flush import Way
from spools.core.receipts import Fate, Step
from spools.models import FlushDestination, FlushReceipt, FlushRun
from spools.models.runs import LONGEST

BATCH = 500
LONGEST_TEXT = 400
Row = TypeVar("Row")


class Malformed(ValueError):
    """The report is of no shape that we know."""


@dataclass(frozen=True, slots=True)
class SliceReport:
    """`more`: another slice would try something. `left` counts messages that will not be tried in
    this run, by the reason; `left_over` are receipts of earlier runs, by their keys."""

    more: bool
    in_doubt: int
    left: dict[str, int]
    ways: tuple[Mapping[str, Any], ...]
    receipts: tuple[Mapping[str, Any], ...]
    left_over: tuple[tuple[UUID, tuple[Mapping[str, Any], ...]], ...]


def read_slice(body: Mapping[str, Any], blob: bytes | None) -> SliceReport:
    """Raises Malformed, BlobError."""
    try:
        large = json.loads(blob or b"")
        left = {str(reason)[:40]: _whole(number) for reason, number in body["left"].items()}
        return SliceReport(
            more=body["more"] is True,
            in_doubt=_whole(body["in_doubt"]),
            left=left,
            ways=_rows(large["ways"], _is_way),
            receipts=_rows(large["receipts"], _is_receipt),
            left_over=tuple(
                (UUID(item["run"]), _rows(item["receipts"], _is_receipt))
                for item in large["left_over"]
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError, BlobError) as error:
        raise Malformed(f"{type(error).__name__}: {error!s:.200}") from None


def keep_receipts(run: FlushRun, report: SliceReport, at: datetime) -> None:
    """Into rows; the same report twice leaves the same rows."""
    _keep(run, run.slices + 1, report.receipts, at)
    for key, receipts in report.left_over:
        earlier = FlushRun.objects.filter(key=key, server=run.server).first()
        if earlier is not None:
            _keep(earlier, earlier.slices + 1, receipts, at)
    destinations = {
        _text(item["domain"], LONGEST): FlushDestination(
            run=run,
            domain=_text(item["domain"], LONGEST),
            way=item["way"],
            code=_whole(item.get("code", 0)),
            text=_text(item.get("text", ""), LONGEST_TEXT),
            host=_text(item.get("host", ""), LONGEST),
        )
        for item in report.ways
    }
    FlushDestination.objects.bulk_create(
        destinations.values(),
        update_conflicts=True,
        unique_fields=["run", "domain"],
        update_fields=["way", "code", "text", "host"],
        batch_size=BATCH,
    )


def _keep(
    run: FlushRun, slice_number: int, receipts: tuple[Mapping[str, Any], ...], at: datetime
) -> None:
    rows = {
        (item["queue_id"], item["recipient"]): FlushReceipt(
            run=run,
            slice=slice_number,
            queue_id=_text(item["queue_id"], 64),
            recipient=_text(item["recipient"], LONGEST),
            domain=_text(domain_of(item["recipient"]), LONGEST),
            fate=item["fate"],
            step=item["step"],
            code=_whole(item["code"]),
            text=_text(item["text"], LONGEST_TEXT),
            host=_text(item["host"], LONGEST),
            again=item["again"] is True,
            at=at,
        )
        for item in receipts
    }
    FlushReceipt.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["run", "queue_id", "recipient"],
        update_fields=["slice", "fate", "step", "code", "text", "host", "again", "at"],
        batch_size=BATCH,
    )


def _rows(raw: Any, good: Callable[[Any], bool]) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(raw, list) or not all(isinstance(item, dict) and good(item) for item in raw):
        raise Malformed("a list holds something else")
    return tuple(raw)


def _is_way(item: Mapping[str, Any]) -> bool:
    _whole(item.get("code", 0))
    return isinstance(item["domain"], str) and item["way"] in set(Way)


def _is_receipt(item: Mapping[str, Any]) -> bool:
    _whole(item["code"])
    texts = all(isinstance(item[name], str) for name in ("queue_id", "recipient", "text", "host"))
    return texts and item["fate"] in set(Fate) and item["step"] in set(Step)


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    raise Malformed(f"{value!r:.40} is no number")


def _text(value: Any, most: int) -> str:
    """PostgreSQL takes no NUL."""
    return str(value).replace("\0", "")[:most]
