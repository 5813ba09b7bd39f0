"""The looks that routing has agents take by themselves: one handler for each verb."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.services.waiting import Handler
from routing.services.rcpt import may_ask, record_rcpt, request_rcpt
from routing.services.surveys import may_survey, record_survey, request_surveys

HANDLERS: Mapping[Verb, Handler] = {
    Verb.ASK_RCPT: Handler(
        lambda now: request_rcpt(now=now),
        may_ask,
        lambda attempt, now: record_rcpt(attempt=attempt, now=now),
    ),
    Verb.SURVEY: Handler(request_surveys, may_survey, record_survey),
}
