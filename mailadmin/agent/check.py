"""`mailadmin-agent check`: everything that is missing or unsafe on this mail host, at once.

Exit code: 0 nothing to say, 1 warnings only, 2 at least one error (also a configuration file that
cannot be read at all). It changes nothing. Best run as root: what this user cannot look at is
listed as not seen.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import redis

from mailadmin.agent.check_existing import look_at_existing
from mailadmin.agent.check_spools import look_at_spools
from mailadmin.agent.config import ConfigError, Looked, look_at_config
from mailadmin.wire.core.messages import Role
from routing.agent.faults import Fault
from routing.agent.host import HostConfig
from routing.agent.machine import entry_of, look_at_machine, look_at_state
from routing.agent.own_name import own_name
from routing.agent.releases import linked
from routing.core.facts import HostKind
from routing.core.findings import Finding, Severity
from routing.core.machine import error, judge_broker, verdict
from spools.agent.queue_run import last_run
from spools.core.queue_run import judge_runs

LOCAL = ("127.0.0.1", "::1", "localhost", "")
ANSWER_SECONDS = 5


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """What `check` takes."""
    parser.add_argument("--json", action="store_true", help="a list of findings for programs")
    parser.add_argument("--sympa-conf", type=Path, help="where Sympa's configuration is")


def run_check(path: Path, options: argparse.Namespace) -> int:
    """Print every finding; the exit code says the worst."""
    findings = look(path, options.sympa_conf)
    if options.json:
        sys.stdout.write(json.dumps([as_json(finding) for finding in findings], indent=1) + "\n")
    else:
        sys.stdout.write(as_text(findings))
    return verdict(findings)


def look(path: Path, sympa_conf: Path | None) -> list[Finding]:
    """Errors first, each kind in the order in which the machine was looked at."""
    try:
        looked = look_at_config(path)
    except ConfigError as problem:
        return _wrong(path, problem.problems)
    findings = _wrong(path, looked.problems)
    if looked.state_dir.is_dir():
        own = looked.private_key
        findings += look_at_state(looked.state_dir, [own], looked.control_public_key)
    if looked.broker_url:
        findings += look_at_broker(looked.broker_url)
    if looked.host_config is not None:
        findings += look_at_machine(
            looked.host_config,
            name=own_name(),
            keeper=_keeper(looked),
            sympa_conf=sympa_conf,
        )
        if looked.role is Role.SPOOL and looked.host_config.kind is HostKind.LIST_SERVER:
            findings += look_at_runs(looked.host_config)
            findings += look_at_existing(looked.host_config)
        if looked.role is Role.SPOOL:
            findings += look_at_spools(looked.host_config)
    return sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)


def look_at_runs(host: HostConfig) -> list[Finding]:
    """Whether the normal queue runner runs."""
    try:
        has_release = bool(linked(host, "current"))
    except Fault:
        has_release = True
    return judge_runs(last_run(host), now=int(time.time()), has_release=has_release)


def look_at_broker(url: str) -> list[Finding]:
    parts = urlsplit(url)
    address = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"
    local = parts.scheme == "unix" or (parts.hostname or "") in LOCAL
    problem = ""
    try:
        timeouts = {"socket_connect_timeout": ANSWER_SECONDS, "socket_timeout": ANSWER_SECONDS}
        with redis.Redis.from_url(url, **timeouts) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as failure:
        problem = str(failure).strip().rstrip(".") or type(failure).__name__
    encrypted = parts.scheme == "rediss"
    return judge_broker(address, encrypted=encrypted, local=local, problem=problem)


def _keeper(looked: Looked) -> str:
    """The deploy agent's user owns the releases; the spool agent's file does not know them."""
    return entry_of(looked.state_dir).owner if looked.role is Role.DEPLOY else ""


def _wrong(path: Path, problems: Sequence[str]) -> list[Finding]:
    advice = "Put it right in the agent's file, or on the disk."
    return [error("configuration", str(path), f"{problem}.", advice) for problem in problems]


def as_json(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "text": finding.text,
        "advice": finding.advice,
    }


def as_text(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing is missing or unsafe.\n"
    lines = []
    for finding in findings:
        lines += [f"{finding.severity:<8} {finding.code:<20} {finding.text}"]
        lines += [f"{'':<29} {finding.advice}"]
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    return "\n".join([*lines, f"{errors} errors, {len(findings) - errors} warnings", ""])
