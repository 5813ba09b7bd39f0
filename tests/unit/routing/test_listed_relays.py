"""Lists of relay targets in every writing, and that an export is read as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.listed_relays import RELAYS, read_relays
from routing.core.tables import csv_lines, json_lines

PASTED = """\
# the ways out
smtp1  smtp1.renater.fr, smtp2.renater.fr 587
smtp3.Renater.FR.       # named by its first part
backup [IPv6:2001:db8::1];192.0.2.7
old
"""


def test_a_line_is_a_name_hosts_in_order_and_perhaps_a_port() -> None:
    found = read_relays(PASTED)
    assert [(item.line, item.name, item.hosts, item.port) for item in found.lines] == [
        (2, "smtp1", ("smtp1.renater.fr", "smtp2.renater.fr"), "587"),
        (3, "smtp3", ("smtp3.renater.fr",), None),
        (4, "backup", ("[IPv6:2001:db8::1]", "192.0.2.7"), None),
        (5, "old", None, None),
    ]
    assert not found.findings


def test_every_wrong_line_is_told_with_its_line() -> None:
    found = read_relays("192.0.2.7\na a.example 0\nb b.example\n\nb c.example\nd d.example 99999")
    assert [(item.line, item.code) for item in found.findings] == [
        (1, "name_missing"),
        (2, "port_invalid"),
        (5, "name_duplicate"),
        (6, "port_invalid"),
    ]
    assert found.findings[0].advice.endswith("smtp1 192.0.2.7.")
    assert [item.name for item in found.lines] == ["b"]


def test_every_wrong_row_of_a_table_is_told_at_once() -> None:
    text = "name,hosts,port,tags\n,a.example,,\nb,b.example,many,-x\nc,c.example,25,Paris\n"
    found = read_relays(text)
    assert [(item.line, item.code) for item in found.findings] == [
        (2, "name_missing"),
        (3, "tag_shape"),
        (3, "port_invalid"),
    ]
    assert [(item.name, item.tags) for item in found.lines] == [("c", "paris")]


@pytest.mark.parametrize(("cell", "port"), [("25", "25"), ('"587"', "587"), ("null", None)])
def test_a_port_in_json_is_a_number_or_a_text(cell: str, port: str | None) -> None:
    found = read_relays(f'[{{"name": "a", "hosts": "a.example", "port": {cell}}}]')
    assert [item.port for item in found.lines] == [port]
    assert not found.findings


def test_a_number_elsewhere_is_no_cell() -> None:
    found = read_relays('[{"name": "a", "note": 7}]')
    assert [item.code for item in found.findings] == ["cell_shape"]


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
HOSTS = st.lists(NAMES.map(lambda name: f"{name}.example"), min_size=1, max_size=4, unique=True)
NOTES = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=30)


@given(
    st.dictionaries(NAMES, st.tuples(HOSTS, st.integers(1, 65535), NOTES), min_size=1, max_size=4),
    st.sampled_from([csv_lines, json_lines]),
)
def test_what_is_written_is_read_again(
    relays: dict[str, tuple[list[str], int, str]], lines: object
) -> None:
    rows = [
        dict.fromkeys(RELAYS.every, "")
        | {"name": name, "hosts": " ".join(hosts), "port": str(port), "note": note}
        for name, (hosts, port, note) in relays.items()
    ]
    found = read_relays("".join(lines(rows, RELAYS.every)))  # type: ignore[operator]  # one of two
    assert not found.findings
    assert {item.name: (list(item.hosts or ()), item.port, item.note) for item in found.lines} == {
        name: (hosts, str(port), note) for name, (hosts, port, note) in relays.items()
    }
