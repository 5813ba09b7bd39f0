"""Two people edited one object: show both values with names, and let the second one choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from routing.services.errors import ConflictingEdit

NOT_CONTENT = frozenset({"csrfmiddlewaretoken", "version"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the other person saved it and as this one wrote it."""

    label: str
    theirs: str
    yours: str

    @property
    def differs(self) -> bool:
        """Whether there is something to choose."""
        return self.theirs != self.yours


def conflict(
    request: HttpRequest, *, error: ConflictingEdit, version: int, back: str
) -> HttpResponse:
    """409: nothing was overwritten. The form sends the same values against the version of now."""
    names = sorted({*error.theirs.values, *error.yours.values})
    fields = tuple(
        Field(
            name.replace("_", " "),
            _text(error.theirs.values.get(name)),
            _text(error.yours.values.get(name)),
        )
        for name in names
    )
    again = [(name, value) for name, value in request.POST.items() if name not in NOT_CONTENT]
    context = {
        "error": error,
        "fields": fields,
        "again": [*again, ("version", str(version))],
        "action": request.get_full_path(),
        "back": back,
    }
    return render(request, "routing/conflict.html", context, status=409)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
