"""What every page needs, under the one name `ui`. Lazy: a fragment costs nothing."""

from __future__ import annotations

from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from mailadmin.people.models import Person
from mailadmin.people.roles import Permission, PersonRole
from mailadmin.ui import theme
from mailadmin.ui.navigation import Group, groups
from mailadmin.ui.standing import Standing, Strip, standing_of

POLL_SECONDS = 15


class Page:
    """The frame around one request's page."""

    poll_seconds = POLL_SECONDS
    theme_choices = theme.CHOICES

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def site_name(self) -> str:
        """The site's own name, shown at the foot of the navigation."""
        return str(settings.SITE_NAME)

    @property
    def now_ms(self) -> int:
        """The server's clock in milliseconds: ages run by it in the browser, not by the desk's."""
        return int(timezone.now().timestamp() * 1000)

    @property
    def theme(self) -> str:
        """light, dark or auto."""
        return theme.chosen(self._request.COOKIES)

    @cached_property
    def standing(self) -> Standing:
        """What waits; asked once, and only for somebody who may read."""
        return standing_of(self._request) if self._may(Permission.READ) else Standing()

    @property
    def signed_in(self) -> bool:
        """Whether the page has somebody to show the navigation to."""
        # An error page may be rendered before the sign-in middleware ran: nobody then.
        user = getattr(self._request, "user", None)
        return user is not None and user.is_authenticated

    @property
    def frame(self) -> str:
        """The template around a page that everybody may meet."""
        return "base.html" if self.signed_in else "entrance.html"

    @property
    def strips(self) -> tuple[Strip, ...]:
        """The lines under the top bar."""
        return self.standing.strips

    @property
    def navigation(self) -> tuple[Group, ...]:
        """The groups of the left navigation."""
        return groups(
            self._request.path,
            self.standing.counts,
            administrator=self._may(Permission.ADMINISTER),
            demonstration=bool(settings.DEMO and settings.DEMO_PLACE),
        )

    @property
    def demo_accounts(self) -> tuple[tuple[str, ...], ...]:
        """Name, password and role of each account of a demonstration that really exists."""
        if not settings.DEMO:
            return ()
        accounts = [tuple(entry.split(":", 2)) for entry in settings.DEMO_ACCOUNTS]
        names = [account[0] for account in accounts]
        there = set(Person.objects.filter(username__in=names).values_list("username", flat=True))
        return tuple(account for account in accounts if account[0] in there)

    @property
    def roles(self) -> str:
        """The roles of the person who is signed in, as words."""
        user = self._request.user
        held = user.role_set if user.is_authenticated else frozenset()
        return ", ".join(role for role in PersonRole if role in held) or "no role"

    def _may(self, permission: Permission) -> bool:
        user = getattr(self._request, "user", None)
        return isinstance(user, Person) and user.may(permission)


def page(request: HttpRequest) -> dict[str, Page]:
    """Context processor: `{{ ui.theme }}`, `{{ ui.navigation }}` and so on."""
    return {"ui": Page(request)}
