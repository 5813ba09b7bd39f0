"""Asks `sendmail -bv` for many addresses, so many at a time as one command line holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from routing.agent.faults import Fault
from routing.agent.host import HostConfig
from routing.agent.tools import Ran, run
from routing.core.bv import Answer, parse_bv

BATCH = 500
NOTICE = "Notice: -bv may give misleading output"
NO_MX = "MX lookup failure"


def ask(host: HostConfig, configuration: Path, addresses: Sequence[str]) -> Mapping[str, Answer]:
    """The answers of one of our own configurations. Raises Fault where sendmail says more."""
    answers: dict[str, Answer] = {}
    for batch in batches(addresses, BATCH):
        argv: list[str | Path] = [host.sendmail, "-C", configuration, "-bv", *batch]
        ran = run(argv, cwd=configuration.parent, seconds=host.ask_seconds)
        output = (ran.out + ran.err).decode("utf-8", "replace")
        found = parse_bv(output, batch)
        _refuse_noise(ran, output, found.values())
        answers |= found
    return answers


def noise_of(output: str, answers: Iterable[Answer]) -> list[str]:
    """The lines that are no answer: a warning must not pass unseen."""
    texts = {text for _, text in answers} | {NO_MX}
    return [
        line
        for line in output.splitlines()
        if line.strip()
        and "... " not in line
        and not line.startswith(NOTICE)
        and not any(line.strip() in text or text in line for text in texts if text)
    ]


def batches(addresses: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """The addresses in pieces of at most `most`."""
    for start in range(0, len(addresses), most):
        yield addresses[start : start + most]


def _refuse_noise(ran: Ran, output: str, answers: Iterable[Answer]) -> None:
    if ran.stopped or ran.exit_code < 0 or noise_of(output, answers):
        raise Fault(
            "sendmail_failed", f"{ran.verdict}, and said more than answers.", output=ran.said
        )
