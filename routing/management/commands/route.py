"""`manage.py route ADDRESS… --host NAME [--config CONFIG] [--json]`: where mail for it goes."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.core.address import BadAddress
from routing.models import MailHost
from routing.queries.ways import Config, Way, address_of, ways_of


class Command(BaseCommand):
    """Say where mail for addresses goes, without asking the mail host."""

    help = "Say where mail for addresses or domains goes on a list server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which addresses, on which host, by which table."""
        parser.add_argument("addresses", nargs="+", metavar="ADDRESS")
        parser.add_argument("--host", required=True, help="the name of a list server")
        parser.add_argument(
            "--config",
            choices=[config.value for config in Config],
            help="by one table only: the live one, its fallback, or the rows as saved",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the answers; every address that is none is named before anything is written."""
        host = MailHost.objects.filter(name=options["host"]).first()
        if host is None or not host.is_list_server:
            raise CommandError(f"There is no list server {options['host']}.{_which()}")
        answers, bad = [], []
        for text in options["addresses"]:
            try:
                answers.append(ways_of(host, address_of(text)))
            except BadAddress as error:
                bad.append(str(error))
        if bad:
            raise CommandError("\n".join(["No route was looked up:", *bad]))
        for ways in answers:
            for way in ways.rows:
                if options["config"] in (None, way.config.value):
                    self.stdout.write(
                        _as_json(ways.asked, way) if options["json"] else _as_text(ways.asked, way)
                    )
            for finding in ways.findings:
                self.stderr.write(str(finding))


def _which() -> str:
    names = ", ".join(host.name for host in MailHost.objects.all() if host.is_list_server)
    return f" There are {names}." if names else " manage.py add_mail_host makes one."


def _as_json(address: str, way: Way) -> str:
    found = way.found
    return json.dumps(
        {
            "address": address,
            "config": way.config.value,
            "key": found.key if found else None,
            "why": found.why.value if found else None,
            "value": way.value or None,
            "mailer": (found.mailer or None) if found else None,
            "next_hop": (found.host or None) if found else None,
            "relay": way.relay or None,
            "words": " ".join(way.words),
        },
        ensure_ascii=False,
    )


def _as_text(address: str, way: Way) -> str:
    found = way.found
    goes = f"{found.mailer} {found.host}" if found and found.mailer else "no answer"
    key = f"  by the line {found.key}" if found and found.key else ""
    return f"{address}  {way.label}: {goes}{key}\n  {' '.join(way.words)}"
