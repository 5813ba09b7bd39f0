"""What the texts of an import tell of a list server beside its table: robots, and class w."""

from __future__ import annotations

from dataclasses import dataclass

from routing.core.adopt.names import names_in
from routing.core.adopt.report import Report, Sources


@dataclass(frozen=True, slots=True)
class Told:
    """None where the texts say nothing of it. `accepted` is class w alone: what relay-domains holds
    was not read."""

    robots: tuple[str, ...] | None
    accepted: tuple[str, ...] | None


def told(sources: Sources, report: Report) -> Told:
    """A sympa.conf alone names one robot and not whether there are others."""
    has_robots = any(path.endswith("/robot.conf") for path in sources.sympa)
    names = (name for text in sources.class_w_files.values() for name in names_in(text))
    return Told(
        tuple(sorted({robot.domain for robot in report.robots})) if has_robots else None,
        tuple(sorted({*names})) or None,
    )
