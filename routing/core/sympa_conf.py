"""How Sympa submits, by its sympa.conf and robot.conf: through the wrapper, or past it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from routing.core.findings import Finding
from routing.core.machine import error, warning

SYMPA_ARGUMENTS = ("sendmail", "sendmail_args")
SYMPA_DEFAULTS = {"sendmail": "/usr/sbin/sendmail", "sendmail_args": "-oi -odi -oem"}


def parse_sympa_conf(text: str) -> dict[str, str]:
    """The settings of a sympa.conf or robot.conf that concern sendmail; the last one counts."""
    found = {}
    for line in text.splitlines():
        name, value = (*line.split(maxsplit=1), "", "")[:2]
        if name in SYMPA_ARGUMENTS:
            found[name] = value.strip()
    return found


def configuration_of(arguments: str) -> str:
    """Which configuration file sendmail takes by these arguments: the last -C; "" is none."""
    named = ""
    try:
        words = shlex.split(arguments)
    except ValueError:
        words = arguments.split()
    for position, word in enumerate(words):
        if word == "--":
            break
        if word == "-C":
            named = words[position + 1] if position + 1 < len(words) else ""
        elif word.startswith("-C"):
            named = word[2:]
    return named


def judge_sympa_conf(files: Mapping[str, str], *, wrapper: str, current: str) -> list[Finding]:
    """`files` holds the text of sympa.conf first, then of each robot.conf."""
    findings = []
    for number, (path, text) in enumerate(files.items()):
        given = parse_sympa_conf(text)
        if number and not given:
            continue
        findings += _judge_settings(path, {**SYMPA_DEFAULTS, **given}, wrapper, current)
    return findings


def _judge_settings(
    path: str, given: Mapping[str, str], wrapper: str, current: str
) -> list[Finding]:
    program, named = given["sendmail"], configuration_of(given["sendmail_args"])
    advice = f"Set: sendmail {wrapper}, and sendmail_args without -C; then restart Sympa."
    if program == wrapper:
        if not named:
            return []
        text = f"{path} gives the wrapper -C {named}. It takes the live release instead, and logs."
        return [warning("dropped_c", path, text, "Take -C out of sendmail_args.")]
    if not named:
        text = f"{path}: Sympa submits through {program}, without -C: by the machine's own sendmail"
        return [error("no_wrapper", path, f"{text} configuration, whatever is pushed.", advice)]
    if named == current or named.startswith(f"{current}/"):
        text = (
            f"{path}: Sympa submits through {program} -C {named}, not through the wrapper. A switch"
            " in the middle of a submission can cost that message, and nothing keeps it."
        )
        return [warning("literal_c", path, text, advice)]
    text = (
        f"{path}: Sympa submits through {program} -C {named}, not through the wrapper: no push"
        " changes that file."
    )
    return [error("other_configuration", path, text, advice)]
