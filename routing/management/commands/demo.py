"""`manage.py demo`: one edit by the demonstration's editor, proposed and waiting for approval."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailadmin.people.models import Person
from routing.core.intent import ObjectKind
from routing.core.states import PushState
from routing.models import ConfigPush, MailHost, VirtualDomain
from routing.services.objects import save_object
from routing.services.propose import propose

KEY = "conf.renater.fr"
POLL_S = 0.2


class Command(BaseCommand):
    """Wait until the first push is live, then propose one edit. Does nothing the second time."""

    help = "Propose one edit of the demonstration, when the first push is live."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, where, and how long to wait for the hosts."""
        parser.add_argument("--host", default="listes")
        parser.add_argument("--editor", default="claire")
        parser.add_argument("--wait", type=float, default=60.0, help="seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refused outside demo mode: it writes as somebody who did not ask for it."""
        if not settings.DEMO:
            raise CommandError("MAILADMIN_DEMO is not set; this command is for ./run alone.")
        if ConfigPush.objects.count() > 1:
            return
        self._until(self._first_push_is_live, options["wait"])
        host = MailHost.objects.get(name=options["host"])
        editor = Person.objects.get(username=options["editor"])
        domain = VirtualDomain.objects.filter(server=host, key=KEY).first() or save_object(
            identity=uuid4(),
            version=0,
            server=host,
            kind=ObjectKind.VIRTUAL_DOMAIN,
            key=KEY,
            by=editor,
        )
        push = propose(picked=frozenset({domain.pk}), title=f"Add {KEY}", by=editor)
        self.stdout.write(f"Push #{push.pk} waits for approval: {push.title}")

    def _first_push_is_live(self) -> bool:
        push = ConfigPush.objects.order_by("pk").first()
        if push is not None and push.state in (PushState.FAILED, PushState.STOPPED):
            errors = [target.error for target in push.targets.all() if target.error]
            raise CommandError(f"Push #{push.pk} {push.state}: {errors}")
        return push is not None and push.state == PushState.ACTIVE

    def _until(self, true: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise CommandError(f"The first push was not live within {seconds:.0f} s.")
            time.sleep(POLL_S)
