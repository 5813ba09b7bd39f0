"""`manage.py adopt --host NAME --mailertable FILE …`: read a whole list server, then import it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailadmin.audit.services import IMPORT
from routing.core.adopt.information import (
    access_to_json,
    aliases_to_json,
    managed_names,
    read_access,
    read_aliases,
)
from routing.core.adopt.names import CW_FILE, cw_files
from routing.core.adopt.report import Report, Sources
from routing.core.adopt.sympa import SYMPA_CONF, robots
from routing.core.findings import InvalidIntent
from routing.management.from_agent import reading_of
from routing.models import MailHost
from routing.services.adopting import Adoption, adopt, judge_reading, read_server
from routing.services.errors import NotAllowed


class Command(BaseCommand):
    """Say everything that is found; with --import write it as the first push."""

    help = "Read an existing list server, and import it as the first push with --import."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The files, copied from the mail host."""
        parser.add_argument("--host", required=True, help="name of the list server")
        parser.add_argument("--mailertable", type=Path, metavar="FILE")
        parser.add_argument(
            "--from-agent", action="store_true", help="have the host's agent read its files"
        )
        parser.add_argument(
            "--wait", type=float, default=60.0, help="seconds that the agent may take"
        )
        parser.add_argument("--mc", type=Path, metavar="FILE", help="its sympa.mc")
        parser.add_argument(
            "--cf", type=Path, metavar="FILE", help="its sympa.cf, where there is no sympa.mc"
        )
        parser.add_argument("--class-w", type=Path, metavar="FILE", help="its local-host-names")
        parser.add_argument(
            "--sympa-etc", type=Path, metavar="DIR", help="with sympa.conf and DOMAIN/robot.conf"
        )
        parser.add_argument("--access", type=Path, metavar="FILE", help="for information")
        parser.add_argument("--aliases", type=Path, metavar="FILE", help="for information")
        parser.add_argument("--relay-port", type=int, default=25)
        parser.add_argument("--json", action="store_true", help="the whole report as JSON")
        parser.add_argument("--import", action="store_true", dest="write")
        parser.add_argument(
            "--keep-options", action="store_true", help="write what can stay into the host's m4"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Report, then write, or say why nothing was written."""
        host = MailHost.objects.filter(name=options["host"]).first()
        if host is None:
            raise CommandError(f"There is no mail host {options['host']}; add it first.")
        if (options["mailertable"] is None) != options["from_agent"]:
            raise CommandError("Give --mailertable FILE, or --from-agent; not both.")
        try:
            found = _read(host, options)
            self._show(found, as_json=options["json"])
            if not options["write"]:
                return
            push = adopt(adoption=found, keeps_options=options["keep_options"], by=IMPORT)
        except (InvalidIntent, NotAllowed) as error:
            raise CommandError(f"Nothing was imported.\n{error}") from error
        self.stderr.write(f"Push #{push.pk} puts it on {host.name} as its first release.")

    def _show(self, found: Adoption, *, as_json: bool) -> None:
        report = found.report
        if as_json:
            whole = _as_json(report) | {"against": list(found.against)}
            self.stdout.write(json.dumps(whole, ensure_ascii=False, indent=1))
            return
        for line in report.lines:
            self.stdout.write(f"{line.number:6}  {line.kind.value:16} {line.key}\t{line.value}")
        for option in report.options:
            self.stdout.write(f"{option.line:6}  {option.verdict.value}: {option.text}")
            self.stdout.write(f"        {option.advice}")
        for item in report.access.lines if report.access else ():
            self.stdout.write(f"{item.line:6}  for information, access: {item.key} {item.value}")
        for alias in report.aliases.lists if report.aliases else ():
            told = f"{alias.name} hands mail to {alias.program} for {alias.address}"
            self.stdout.write(f"{alias.line:6}  for information, aliases: {told}")
        for finding in report.findings:
            self.stdout.write(f"{finding.severity.value}: {finding}")
        for reason in found.against:
            self.stdout.write(f"not now: {reason}")


def _read(host: MailHost, options: dict[str, Any]) -> Adoption:
    port = options["relay_port"]
    if options["from_agent"]:
        files_read = reading_of(host, options["wait"])
        source = f"what {host.name} had"
        return judge_reading(files_read=files_read, host=host, source=source, relay_port=port)
    source = options["mailertable"].name
    return read_server(sources=_sources(options), host=host, source=source, relay_port=port)


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "lines": [asdict(line) for line in report.lines],
        "options": [asdict(option) for option in report.options],
        "own_names": [asdict(name) for name in report.own_names],
        "robots": [asdict(robot) for robot in report.robots],
        "findings": [asdict(finding) for finding in report.findings],
        "local_m4": report.local_m4,
        "access": access_to_json(report.access) if report.access else None,
        "aliases": aliases_to_json(report.aliases) if report.aliases else None,
    }


def _sources(options: dict[str, Any]) -> Sources:
    """Every file that was named. All that cannot be read is said at once."""
    wrong: list[str] = []
    mc = _text(options["mc"], wrong)
    cf = _text(options["cf"], wrong) if not options["mc"] else ""
    named = options["mc"] or options["cf"]
    class_w = _text(options["class_w"], wrong)
    table = _text(options["mailertable"], wrong)
    sympa = _sympa(options["sympa_etc"], wrong)
    access, aliases = _text(options["access"], wrong), _text(options["aliases"], wrong)
    names = managed_names(table, (robot.domain for robot in robots(sympa)))
    sources = Sources(
        mailertable=table,
        mc=mc,
        class_w_files=dict.fromkeys(
            (cw_files(Sources(table, mc, cf=cf).statements) or (CW_FILE,))[:1], class_w
        ),
        sympa=sympa,
        mc_name=named.name if named else "sympa.mc",
        cf=cf,
        access=read_access(access, names) if access else None,
        aliases=read_aliases(aliases) if aliases else None,
    )
    if wrong:
        raise CommandError("\n".join(["Nothing was read.", *wrong]))
    return sources


def _sympa(etc: Path | None, wrong: list[str]) -> dict[str, str]:
    if etc is None:
        return {}
    files = sorted([etc / SYMPA_CONF, *etc.glob("*/robot.conf")])
    return {str(file.relative_to(etc)): _text(file, wrong) for file in files}


def _text(file: Path | None, wrong: list[str]) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        wrong.append(f"{file} cannot be read: {error.strerror}.")
    except UnicodeDecodeError as error:
        wrong.append(f"{file} is not UTF-8 text at byte {error.start}.")
    return ""
