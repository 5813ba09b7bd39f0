"""What an agent found becomes the sources of a report, and findings about what it did not."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from routing.core.adopt.information import (
    MOST_SHOWN,
    managed_names,
    read_access,
    read_aliases,
)
from routing.core.adopt.reading import (
    FileRead,
    FilesRead,
    Kind,
    Trouble,
    reading_findings,
    reading_from_json,
    reading_to_json,
    sources_of_reading,
)
from routing.core.adopt.report import Stock, report
from routing.core.findings import Severity
from tests.unit.routing.values import FACTS

MC = "FEATURE(`use_cw_file')dnl\nLOCAL_CONFIG\nFw/etc/mail/more-names\n"
FOUND = FilesRead(
    files=(
        FileRead(Kind.MAILERTABLE, "/etc/mail/mailertable", "jres.org\tesmtp:[127.0.0.1]\n"),
        FileRead(Kind.MC, "/etc/mail/sympa.mc", MC, blanked=1),
        FileRead(Kind.CLASS_W, "/etc/mail/local-host-names", "jres.org\n"),
        FileRead(Kind.SYMPA, "/etc/sympa/sympa.conf", "domain x.org\n", blanked=9),
        FileRead(Kind.ROBOT, "/etc/sympa/jres.org/robot.conf", "", robot="jres.org"),
    ),
    troubles=(Trouble(Kind.ALIASES, "/etc/aliases", "cannot be read: Permission denied"),),
    access=read_access("To:jres.org REJECT\n", ["jres.org"]),
    aliases=read_aliases('a: "|/x/queue a@jres.org"\n'),
    stock=Stock("O X=1\n", ("nocanonify",)),
)


def test_it_survives_its_way() -> None:
    assert reading_from_json(json.loads(json.dumps(reading_to_json(FOUND)))) == FOUND
    nothing = FilesRead()
    assert reading_from_json(json.loads(json.dumps(reading_to_json(nothing)))) == nothing


@pytest.mark.parametrize("data", [{}, {"files": [{"kind": "shadow"}]}, {"files": 3}])
def test_what_is_none_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        reading_from_json(data)


def test_its_texts_are_read_under_the_names_that_the_host_calls_them_by() -> None:
    found = report(sources_of_reading(FOUND), FACTS, new_id=uuid4)
    local = next(item for item in found.findings if item.code == "key_was_local")
    assert "/etc/mail/local-host-names line 1" in local.text
    assert {robot.domain for robot in found.robots} == {"x.org", "jres.org"}
    assert found.access == FOUND.access and found.aliases == FOUND.aliases


def test_what_was_not_read_is_found() -> None:
    found = {item.code: item for item in reading_findings(FOUND)}
    assert found["not_read"].text == "/etc/aliases cannot be read: Permission denied."
    assert found["not_read"].severity is Severity.WARNING
    assert found["blanked"].text.startswith("1 line of /etc/mail/sympa.mc may hold a secret")
    assert found["names_not_read"].subject == "/etc/mail/more-names"
    assert len(reading_findings(FOUND)) == 3


def test_names_of_a_cf_that_were_not_read_are_found_too() -> None:
    only_cf = FilesRead(files=(FileRead(Kind.CF, "/etc/mail/sympa.cf", "Fw/etc/mail/cw\n"),))
    assert [item.subject for item in reading_findings(only_cf)] == ["/etc/mail/cw"]


def test_without_the_table_nothing_can_be_imported() -> None:
    trouble = Trouble(Kind.MAILERTABLE, "/etc/mail/mailertable", "is not there")
    (finding,) = reading_findings(FilesRead(troubles=(trouble,)))
    assert finding.severity is Severity.ERROR


def test_access_tells_what_it_says_of_managed_names() -> None:
    names = managed_names(
        "# x\njres.org esmtp:[x]\n.partner.org relay:y\n. z\n", ["conf.example.org"]
    )
    text = """\
# comment REJECT
Connect:jres.org RELAY
To:JRES.org\tERROR:5.7.1:550 no
user@jres.org DISCARD
lists.jres.org REJECT
partner.org REJECT
example.org 550 moved
conf.example.org OK
org REJECT
192.0.2 REJECT
AuthInfo:jres.org "P:hunter2"
AuthInfo: "P:hunter2"
broken
"""
    found = read_access(text, names)
    assert [(item.line, item.key, item.value) for item in found.lines] == [
        (2, "Connect:jres.org", "RELAY"),
        (3, "To:JRES.org", "ERROR:5.7.1:550"),
        (4, "user@jres.org", "DISCARD"),
        (6, "partner.org", "REJECT"),
        (7, "example.org", "550"),
    ]
    assert (found.entries, found.secrets, found.more) == (12, 2, 0)


def test_aliases_tell_which_lists_they_hand_over() -> None:
    text = """\
# a: "|/x/queue b@c.org"
all: "|/usr/lib/sympa/bin/queue all@JRES.org"
all-owner:
\t"| /usr/lib/sympa/bin/bouncequeue all@jres.org"
plain: |/opt/sympa/bin/queue plain
both: joe, "|/opt/sympa/bin/queue both@conf.org"
ticket: "|/usr/bin/ticket --queue /x/queue"
not-a-program: /var/queue all
root: joe
"""
    found = read_aliases(text)
    assert [(item.line, item.name, item.program, item.address) for item in found.lists] == [
        (2, "all", "/usr/lib/sympa/bin/queue", "all@JRES.org"),
        (3, "all-owner", "/usr/lib/sympa/bin/bouncequeue", "all@jres.org"),
        (5, "plain", "/opt/sympa/bin/queue", "plain"),
        (6, "both", "/opt/sympa/bin/queue", "both@conf.org"),
    ]
    assert found.entries == 7
    assert found.domains == {"conf.org": 1, "jres.org": 2}


def test_long_ones_are_cut_and_counted() -> None:
    lines = "".join(f'a{n}: "|/x/queue a{n}@jres.org"\n' for n in range(MOST_SHOWN + 7))
    aliases = read_aliases(lines)
    assert (len(aliases.lists), aliases.more, aliases.domains) == (
        MOST_SHOWN,
        7,
        {"jres.org": MOST_SHOWN + 7},
    )
    access = read_access("".join(f"a{n}.jres.org REJECT\n" for n in range(5)), ["a1.jres.org"])
    assert (len(access.lines), access.more) == (1, 0)
