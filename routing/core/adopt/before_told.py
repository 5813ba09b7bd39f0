"""What the report of an import said, as far as it explains why mail goes another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from routing.core.adopt.report import Report
from routing.core.names import check_host


@dataclass(frozen=True, slots=True)
class Told:
    """What the report of an import said, as far as it explains another way.

    `names` maps names of class w to where they stand, `findings` the subject of a finding to its
    text; `rules` are statements that route beside the table; `robots` are served domains.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    findings: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    robots: tuple[str, ...] = ()

    @property
    def to_ask(self) -> tuple[str, ...]:
        """Names that sendmail can be asked about, beside the keys of the table."""
        names = dict.fromkeys((*self.names, *self.robots))
        return tuple(name for name in names if "." in name and not check_host(name))


def told_of(report: Report, source: str) -> Told:
    """What a report explains. `source` is what the configuration itself is called."""
    return Told(
        names={own.name: f"{own.source} line {own.line}" for own in report.own_names},
        findings={item.subject: item.text for item in report.findings},
        rules=tuple(
            f"{option.text.splitlines()[0]} ({source} line {option.line})"
            for option in report.options
            if option.routes
        ),
        robots=tuple(robot.domain for robot in report.robots),
    )


def told_to_json(told: Told) -> dict[str, Any]:
    """The stored form."""
    return {
        "names": dict(told.names),
        "findings": dict(told.findings),
        "rules": list(told.rules),
        "robots": list(told.robots),
    }


def told_from_json(data: Mapping[str, Any] | None) -> Told | None:
    """The reverse; None of a push that is no import."""
    if data is None:
        return None
    return Told(
        names=data.get("names", {}),
        findings=data.get("findings", {}),
        rules=tuple(data.get("rules", ())),
        robots=tuple(data.get("robots", ())),
    )
