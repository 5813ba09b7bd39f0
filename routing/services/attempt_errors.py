"""Why an attempt that is over did nothing that can be used, in words for a page."""

from __future__ import annotations

from typing import Any

from mailadmin.wire.core.messages import Outcome
from mailadmin.wire.core.sequence import Refusal
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.models import Attempt
from routing.core.skew import expired_words


def error_of(attempt: Attempt) -> dict[str, Any]:
    """Why an attempt that is over did nothing that can be used: code and text, and more."""
    host = attempt.agent.host_name
    if attempt.state == AttemptState.REPORTED and attempt.error is not None:
        said: dict[str, Any] = dict(attempt.error)
        if text := expired(attempt):
            said |= {"text": text, "agent_says": said["text"]}
        return said
    if attempt.state == AttemptState.CANCELLED:
        why = str((attempt.error or {}).get("text", ""))
        return {"code": "not_signed", "text": f"{host} was sent nothing: {why}."}
    minutes = attempt.lifetime_s // 60 or 1
    text = f"{host} did not answer in {minutes} min. Look at its agent, then try again."
    return {"code": "no_answer", "text": text}


def expired(attempt: Attempt) -> str:
    """Why an agent took this order for expired, in words for a page; "" when it did not."""
    error, at = attempt.error or {}, attempt.reported_at
    refused = attempt.outcome == Outcome.REFUSED and error.get("code") == Refusal.EXPIRED
    clock = error.get("clock")
    if not refused or at is None or not isinstance(clock, int):
        return ""
    return expired_words(attempt.agent.host_name, clock - at.timestamp())
