"""What somebody must be told of the own account, in the frame of every page."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from mailadmin.people.queries import removal_to_tell
from mailadmin.people.session import signed_in
from mailadmin.ui.standing import Standing, Strip
from mailadmin.ui.words import duration

TOLD = timedelta(days=30)
"""How long a removal is told to somebody who sets up no other second factor."""

LONGEST = 120
"""Signs of a reason that a strip has room for; the audit has all of it."""


def standing(request: HttpRequest) -> Standing:
    """That an administrator removed the reader's second factor, until there is another one."""
    now = timezone.now()
    removed = removal_to_tell(signed_in(request), since=now - TOLD)
    if removed is None:
        return Standing()
    ago = duration((now - removed.at).total_seconds())
    text = (
        f"{removed.by} removed your second factor ({', '.join(removed.factors)}) {ago} ago: "
        f"“{Truncator(removed.reason).chars(LONGEST)}” The password alone signs you in."
    )
    return Standing(strips=(Strip("warn", text, "Set up another", reverse("mfa_index")),))
