"""`manage.py add_mail_host NAME --kind list_server [--position N]`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailadmin.audit.services import SETUP
from routing.core.facts import HostKind
from routing.core.findings import InvalidIntent
from routing.models import MailHost
from routing.services.hosts import save_mail_host


class Command(BaseCommand):
    """Add a mail host. Its agents are let in by `manage.py keys --register`."""

    help = "Add a mail host; an existing one is left as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the host is called and what it does."""
        parser.add_argument("name")
        parser.add_argument("--kind", required=True, choices=[kind.value for kind in HostKind])
        parser.add_argument("--position", type=int, default=0, help="order of activation")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add it once."""
        if MailHost.objects.filter(name=options["name"]).exists():
            self.stdout.write(f"{options['name']} is there already.")
            return
        try:
            save_mail_host(
                identity=None,
                name=options["name"],
                kind=HostKind(options["kind"]),
                position=options["position"],
                by=SETUP,
            )
        except InvalidIntent as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['name']} was added.")
