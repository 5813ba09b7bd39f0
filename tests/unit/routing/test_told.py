"""What the texts of an import tell of robots and class w, and what they leave open."""

from __future__ import annotations

import pytest

from routing.core.adopt.report import Report, Sources
from routing.core.adopt.sympa import robots
from routing.core.adopt.told import Told, told
from routing.core.intent import Intent


def of(sources: Sources) -> Told:
    found = robots(sources.sympa)
    return told(sources, Report(Intent("listes"), (), (), (), found, (), ""))


@pytest.mark.parametrize(
    ("sympa", "expected"),
    [
        ({}, None),
        ({"sympa.conf": "domain renater.fr"}, None),
        (
            {"sympa.conf": "domain renater.fr", "jres.org/robot.conf": ""},
            ("jres.org", "renater.fr"),
        ),
        ({"Café.Example/robot.conf": ""}, ("xn--caf-dma.example",)),
    ],
)
def test_robots_are_known_where_their_directories_were_read(
    sympa: dict[str, str], expected: tuple[str, ...] | None
) -> None:
    assert of(Sources("", sympa=sympa)).robots == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# nothing but a comment\n", None),
        (
            "Listes.Renater.fr # ours\n\nb.example a.example.\n",
            ("a.example", "b.example", "listes.renater.fr"),
        ),
    ],
)
def test_class_w_is_every_name_of_its_file(text: str, expected: tuple[str, ...] | None) -> None:
    assert of(Sources("", class_w_files={"/etc/mail/local-host-names": text})).accepted == expected
