"""What the DNS of a local host may say, and what of it is wrong."""

from __future__ import annotations

import pytest

from routing.core.dns.answers import HostAnswer, MxAnswer, Outcome
from routing.core.dns.judge import Mark, Trouble
from routing.core.dns.judge_local import judge_local_address, judge_local_mx
from tests.unit.routing.test_dns_judge import NONE, host, mx

NAME = "host.renater.fr"
OWN_ADDRESS, BY_IT = (
    "Mail from elsewhere goes to its own address.",
    "Mail from elsewhere goes by it.",
)
OWN = host(NAME, "192.0.2.7")


@pytest.mark.parametrize(
    ("answer", "mark", "kind"),
    [
        (None, Mark.UNKNOWN, None),
        (host(NAME, outcome=Outcome.SERVFAIL), Mark.UNKNOWN, None),
        (OWN, Mark.GOOD, None),
        (host(NAME, "10.1.2.3"), Mark.GOOD, None),
        (host(NAME), Mark.BAD, Trouble.LOCAL_NO_ADDRESS),
    ],
)
def test_its_mail_needs_an_address(
    answer: HostAnswer | None, mark: Mark, kind: Trouble | None
) -> None:
    found = judge_local_address(NAME, answer)
    assert (found.mark, found.kind) == (mark, kind)
    assert bool(found.finding) is (mark is Mark.BAD)


@pytest.mark.parametrize(
    ("answer", "own", "mark", "kind", "words"),
    [
        (None, OWN, Mark.UNKNOWN, None, ""),
        (MxAnswer(Outcome.TIMED_OUT), OWN, Mark.UNKNOWN, None, ""),
        (
            MxAnswer(NONE, (), (OWN,)),
            OWN,
            Mark.GOOD,
            None,
            OWN_ADDRESS,
        ),
        (mx(OWN), OWN, Mark.GOOD, None, ""),
        (mx(host("mail.example", "192.0.2.7")), OWN, Mark.GOOD, None, ""),
        (
            mx(host("filter.example", "192.0.2.9")),
            OWN,
            Mark.GOOD,
            None,
            BY_IT,
        ),
        (mx(host("gone.example")), OWN, Mark.BAD, Trouble.MX_NO_ADDRESS, "no address"),
        (
            mx(host("dumb.example", outcome=Outcome.SERVFAIL)),
            OWN,
            Mark.GOOD,
            None,
            BY_IT,
        ),
        (
            MxAnswer(Outcome.FOUND, ((0, "."),)),
            None,
            Mark.BAD,
            Trouble.LOCAL_NULL_MX,
            "takes no mail",
        ),
    ],
)
def test_its_mx_is_told_and_bad_only_where_nobody_can_write(
    answer: MxAnswer | None,
    own: HostAnswer | None,
    mark: Mark,
    kind: Trouble | None,
    words: str,
) -> None:
    found = judge_local_mx(NAME, answer, own)
    assert (found.mark, found.kind) == (mark, kind)
    assert found.words == words
