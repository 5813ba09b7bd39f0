"""Two people edited one object: show both values with names, and let the second one choose.

What the second one never touched is ticked as the first one saved it: the value that their form was
made from is read from the events between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from mailadmin.audit.queries import object_history, values_before
from routing.core.intent import DEFAULT_KEY
from routing.models import RelayTarget
from routing.services.errors import ConflictingEdit, Side

NOT_CONTENT = frozenset({"csrfmiddlewaretoken", "version"})
TAKE, THEIRS = "take.", "theirs."
"""What fields of the page begin with: which side is chosen, and the value of the other person."""
LABELS = {"site_m4": "The site's own m4"}
WAY = ("relay_target", "mailer", "next_hop")
"""One thing: who takes another relay gives the mailer up."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to choose, as the other person saved it and as this one wrote it.

    `before` is what it was when the form was opened, None when nobody knows. `name` is "" where
    nothing can be chosen, `sent` are the other person's values by field of the form.
    """

    label: str
    theirs: str
    yours: str
    name: str = ""
    before: str | None = None
    sent: tuple[tuple[str, str], ...] = ()

    @property
    def untouched(self) -> bool:
        """Whether only the other person changed it."""
        return self.before == self.yours

    @property
    def touched(self) -> bool:
        """Whether the reader changed it."""
        return not self.untouched

    @property
    def differs(self) -> bool:
        """Whether there is something to choose."""
        return self.theirs != self.yours


@dataclass(frozen=True, slots=True)
class Clash:
    """What to choose between. A side whose columns are hidden wants the object deleted."""

    text: str
    by: str
    at: datetime | None
    send: str
    keep: str
    has_theirs: bool = True
    has_yours: bool = True

    @property
    def is_choice(self) -> bool:
        """Whether there are two sides, field by field."""
        return self.has_theirs and self.has_yours


def conflict(
    request: HttpRequest, *, error: ConflictingEdit, version: int, back: str
) -> HttpResponse:
    """409: nothing was overwritten. The form sends the same values against the version of now."""
    clash = _clash(error, request.POST.get("identity", ""))
    sent = chosen(request.POST)
    again = [(name, value) for name, value in sent.items() if name not in NOT_CONTENT]
    context = {
        "subject": _subject(error),
        "you": error.yours.by,
        "clash": clash,
        "fields": tuple(_fields(error, sent, version)),
        "again": [*again, ("version", str(version))],
        "action": request.get_full_path(),
        "back": back,
    }
    return render(request, "routing/conflict.html", context, status=409)


def chosen(post: QueryDict) -> QueryDict:
    """What a form sends, with the other person's values where the conflict page chose those."""
    sent = post.copy()
    for name in post:
        if name.startswith(TAKE):
            del sent[name]
            group = name.removeprefix(TAKE)
            for field in WAY if group == "way" else (group,):
                if post[name] == "theirs" and f"{THEIRS}{field}" in post:
                    sent.setlist(field, post.getlist(f"{THEIRS}{field}"))
        if name.startswith(THEIRS):
            del sent[name]
    return sent


def _clash(error: ConflictingEdit, identity: str) -> Clash:
    subject, by, at = _subject(error), error.theirs.by, error.theirs.at
    if _deletes(error.theirs):
        by, at = _who_deleted(identity) or (by, at)
        text = f"{by} deleted {subject} while you edited it."
        return Clash(text, by, at, f"Add {subject} again", "Leave it deleted", has_theirs=False)
    if _deletes(error.yours):
        text = f"{by} changed {subject} after you opened it."
        send = f"Delete {subject} all the same"
        return Clash(text, by, at, send, f"Keep {subject}", has_yours=False)
    text = f"{by} changed {subject} while you edited it."
    return Clash(text, by, at, "Save what is chosen", f"Keep all of {by}’s")


def _subject(error: ConflictingEdit) -> str:
    """A lone dot is not seen in a sentence."""
    return "the . key" if error.subject == DEFAULT_KEY else error.subject


def _deletes(side: Side) -> bool:
    return bool(side.values.get("deleted"))


def _who_deleted(identity: str) -> tuple[str, datetime] | None:
    """The name and the moment, from the object's last event."""
    try:
        events = object_history(UUID(identity), 1)
    except ValueError:
        return None
    gone = [event for event in events if event.action.endswith(".deleted")]
    return (gone[0].actor_name, gone[0].at) if gone else None


def _fields(error: ConflictingEdit, sent: Mapping[str, str], version: int) -> Iterator[Field]:
    theirs, yours = error.theirs.values, error.yours.values
    one_side = _deletes(error.theirs) or _deletes(error.yours)
    names = sorted({*theirs, *yours} - {"deleted"})
    if theirs.get("kind") == yours.get("kind") or one_side:
        names = [name for name in names if name != "kind"]
    before = None if one_side else _before(sent, version)
    if not one_side and set(WAY) <= {*names}:
        at = names.index(WAY[0])
        names = [name for name in names if name not in WAY]
        names.insert(min(at, len(names)), "way")
    for name in names:
        field = Field(
            label=LABELS.get(name) or name.replace("_", " ").capitalize(),
            theirs=_shown(theirs, name),
            yours=_shown(yours, name),
            name="" if one_side or not _is_in(sent, name) else name,
            before=None if before is None else _shown(before, name),
            sent=tuple(_sent(theirs, name)),
        )
        # What the kind has no use for is empty on every side.
        if field.theirs or field.yours or field.before:
            yield field


def _is_in(sent: Mapping[str, str], name: str) -> bool:
    return (WAY[0] if name == "way" else name) in sent


def _before(sent: Mapping[str, str], version: int) -> Mapping[str, Any] | None:
    """The values that the form was made from: each write bumps the version and has its event."""
    try:
        identity, opened = UUID(sent.get("identity", "")), int(sent.get("version", ""))
    except ValueError:
        return None
    return values_before(identity, version - opened)


def _shown(values: Mapping[str, Any], name: str) -> str:
    if name != "way":
        return _text(values.get(name))
    if relay := values.get("relay_target"):
        return f"by {relay}"
    return f"{values.get('mailer')}:{values.get('next_hop')}" if values.get("mailer") else ""


def _sent(values: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """As the fields of the form would send it."""
    for field in WAY if name == "way" else (name,):
        value = values.get(field)
        if field == "relay_target" and value:
            relay = RelayTarget.objects.filter(name=value).first()
            value = relay.pk if relay else ""
        if isinstance(value, list | tuple):
            value = "\n".join(str(item) for item in value)
        yield field, "" if value is None else str(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
