"""Template words of the dashboard: `{% load ma %}`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from mailadmin.ui import icons, words
from mailadmin.ui.badges import Badge, badge_of
from mailadmin.ui.spark import HEIGHT, WIDTH, spark_path

register = template.Library()

LONG_NAME = 48
PIECE = 24
BREAK = re.compile(r"(?<=[.:@/_-])")
LONG_WORD = 16
PART = re.compile(r"(?<=\w[.:@/_-])")


@lru_cache(maxsize=256)
def _drawn(name: str, size: int, css: str) -> SafeString:
    return mark_safe(icons.draw(name, size, css))


@register.simple_tag
def ma_icon(name: str, size: int = 18, css: str = "") -> SafeString:
    """Draw one icon inline: `{% ma_icon "route" 16 "ma-ok" %}`."""
    return _drawn(str(name), size, f"ma-icon {css}".strip())


@register.inclusion_tag("components/badge.html")
def badge(family: str, state: str, word: str = "") -> dict[str, object]:
    """Draw the badge of a state: `{% badge "push" push.state %}`; `word` adds to it ("#12")."""
    known = badge_of(family, state)
    return {"badge": Badge(known.kind, f"{known.word} {word}".strip(), known.icon, known.spins)}


@register.simple_tag
def age(moment: datetime | None, empty: str = words.UNKNOWN) -> SafeString | str:
    """Draw a moment as its age; the browser lets it run on. Without a moment: `empty`."""
    if moment is None:
        return empty
    return format_html(
        '<time class="ma-nowrap" datetime="{}" title="{}" data-ma-age>{}</time>',
        moment.isoformat(),
        words.stamp(moment),
        words.age(moment, timezone.now()),
    )


@register.filter
def ago(moment: datetime) -> str:
    """The age as plain words, for a title: `title="{{ row.at|ago }}"`."""
    return words.age(moment, timezone.now())


@register.filter
def stamp(moment: datetime) -> str:
    """The moment itself, where it is evidence."""
    return words.stamp(moment)


@register.filter
def clock(moment: datetime) -> str:
    """The time of day of a moment, with the day unless it is today: "since 20:41"."""
    return words.clock(moment, timezone.now())


@register.filter
def number(value: int | None) -> str:
    """`{{ 4812|number }}` is "4 812", with a narrow no-break space."""
    return words.number(value)


@register.filter
def whole(value: float | None) -> str:
    """A mean as a whole number: `{{ 436.7|whole }}` is "437"."""
    return words.number(None if value is None else round(value))


@register.filter
def size(value: float | None) -> str:
    """`{{ 1400000|size }}` is "1.4 MB"."""
    return words.size(value)


@register.filter
def rate(value: float | None) -> str:
    """`{{ 61.2|rate }}` is "61", `{{ 0.4|rate }}` "0.4": so many a minute."""
    return words.rate(value)


@register.simple_tag
def spark(values: Sequence[float | None] | None, label: str = "") -> SafeString | str:
    """Draw figures as a small line: `{% spark line.spark "Waiting, last 24 hours" %}`."""
    path = spark_path(values or ())
    if not path:
        return ""
    return format_html(
        '<svg class="ma-spark" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<title>{}</title><path d="{}"/></svg>',
        WIDTH,
        HEIGHT,
        label,
        label,
        path,
    )


@register.filter
def duration(seconds: float | None) -> str:
    """`{{ 8040|duration }}` is "2 h 14 min"."""
    return words.duration(seconds)


@register.filter
def digest8(digest: str) -> str:
    """`{{ push.digest|digest8 }}`: the first eight characters, as people compare them."""
    return words.digest8(digest)


@register.filter
def breaks(name: str) -> SafeString | str:
    """Let a very long name break in a table: `{{ row.name|breaks }}`. Others stay in one piece."""
    if len(name) <= LONG_NAME:
        return name
    pieces = (
        part[at : at + PIECE] for part in BREAK.split(name) for at in range(0, len(part), PIECE)
    )
    parts = format_html_join(mark_safe("<wbr>"), "{}", ([piece] for piece in pieces))
    return format_html('<span class="ma-long">{}</span>', parts)


@register.filter
def parted(text: object) -> SafeString:
    """Let the long words of a value break after a `/`, a dot or an `@`: `{{ fact.value|parted }}`.

    Where there is little room a path goes on with a whole name on the next line.
    """
    words_of = re.split(r"(\s+)", str(text))
    return format_html_join("", "{}", ([_parts(word)] for word in words_of))


def _parts(word: str) -> SafeString | str:
    if len(word) <= LONG_WORD:
        return word
    return format_html_join(mark_safe("<wbr>"), "{}", ([part] for part in PART.split(word)))


@register.filter
def ended(text: str) -> str:
    """A sentence with its full stop, for another one follows."""
    return text if text.endswith((".", "!", "?", ":", "…")) else f"{text}."


@register.filter
def initials(name: str) -> str:
    """`{{ "Claire Martin"|initials }}` is "CM"."""
    parts = name.split()
    return "".join(part[0].upper() for part in (parts[:1] + parts[1:][-1:]))


@register.filter
def widget(field: BoundField) -> SafeString:
    """Draw a form field's control with the classes of our controls."""
    kind = field.field.widget
    css = "form-control"
    if isinstance(kind, CheckboxInput | RadioSelect):
        css = "form-check-input"
    elif isinstance(kind, Select):
        css = "form-select"
    own = str(kind.attrs.get("class", ""))
    return field.as_widget(attrs={"class": f"{css} {own}".strip()})


@register.filter
def is_check(field: BoundField) -> bool:
    """Whether the label stands behind the control."""
    return isinstance(field.field.widget, CheckboxInput)
