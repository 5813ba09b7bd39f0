"""`manage.py read_findings`: read the large list servers for what is odd about their lines."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from routing.services.findings import AT_ONCE, read_large


class Command(BaseCommand):
    """The control worker starts it; nobody has to."""

    help = "Read the large list servers of which something was written since they were read last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What counts as large."""
        parser.add_argument("--larger-than", type=int, default=AT_ONCE, metavar="LINES")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read what is due."""
        count = read_large(now=timezone.now(), at_once=options["larger_than"])
        if options["verbosity"] > 1:
            self.stdout.write(f"{count} list server{'' if count == 1 else 's'} read.")
