"""Reading, writing and classifying a mailertable."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given

from routing.core.findings import Severity
from routing.core.intent import Intent, ObjectKind
from routing.core.mailertable import (
    Line,
    classify,
    format_mailertable,
    parse_mailertable,
    value_of,
)
from tests.unit.routing.values import (
    FACTS,
    MOVED_MTA,
    ROUGH_TEXT,
    SEED,
    SMTP1,
    SMTP2,
    intent,
    intents,
    route,
    to_relay,
    virtual,
)

DATA = Path(__file__).parents[2] / "data" / "routing"


def numbered() -> Callable[[], UUID]:
    numbers = count(1)
    return lambda: UUID(int=next(numbers))


def read(name: str) -> str:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return file.read()


def test_the_example_is_read_whole() -> None:
    parsed = parse_mailertable(read("seed.mailertable"))

    assert parsed.findings == ()
    assert parsed.lines == (
        Line(4, "renater.fr", "esmtp", "[127.0.0.1]"),
        Line(5, "demo.sympa.org", "esmtp", "[127.0.0.1]"),
        Line(6, "jres.org", "esmtp", "[127.0.0.1]"),
        Line(7, "host.renater.fr", "esmtp", "[host.renater.fr]"),
        Line(9, ".", "esmtp", "[smtp1.renater.fr]"),
    )


def test_values_keep_their_colons_and_blanks() -> None:
    parsed = parse_mailertable(read("many-kinds.mailertable"))

    assert parsed.findings == ()
    assert {line.key: line.value for line in parsed.lines}["closed.example"] == (
        "error:5.7.1:550 This domain is closed"
    )
    assert {line.key: line.next_hop for line in parsed.lines}["two.example"] == (
        "[a.example]:[b.example]"
    )


def test_every_wrong_line_is_found_at_once_with_its_number() -> None:
    parsed = parse_mailertable(read("broken.mailertable"))

    errors = [
        (finding.line, finding.code)
        for finding in parsed.findings
        if finding.severity is Severity.ERROR
    ]
    assert errors == [
        (2, "value_missing"),
        (3, "key_invalid"),
        (4, "key_invalid"),
        (5, "value_without_mailer"),
        (6, "next_hop_missing"),
        (7, "value_blank"),
        (8, "value_characters"),
        (10, "key_duplicate"),
        (11, "key_invalid"),
        (11, "value_without_mailer"),
    ]
    assert [line.key for line in parsed.lines] == ["good.example"]
    assert all(finding.advice for finding in parsed.findings)


def test_what_sendmail_would_read_otherwise_is_a_warning() -> None:
    parsed = parse_mailertable(
        "  jres.org\tesmtp:[127.0.0.1]\r\ncafé.example esmtp:[127.0.0.1]\r\n"
    )

    assert [line.key for line in parsed.lines] == ["jres.org", "xn--caf-dma.example"]
    assert [(finding.line, finding.code) for finding in parsed.findings] == [
        (1, "carriage_return"),
        (1, "leading_blank"),
        (2, "key_spelling"),
    ]


def test_the_same_key_in_another_spelling_is_a_duplicate() -> None:
    parsed = parse_mailertable("jres.org esmtp:[a.b]\nJRES.org. esmtp:[c.d]\n")

    (finding,) = [item for item in parsed.findings if item.severity is Severity.ERROR]
    assert (finding.code, finding.line) == ("key_duplicate", 2)
    assert "line 1" in finding.text


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_an_empty_table_has_no_lines_and_no_findings(text: str) -> None:
    assert parse_mailertable(text).lines == ()
    assert parse_mailertable(text).findings == ()


def test_a_table_is_written_in_key_order() -> None:
    keys = ["jres.org", ".", "a.org", "a-b.org", ".org", "a", "_a.org", "0.org"]

    text = format_mailertable(f"{key}\tesmtp:[127.0.0.1]\n" for key in keys)

    assert [line.partition("\t")[0] for line in text.splitlines()] == sorted(keys)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (".", "esmtp:[smtp1.renater.fr]"),
        ("host.renater.fr", "esmtp:[host.renater.fr]"),
        ("jres.org", "esmtp:[127.0.0.1]"),
    ],
)
def test_each_kind_has_its_value(key: str, value: str) -> None:
    item = next(item for item in SEED.objects if item.key == key)

    assert value_of(item, SEED, FACTS) == value


def test_another_port_needs_another_mailer() -> None:
    item = to_relay(1, ".", SMTP2)

    assert value_of(item, intent(item), FACTS) == "relay_smtp2:[smtp2.renater.fr]:[192.0.2.7]"
    assert value_of(virtual(2, "a.org"), SEED, MOVED_MTA) == "local_mta:[127.0.0.1]"


def test_a_route_has_the_value_that_was_written() -> None:
    item = route(1, "a.org", "error", "5.7.1:550 go away")

    assert value_of(item, intent(item), FACTS) == "error:5.7.1:550 go away"


def test_the_example_is_classified() -> None:
    lines = parse_mailertable(read("seed.mailertable")).lines

    found = classify(lines, server="listes", new_id=numbered())

    assert [(item.key, item.kind) for item in found.objects] == [
        (".", ObjectKind.ROUTE),
        ("demo.sympa.org", ObjectKind.VIRTUAL_DOMAIN),
        ("host.renater.fr", ObjectKind.LOCAL_HOST),
        ("jres.org", ObjectKind.VIRTUAL_DOMAIN),
        ("renater.fr", ObjectKind.VIRTUAL_DOMAIN),
    ]
    (relay,) = found.relay_targets
    assert (relay.name, relay.hosts, relay.port) == ("smtp1", ("smtp1.renater.fr",), 25)
    assert found.objects[0].relay_target == relay.id


def test_the_port_of_the_relay_is_told_beside_the_table() -> None:
    lines = parse_mailertable(". esmtp:[smtp1.renater.fr]").lines

    found = classify(lines, server="listes", new_id=numbered(), relay_port=2526)

    assert found.relay_targets[0].port == 2526
    assert value_of(found.objects[0], found, FACTS) == "relay_smtp1:[smtp1.renater.fr]"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (".jres.org esmtp:[127.0.0.1]", ObjectKind.ROUTE),
        ("a.org esmtp:hub.example.org", ObjectKind.ROUTE),
        ("a.org error:5.7.1:550 closed", ObjectKind.ROUTE),
        ("a.org error:5.7.1:450 mixed", ObjectKind.FOREIGN_LINE),
        ("a.org uucp:old", ObjectKind.FOREIGN_LINE),
        ("a.org esmtp:joe@hub.example", ObjectKind.FOREIGN_LINE),
        ("a.org local:joe", ObjectKind.FOREIGN_LINE),
        (". esmtp:hub.example.org", ObjectKind.ROUTE),
        (". relay:[smtp1.renater.fr]", ObjectKind.ROUTE),
    ],
)
def test_what_is_no_domain_of_ours_is_kept(line: str, kind: ObjectKind) -> None:
    lines = parse_mailertable(line).lines

    found = classify(lines, server="listes", new_id=numbered())

    assert [item.kind for item in found.objects] == [kind]
    assert found.relay_targets == ()
    assert value_of(found.objects[0], found, FACTS) == lines[0].value


def test_routes_to_the_same_hosts_name_the_relay_target() -> None:
    lines = parse_mailertable(". esmtp:[smtp1.a]:[smtp2.a]\nb.org esmtp:[smtp1.a]:[smtp2.a]").lines

    found = classify(lines, server="listes", new_id=numbered())

    (relay,) = found.relay_targets
    assert relay.hosts == ("smtp1.a", "smtp2.a")
    assert {item.relay_target for item in found.objects} == {relay.id}


@pytest.mark.parametrize(
    ("host", "name"),
    [("smtp1.renater.fr", "smtp1"), ("192.0.2.1", "relay"), ("out_1.a.fr", "out-1")],
)
def test_a_relay_target_has_the_first_label_as_its_name(host: str, name: str) -> None:
    lines = parse_mailertable(f". esmtp:[{host}]").lines

    assert classify(lines, server="x", new_id=numbered()).relay_targets[0].name == name


@given(intents())
def test_what_is_written_is_read_back_and_keeps_its_values(wanted: Intent) -> None:
    pairs = [(item.key, value_of(item, wanted, FACTS)) for item in wanted.objects if item.enabled]

    text = format_mailertable(f"{key}\t{value}\n" for key, value in pairs)
    parsed = parse_mailertable(text)
    found = classify(parsed.lines, server="listes", new_id=numbered())

    assert [f for f in parsed.findings if f.severity is Severity.ERROR] == []
    assert [(line.key, line.value) for line in parsed.lines] == sorted(pairs)
    assert [(item.key, value_of(item, found, FACTS)) for item in found.objects] == sorted(pairs)


def test_the_relay_target_keeps_the_order_of_its_hosts() -> None:
    two = to_relay(1, ".", SMTP1)

    assert value_of(two, intent(two), FACTS) == "esmtp:[smtp1.renater.fr]"


@given(ROUGH_TEXT)
def test_any_text_is_read_into_lines_that_fit_a_table(text: str) -> None:
    parsed = parse_mailertable(text)

    lines = (f"{line.key}\t{line.value}\n" for line in parsed.lines)
    again = parse_mailertable(format_mailertable(lines))
    assert {line.value for line in again.lines} == {line.value for line in parsed.lines}
    assert [f for f in again.findings if f.severity is Severity.ERROR] == []
