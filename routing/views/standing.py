"""What routing says in the frame of every page: strips, and the figure beside Pushes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from mailadmin.people.models import Person
from mailadmin.people.roles import Permission
from mailadmin.people.session import signed_in
from mailadmin.ui.standing import Standing, Strip
from mailadmin.ui.words import duration, number
from routing.queries.strips import SiteStanding, site_standing


def standing(request: HttpRequest) -> Standing:
    """For a person who may read; the look asks for nobody else."""
    person, now = signed_in(request), timezone.now()
    found = site_standing(
        person,
        one_postmaster=settings.ONE_POSTMASTER,
        now=now,
        period=timedelta(seconds=settings.OBSERVE_SECONDS),
    )
    return Standing({"pushes": found.waiting}, tuple(_strips(person, found, now)))


def _strips(person: Person, found: SiteStanding, now: datetime) -> Iterator[Strip]:
    if found.deaf:
        yield _deaf(found, now)
    elif found.silent:
        yield _silent(found, now)
    if found.kept:
        yield _kept(found)
    if found.unpushed and person.may(Permission.EDIT):
        yield _not_live(found.unpushed)
    if settings.ONE_POSTMASTER:
        yield Strip("warn", "One-postmaster policy: people approve their own edits here.")


def _not_live(count: int) -> Strip:
    words = "1 edit is" if count == 1 else f"{number(count)} edits are"
    return Strip("warn", f"{words} not on any mail host.", "Review and propose", reverse("propose"))


def _kept(found: SiteStanding) -> Strip:
    name, total = found.kept[0]
    words = "1 message waits" if total == 1 else f"{number(total)} messages wait"
    more = f", and others on {len(found.kept) - 1} more" if len(found.kept) > 1 else ""
    href = f"{reverse('mail-host', args=[name])}#kept-title"
    text = f"{words} in the kept area of {name}{more}: sendmail did not settle them."
    return Strip("warn", text, f"Open {name}", href)


def _deaf(found: SiteStanding, now: datetime) -> Strip:
    last = max(at for _, at in found.silent if at)
    text = f"No figures from any mail host for {duration((now - last).total_seconds())}: "
    text += "look at Redis and the control worker. Mail goes on by itself."
    return Strip("bad", text, "Open the mail hosts", reverse("mail-host-list"))


def _silent(found: SiteStanding, now: datetime) -> Strip:
    name, at = found.silent[0]
    since = f" for {duration((now - at).total_seconds())}" if at else ""
    more = f", nor from {len(found.silent) - 1} more" if len(found.silent) > 1 else ""
    href = reverse("mail-host", args=[name])
    return Strip("bad", f"No figures from {name}{since}{more}.", f"Open {name}", href)
