"""What an existing Sympa says of itself: `sympa.conf`, its robots, and what is unsafe in them.

Facts about the parameters are from Sympa's own manual page sympa_config(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from routing.core.findings import Finding, Severity
from routing.core.names import check_key, normalise_name

SYMPA_CONF = "sympa.conf"
PARAMETER = re.compile(r"\s*([a-z][a-z0-9_.]*)\s+(.*?)\s*$")
CONFIG_ARGUMENT = re.compile(r"(?:^|\s)-C\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Robot:
    """A virtual domain of Sympa. `source` is the file that makes it one."""

    domain: str
    source: str


def read_parameters(text: str) -> Mapping[str, tuple[str, int]]:
    """Name → (value, 1-based line) of a `sympa.conf` or `robot.conf`; the last one wins."""
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#"):
            continue
        if match := PARAMETER.match(line):
            found[match[1]] = (match[2], number)
    return found


def robots(files: Mapping[str, str]) -> tuple[Robot, ...]:
    """The robots of a Sympa: its main domain, and each directory that holds a `robot.conf`.

    `files` maps `sympa.conf` and `DOMAIN/robot.conf` to their text.
    """
    found = []
    for path in sorted(files):
        parameters = read_parameters(files[path])
        domain = parameters.get("domain", parameters.get("host", ("", 0)))[0]
        if path == SYMPA_CONF and domain:
            found.append(Robot(normalise_name(domain).lower(), path))
        elif path.endswith("/robot.conf"):
            found.append(Robot(normalise_name(path.rpartition("/")[0]).lower(), path))
    return tuple(found)


def check_sympa(files: Mapping[str, str], *, wrapper: str) -> tuple[Finding, ...]:
    """Findings about how Sympa submits and about its robots. `wrapper` is our program's path."""
    parameters = read_parameters(files.get(SYMPA_CONF, ""))
    return (*_submission(parameters, wrapper), *_robots(files))


def _submission(parameters: Mapping[str, tuple[str, int]], wrapper: str) -> Iterator[Finding]:
    program, line = parameters.get("sendmail", ("", 0))
    if program != wrapper:
        text = f"Sympa submits by {program or 'the sendmail of the system'}, not by the wrapper."
        advice = f"After the first push set sendmail {wrapper} in sympa.conf."
        yield _warning("sympa_sendmail", SYMPA_CONF, text, advice, line)
    arguments, line = parameters.get("sendmail_args", ("", 0))
    if match := CONFIG_ARGUMENT.search(arguments):
        text = f"sendmail_args name the configuration {match[1]}."
        advice = "The wrapper gives the release that is current: take -C out after the first push."
        yield _warning("sympa_config_argument", SYMPA_CONF, text, advice, line)


def _robots(files: Mapping[str, str]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for robot in robots(files):
        if robot.domain in seen:
            text = f"The robot {robot.domain} is there twice: {seen[robot.domain]}, {robot.source}."
            yield _warning("robot_twice", robot.domain, text, "Remove one of the two.", 0)
        seen.setdefault(robot.domain, robot.source)
        for finding in check_key(robot.domain, full_name=True):
            yield _warning("robot_name", robot.domain, finding.text, finding.advice, 0)
        inside = read_parameters(files[robot.source]).get("domain")
        if robot.source != SYMPA_CONF and inside and normalise_name(inside[0]) != robot.domain:
            text = f"{robot.source} says domain {inside[0]}; Sympa goes by the directory's name."
            yield _warning("robot_domain", robot.domain, text, "Make both the same.", inside[1])


def missing_robots(domains: Iterable[str], found: Iterable[Robot]) -> tuple[Finding, ...]:
    """Virtual domains without a robot, and robots without a virtual domain."""
    lines, served = set(domains), {robot.domain: robot for robot in found}
    findings = [
        _warning(
            "domain_without_robot",
            domain,
            f"{domain} goes to this server, and Sympa has no robot of that name.",
            "Add the robot, or remove the line.",
            0,
        )
        for domain in sorted(lines - served.keys())
    ]
    for domain in sorted(served.keys() - lines):
        text = f"Sympa serves {domain}, and the table has no line that brings its mail here."
        advice = "Add it as a virtual domain, or its mail leaves by the relay."
        findings.append(_warning("robot_without_line", domain, text, advice, 0))
    return tuple(findings)


def _warning(code: str, subject: str, text: str, advice: str, line: int) -> Finding:
    return Finding(code, Severity.WARNING, subject, text, advice, "", line)
