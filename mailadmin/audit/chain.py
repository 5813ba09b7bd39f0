"""The hash that ties each event to the one before it. Pure, so that a reader can compute it too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any


def chained(
    before: str, number: int, at: datetime, actor: Mapping[str, str], content: Mapping[str, Any]
) -> str:
    """SHA-256 over the hash before and this event's canonical text, in lower-case hex.

    `actor` has username and name, `content` the columns that say what happened.
    """
    event = [before, number, at.astimezone(UTC).isoformat(), dict(actor), dict(content)]
    text = json.dumps(event, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(text.encode()).hexdigest()
