"""What the fallback says in the frame of every page and on the first page."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from mailadmin.people.access import person_may
from mailadmin.people.roles import Permission
from mailadmin.ui.badges import ICONS, Badge
from mailadmin.ui.overview import Need, Panel, Part
from mailadmin.ui.standing import Standing, Strip
from mailadmin.ui.words import counted, number
from spools.core.policy import Mode
from spools.core.run_kind import RunKind
from spools.core.run_states import OPEN_RUN
from spools.models import FallbackPolicy, FallbackQuestion, FlushRun, RelayHealth
from spools.queries.runs import scanned_spool

RANK = 0
DECIDE, LOOK = "Decide about the fallback", "See what the fallback asks"
"""The link of the strip: for who may answer, and for everybody else."""


def overview(request: HttpRequest) -> Part:
    """For a person who may read; nothing before the first relay is named by a live table."""
    if not RelayHealth.objects.filter(named=True, server__retired_at=None).exists():
        return Part()
    questions, may = _questions(), person_may(request, Permission.ANSWER)
    needs = tuple(_need(found, may=may) for found in questions)
    return Part(needs=needs, panels=(_panel(len(questions)),))


def standing(request: HttpRequest) -> Standing:
    """Beside Fallback how many questions are open, and a strip for them."""
    questions, may = _questions(), person_may(request, Permission.ANSWER)
    return Standing({"fallback": len(questions)}, tuple(_strips(questions, may=may)))


def _questions() -> list[FallbackQuestion]:
    found = FallbackQuestion.objects.filter(answer="", server__retired_at=None)
    return list(found.select_related("server").order_by("asked_at"))


def _need(question: FallbackQuestion, *, may: bool) -> Need:
    name = question.server.name
    return Need(
        id=f"fallback-{question.pk}",
        kind="warn",
        fact=f"The fallback of {name} asks",
        text=f"{question.relay} is {question.state} and {_wait(question)}."
        " Shall they go straight to each MX?",
        label=f"Decide about the fallback of {name}" if may else f"Open the fallback of {name}",
        href=reverse("fallback", args=[name]),
        at=question.asked_at,
        rank=RANK,
        weight=question.messages,
    )


def _panel(asked: int) -> Panel:
    off = FallbackPolicy.objects.filter(mode=Mode.OFF, server__retired_at=None).count()
    running = FlushRun.objects.filter(state__in=OPEN_RUN, kind=RunKind.FALLBACK).count()
    badge, lines = Badge("ok", "Idle", ICONS["ok"]), ["no run goes on"]
    if asked:
        badge = Badge("warn", "Asks", ICONS["warn"])
        lines = [counted(asked, "open question", "open questions")]
    elif running:
        badge = Badge("work", "Running", ICONS["work"])
        lines = [f"{counted(running, 'run', 'runs')}, by MX"]
    if off:
        lines.append(f"off for {number(off)}")
    return Panel("Fallback", reverse("fallback-list"), badge, lines=tuple(lines))


def _strips(questions: list[FallbackQuestion], *, may: bool) -> Iterator[Strip]:
    if questions:
        first, more = questions[0], len(questions) - 1
        others = f" {number(more)} more ask too." if more else ""
        text = f"{first.relay} is {first.state} for {first.server.name} and {_wait(first)}."
        href = reverse("fallback", args=[first.server.name])
        yield Strip("warn", text + others, DECIDE if may else LOOK, href)


def _wait(question: FallbackQuestion) -> str:
    """As the last scan has it, or as it was when it was asked where that is too old."""
    spool = scanned_spool(question.server, timezone.now())
    now = question.messages if spool is None or spool.waiting is None else spool.waiting
    return counted(now, "message waits", "messages wait")
