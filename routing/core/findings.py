"""One validation result, and the error that carries all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters: an error blocks, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong (`text`), with what (`subject`), and what to write instead (`advice`).

    `field` names the input that caused it (`key`, `hosts`, `port` …), empty where none did;
    `line` is the 1-based line of an imported file, 0 where there is no file.
    """

    code: str
    severity: Severity
    subject: str
    text: str
    advice: str
    field: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.text} {self.advice}".strip()


class InvalidIntent(ValueError):
    """Raised with every finding of severity error at once, never with the first only."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
