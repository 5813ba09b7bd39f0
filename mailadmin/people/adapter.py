"""Sign-in by allauth, without sign-up: people are made by an administrator."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from mailadmin.people.factors import record_own_change
from mailadmin.people.models import Person
from mailadmin.people.services import actor, change_password


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an account that nobody gave is nobody's to trust."""
        return False

    def set_password(self, user: Person, password: str) -> None:
        """By the person: on the page for it, or with the link of a lost password."""
        change_password(person=user, password=password, by=actor(user))

    def send_notification_mail(
        self, template_prefix: str, user: Person, *more: Any, **named: Any
    ) -> None:
        """No mail: the audit has what somebody changed of how they sign in."""
        del more, named
        record_own_change(person=user, message=template_prefix)
