"""`manage.py render --host NAME --out DIR [--live]`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.core.bundle import Bundle
from routing.core.findings import InvalidIntent
from routing.core.render import render
from routing.models import MailHost
from routing.queries.edits import rows_intent
from routing.queries.revisions import bundle_of, live_revision
from routing.services.draft import facts_of
from routing.services.errors import NotAllowed


class Command(BaseCommand):
    """Write the files that a mail host would be sent, or those that are live."""

    help = "Write the files of a mail host's bundle into a directory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which host, where to, and which bundle."""
        parser.add_argument("--host", required=True)
        parser.add_argument("--out", required=True, type=Path)
        parser.add_argument("--live", action="store_true", help="the live one, not the rows")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write each file and say the digest."""
        host = MailHost.objects.filter(name=options["host"]).first()
        if host is None:
            raise CommandError(f"There is no mail host {options['host']}.")
        try:
            bundle = self._live(host) if options["live"] else self._rows(host)
        except (InvalidIntent, NotAllowed) as error:
            raise CommandError(f"Nothing was written.\n{error}") from error
        out: Path = options["out"]
        out.mkdir(parents=True, exist_ok=True)
        for name, text in sorted(bundle.files.items()):
            (out / name).write_text(text, encoding="utf-8")
            self.stdout.write(str(out / name))
        self.stdout.write(f"digest {bundle.digest}")

    def _rows(self, host: MailHost) -> Bundle:
        return render(rows_intent(host), facts_of(host), site_m4=host.site_m4)

    def _live(self, host: MailHost) -> Bundle:
        revision = live_revision(host)
        if revision is None:
            raise NotAllowed([f"{host.name} has no live revision."])
        return bundle_of(revision)
