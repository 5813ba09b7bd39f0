"""`manage.py import_list FILE --host NAME [--kind KIND] [--existing WHAT] [--dry-run] [--json]`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError

from mailadmin.audit.services import IMPORT
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.core.listed import read_list
from routing.core.tags import check_tags, normal_tags
from routing.management.from_file import text_of
from routing.models import MailHost
from routing.services.bulk import Ask, BulkPlan, plan_bulk, save_bulk
from routing.services.errors import NotAllowed
from routing.services.list_plan import Existing, PlanMoved

KINDS = {kind.value: kind for kind in ObjectKind if kind is not ObjectKind.FOREIGN_LINE}


class Command(BaseCommand):
    """Save a list of any length as *Add from a list…* does: all of it or nothing, as edits that
    nobody proposed yet."""

    help = "Save a list of virtual domains, local hosts and routes: names, CSV or JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and the fields of the page."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--host", required=True, help="list server of the lines that name none")
        parser.add_argument(
            "--kind",
            choices=KINDS,
            default=ObjectKind.VIRTUAL_DOMAIN.value,
            help="what a name is that stands alone on its line",
        )
        parser.add_argument("--relay", default="", help="relay of a route that stands alone")
        parser.add_argument("--tags", default="", help="of what is added, where the list has none")
        parser.add_argument(
            "--existing",
            choices=[choice.value for choice in Existing],
            default=Existing.SKIP.value,
            help="what becomes of a key that is there already, and differs",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what each line does, write nothing; ends with an error where one is wrong",
        )
        parser.add_argument("--json", action="store_true", help="the same as a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say everything that is wrong, or what was written."""
        ask, token = _ask(options), uuid4()
        plan = plan_bulk(ask, token=token)
        if options["dry_run"] or plan.errors or not plan.writes:
            self._show(plan, 0, as_json=options["json"], each=options["dry_run"])
            if plan.errors:
                wrong = "line is" if plan.wrong_lines == 1 else "lines are"
                raise CommandError(f"{plan.wrong_lines} {wrong} wrong; nothing was written.")
            return
        try:
            saved = save_bulk(ask, token=token, shown=plan.digest, by=IMPORT)
        except PlanMoved as error:
            text = "Somebody wrote one of the rows meanwhile; nothing was written. Try again."
            raise CommandError(text) from error
        except NotAllowed as error:
            raise CommandError(" ".join(error.reasons)) from error
        self._show(plan, saved, as_json=options["json"], each=False)

    def _show(self, plan: BulkPlan, saved: int, *, as_json: bool, each: bool) -> None:
        if as_json:
            told = _as_json(plan, saved)
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))
            return
        for finding in plan.findings:
            self.stderr.write(f"{finding.severity}: {finding}")
        for line in plan.lines if each else ():
            self.stdout.write(f"{line.line:8} {line.outcome.words}: {line.server} {line.key}")
        for outcome, count in plan.counts.items():
            self.stdout.write(f"{count:8} {outcome.words}")
        rows = "row was written, and waits" if saved == 1 else "rows were written, and wait"
        self.stdout.write(f"{saved:8} {rows} to be proposed.")


def _ask(options: dict[str, Any]) -> Ask:
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER)
    if not servers.filter(name=options["host"]).exists():
        raise CommandError(f"There is no list server {options['host']} in service.")
    if wrong := check_tags(options["tags"]):
        raise CommandError(" ".join(map(str, wrong)))
    listed = read_list(text_of(options["file"]), server=options["host"], longest=None)
    return Ask(
        listed,
        KINDS[options["kind"]],
        Existing(options["existing"]),
        options["relay"],
        normal_tags(options["tags"]),
    )


def _as_json(plan: BulkPlan, saved: int) -> dict[str, Any]:
    return {
        "lines": [
            {"line": line.line, "outcome": line.outcome, "server": line.server, "key": line.key}
            for line in plan.lines
        ],
        "findings": [asdict(finding) for finding in plan.findings],
        "saved": saved,
    }
