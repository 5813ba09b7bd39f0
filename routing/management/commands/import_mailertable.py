"""`manage.py import_mailertable FILE --host NAME [--relay-port N] [--dry-run] [--json]`."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.core.findings import InvalidIntent
from routing.management.from_agent import reading_of
from routing.management.from_file import text_of
from routing.models import HostState, MailHost
from routing.services.adopting import judge_reading, plan_of
from routing.services.errors import NotAllowed
from routing.services.importing import (
    ImportPlan,
    check_import,
    import_mailertable,
    read_mailertable,
)

POLL_S = 0.2
WAIT_S = 60.0


class Command(BaseCommand):
    """Read an existing mailertable as the first revision of a list server."""

    help = "Import a mailertable as the first revision of a list server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and the host that it comes from."""
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument(
            "--from-agent", action="store_true", help="have the host's agent read it, and more"
        )
        parser.add_argument("--host", required=True, help="name of the list server")
        parser.add_argument(
            "--relay-port", type=int, default=25, help="port of the relay behind the . key"
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show, write nothing, and end with an error where it could not be imported",
        )
        parser.add_argument("--json", action="store_true", help="what is found as a JSON object")
        parser.add_argument(
            "--wait",
            type=float,
            default=None,
            help="seconds to wait for the host's first word, and for what its agent reads (60)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say every finding, then write, or say why nothing was written."""
        host = MailHost.objects.filter(name=options["host"]).first()
        if host is None:
            raise CommandError(f"There is no mail host {options['host']}; add it first.")
        if (options["file"] is None) != options["from_agent"]:
            raise CommandError("Give the file of the table, or --from-agent; not both.")
        _wait_for_facts(host, options["wait"] or 0.0)
        try:
            plan = _plan(host, options)
            self._show(plan, as_json=options["json"])
            if options["dry_run"]:
                check_import(plan)
                return
            push = import_mailertable(plan=plan)
        except (InvalidIntent, NotAllowed) as error:
            raise CommandError(f"Nothing was imported.\n{error}") from error
        out = self.stderr if options["json"] else self.stdout
        out.write(f"Push #{push.pk} puts it on {host.name} as its first release.")

    def _show(self, plan: ImportPlan, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(_as_json(plan), ensure_ascii=False, indent=1))
            return
        for finding in plan.findings:
            self.stderr.write(f"{finding.severity}: {finding}")
        for item in plan.intent.objects:
            self.stdout.write(f"{item.kind.value:16} {item.key}")


def _as_json(plan: ImportPlan) -> dict[str, Any]:
    return {
        "lines": [asdict(line) for line in plan.lines],
        "findings": [asdict(finding) for finding in plan.findings],
        "against": list(plan.against),
    }


def _plan(host: MailHost, options: dict[str, Any]) -> ImportPlan:
    """From the file; or from what the agent read, with what the rest of it says of the table."""
    port = options["relay_port"]
    if not options["from_agent"]:
        file = options["file"]
        return read_mailertable(text=text_of(file), host=host, source=file.name, relay_port=port)
    files_read = reading_of(host, options["wait"] or WAIT_S)
    source = f"what {host.name} had"
    return plan_of(judge_reading(files_read=files_read, host=host, source=source, relay_port=port))


def _wait_for_facts(host: MailHost, seconds: float) -> None:
    """An agent that has just been let in needs a moment; what is still unknown is said later."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if HostState.objects.filter(host=host, facts__isnull=False).exists():
            return
        time.sleep(POLL_S)
