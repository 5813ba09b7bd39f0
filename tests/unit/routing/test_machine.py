"""What is judged of a mail host's machine, where no test can have the machine so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from routing.core.findings import Finding, Severity
from routing.core.machine import (
    Entry,
    Kind,
    Room,
    judge_clock,
    judge_directory,
    judge_room,
    judge_sendmail,
    judge_spool,
    verdict,
)
from routing.core.sympa_conf import configuration_of, parse_sympa_conf

GB = 1024**3
CHECKOUT = Path(__file__).resolve().parents[3]


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    ("free_bytes", "free_inodes", "total_inodes", "expected"),
    [
        (2 * GB, 10**6, 10**6, []),
        (GB - 1, 10**6, 10**6, ["nearly_full"]),
        (100 * 1024**2, 10**6, 10**6, ["full"]),
        (2 * GB, 999, 10**6, ["no_inodes"]),
        # A file system without inodes of its own says 0 of 0.
        (2 * GB, 0, 0, []),
        (0, 0, 10**6, ["full", "no_inodes"]),
    ],
)
def test_room(free_bytes: int, free_inodes: int, total_inodes: int, expected: list[str]) -> None:
    room = Room("/spool", free_bytes, free_inodes, total_inodes)
    assert codes(judge_room(room, what="the spool")) == expected


@pytest.mark.parametrize(
    ("synchronized", "ahead_s", "expected"),
    [
        (True, 0, []),
        (None, 0, []),
        (False, 0, ["clock_free"]),
        (True, 300, []),
        (True, 301, ["clock_back"]),
        (False, 3600, ["clock_back", "clock_free"]),
    ],
)
def test_clock(synchronized: bool | None, ahead_s: int, expected: list[str]) -> None:
    assert codes(judge_clock(synchronized=synchronized, ahead_s=ahead_s)) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("8.12.0", []),
        ("8.17.1.9", []),
        ("8.18.1", []),
        ("8.11.6", ["sendmail_version"]),
        ("8.19.0", ["sendmail_version"]),
        ("9.0", ["sendmail_version"]),
        ("", ["no_sendmail"]),
    ],
)
def test_versions_of_sendmail(version: str, expected: list[str]) -> None:
    assert codes(judge_sendmail("/usr/sbin/sendmail", version, ["NEWDB"])) == expected


@pytest.mark.parametrize(("device", "expected"), [(1, ["same_disk"]), (2, [])])
def test_the_kept_area_on_the_disk_of_the_spool(device: int, expected: list[str]) -> None:
    spool = Entry("/spool", Kind.DIRECTORY, device=1)
    kept = Entry("/kept", Kind.DIRECTORY, device=device)
    assert codes(judge_spool(spool, kept, strangers=0, owner="sympa")) == expected


def test_what_this_user_cannot_look_at_is_said_and_not_called_missing() -> None:
    entry = Entry("/kept", Kind.UNKNOWN, problem="Permission denied")
    (found,) = judge_directory(entry, what="the kept area", owner="sympa", mode=0o700)
    assert (found.code, found.severity) == ("not_seen", Severity.WARNING)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("-oi -odi", ""),
        ("-oi -C /etc/mail/sympa.cf -odi", "/etc/mail/sympa.cf"),
        ("-C/etc/a.cf", "/etc/a.cf"),
        ("-C /etc/a.cf -C /etc/b.cf", "/etc/b.cf"),
        ("-oi -- -C /etc/a.cf", ""),
        ("-oi -C", ""),
        ("-L 'sm sympa' -C /etc/a.cf", "/etc/a.cf"),
        ("-L it's -C /etc/a.cf", "/etc/a.cf"),
        ('-L "sm -C /etc/a.cf', "/etc/a.cf"),
        ("-C /etc/a.cf \\", "/etc/a.cf"),
    ],
)
def test_the_configuration_that_arguments_name(arguments: str, named: str) -> None:
    assert configuration_of(arguments) == named


def test_settings_of_sympa_conf_are_read_with_tabs_and_spaces_and_the_last_one_counts() -> None:
    lines = (
        "#sendmail /no",
        "\t",
        " ",
        "sendmail\t/a",
        " sendmail   /b",
        "sendmail_args\t\t-oi -C /c",
    )
    text = "\n".join([*lines, "sendmail_aliases x", ""])
    assert parse_sympa_conf(text) == {"sendmail": "/b", "sendmail_args": "-oi -C /c"}


def test_the_exit_code_is_the_worst() -> None:
    free = judge_clock(synchronized=False, ahead_s=0)
    back = judge_clock(synchronized=True, ahead_s=999)
    assert [verdict([]), verdict(free), verdict([*free, *back])] == [0, 1, 2]


def test_operations_lists_every_code_and_no_other() -> None:
    sources = [f"routing/{place}/machine.py" for place in ("core", "agent")]
    sources += [
        f"mailadmin/agent/{path.name}" for path in (CHECKOUT / "mailadmin/agent").glob("check*.py")
    ]
    sources += ["routing/core/sympa_conf.py", "spools/core/queue_run.py"]
    written = "".join((CHECKOUT / path).read_text() for path in sources)
    codes_in_code = set(re.findall(r'\b(?:error|warning)\(\s*"(\w+)"', written))
    page = (CHECKOUT / "docs/operations.md").read_text()
    table = page.partition("| it looks at | codes |")[2].partition("\n\n")[0]

    assert set(re.findall(r"`(\w+)`", table)) == codes_in_code
