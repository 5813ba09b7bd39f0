"""What the fallback says in the frame of every page and on the first page."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from mailadmin.ui.badges import ICONS, Badge
from mailadmin.ui.overview import Need, Panel, Part
from mailadmin.ui.standing import Standing, Strip
from mailadmin.ui.words import counted, number
from spools.core.policy import Mode
from spools.core.run_states import OPEN_RUN
from spools.models import FallbackPolicy, FallbackQuestion, FlushRun, RelayHealth

RANK = 0


def overview(request: HttpRequest) -> Part:
    """For a person who may read; nothing before the first relay is named by a live table."""
    if not RelayHealth.objects.filter(named=True, server__retired_at=None).exists():
        return Part()
    questions = _questions()
    return Part(needs=tuple(_need(found) for found in questions), panels=(_panel(len(questions)),))


def standing(request: HttpRequest) -> Standing:
    """Beside Fallback how many questions are open, and a strip for them."""
    questions = _questions()
    return Standing({"fallback": len(questions)}, tuple(_strips(questions)))


def _questions() -> list[FallbackQuestion]:
    found = FallbackQuestion.objects.filter(answer="", server__retired_at=None)
    return list(found.select_related("server").order_by("asked_at"))


def _need(question: FallbackQuestion) -> Need:
    name = question.server.name
    return Need(
        id=f"fallback-{question.pk}",
        kind="warn",
        fact=f"The fallback of {name} asks",
        text=f"{question.relay} is {question.state} and {_wait(question)}."
        " Shall they go straight to each MX?",
        label=f"Open the fallback of {name}",
        href=reverse("fallback", args=[name]),
        at=question.asked_at,
        rank=RANK,
        weight=question.messages,
    )


def _panel(asked: int) -> Panel:
    off = FallbackPolicy.objects.filter(mode=Mode.OFF, server__retired_at=None).count()
    running = FlushRun.objects.filter(state__in=OPEN_RUN).count()
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


def _strips(questions: list[FallbackQuestion]) -> Iterator[Strip]:
    if questions:
        first, more = questions[0], len(questions) - 1
        others = f" {number(more)} more ask too." if more else ""
        text = f"{first.relay} is {first.state} for {first.server.name} and {_wait(first)}."
        href = reverse("fallback", args=[first.server.name])
        yield Strip("warn", text + others, "Decide about the fallback", href)


def _wait(question: FallbackQuestion) -> str:
    return counted(question.messages, "message waits", "messages wait")
