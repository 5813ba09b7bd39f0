"""The caller's -C is not used, however it is written, and nothing else of the arguments is lost."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Sequence

import pytest

from deploy.sandbox.tools import find_program
from tests.fixtures.sandbox import Sink
from tests.integration.wrapper.list_server import SYMPA, ListServer

NOWHERE = "/nowhere/caller.cf"
COMMAND_LINES = 300
IMPOSSIBLE = (": cannot open: No such file or directory", "option requires an argument -- C")
WORDS = (
    *("-C", NOWHERE, f"-C{NOWHERE}", "-vC", f"-vC{NOWHERE}", "-iC", "-f", "-fb@x.org", "-vf", "-"),
    *("-q", "-Q", "-v", "-i", "-N", "never", "-V", "-V00000abc", "--", "--x", "", "a@x.org"),
    *("c@x.org", "-qIabc", "-bv", "-b", "v", "-O", "-d0.1", "-p", "-C", NOWHERE),
)

# Runs each command line and answers with exit code and sorted lines of output.
RUN_ALL = """
import json, subprocess, sys
for argv in json.load(sys.stdin):
    done = subprocess.run(argv, input=b"", capture_output=True, timeout=300)
    lines = sorted((done.stdout + done.stderr).decode("utf-8", "replace").splitlines())
    print(json.dumps([done.returncode, lines]))
"""


def run_all(server: ListServer, command_lines: list[list[str]]) -> list[tuple[int, list[str]]]:
    program = [find_program("python3"), "-c", RUN_ALL]
    command = server.tree.command(server.tree.users.spool, program)
    done = subprocess.run(
        command, input=json.dumps(command_lines).encode(), capture_output=True, check=True
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def words_at_random() -> list[list[str]]:
    """Command lines of sendmail, sensible and not; the same ones each time."""
    choice = random.Random(8)
    return [["-bv", *choice.choices(WORDS, k=choice.randint(1, 7))] for _ in range(COMMAND_LINES)]


def instead(words: Sequence[str], configuration: str) -> list[str]:
    return [word.replace(NOWHERE, configuration) for word in words]


@pytest.mark.parametrize(
    "spelling",
    [["-C", NOWHERE], [f"-C{NOWHERE}"], ["-vC", NOWHERE], [f"-iC{NOWHERE}"]],
    ids=["two words", "one word", "joined with -v", "joined with -i, one word"],
)
def test_a_submission_uses_the_live_release_whatever_the_caller_names(
    live: ListServer, relay: Sink, spelling: list[str]
) -> None:
    done = live.call(*SYMPA, *spelling, "-f", "", "--", "a@example.net")
    assert (done.returncode, relay.recipients()) == (0, ["a@example.net"])


def test_the_value_of_another_option_is_not_taken_for_one(other: ListServer) -> None:
    other.write_program("exit 75")
    other.call("-f", "-C", "-V", f"-C{NOWHERE}", "a@example.net")
    assert other.kept_arguments() == ["-f", "-C", "-V", f"-C{NOWHERE}", "a@example.net"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["-C", "/x", "--", "-C", "/y"], ["--", "-C", "/y"]),
        (["-C", "/x", "a@x", "-C", "/y"], ["--", "a@x", "-C", "/y"]),
        (["-C", "-f", "", "a@x"], ["-f", "", "--", "a@x"]),
        (["-oi", "-vC/x", "-C", "/y"], ["-oi", "-v"]),
        (["-C"], []),
        (["-C", ""], []),
        (["-Q", "-C", "/x", "a@x"], ["-Q", "--", "a@x"]),
        (["-d", "-C", "/x", "a@x"], ["-d", "--", "a@x"]),
        (["-d", "a@x", "-C", "/x"], ["-d", "a@x", "-C", "/x"]),
        (["-N", "never", "-V", "--", "-C/x", "a@x"], ["-N", "never", "-V", "--", "--", "a@x"]),
        (["-vf", "-C", "/x"], ["-vf", "-C", "/x"]),
        (["--x", "-C", "/x"], ["--x", "-C", "/x"]),
    ],
)
def test_only_options_before_the_recipients_are_dropped(
    other: ListServer, given: list[str], kept: list[str]
) -> None:
    other.write_program("exit 75")
    other.call(*given)
    assert other.kept_arguments() == kept


def test_no_command_line_makes_sendmail_open_the_callers_file(live: ListServer) -> None:
    lines = words_at_random()
    results = run_all(live, [[str(live.paths.out), *words] for words in lines])
    opened = [
        words
        for words, (_, output) in zip(lines, results, strict=True)
        if any("cannot open" in line for line in output)
    ]
    assert opened == []


def test_any_command_line_means_the_same_as_for_sendmail_itself(live: ListServer) -> None:
    """With the live file named by the caller too, dropping it must change nothing at all."""
    cf = str(live.releases / "a/sympa.cf")
    lines = [instead(words, cf) for words in words_at_random()]
    sendmail = str(live.paths.sendmail)
    direct = run_all(live, [[sendmail, "-C", cf, *words] for words in lines])
    wrapped = run_all(live, [[str(live.paths.out), *words] for words in lines])
    # Some lines name another word as their configuration, or none: only we can go on then.
    compared = [
        (words, theirs, ours)
        for words, theirs, ours in zip(lines, direct, wrapped, strict=True)
        if not any(line.endswith(IMPOSSIBLE) for line in theirs[1])
    ]
    assert len(compared) > COMMAND_LINES // 3
    different = [triple for triple in compared if triple[1] != triple[2]]
    assert different == []
