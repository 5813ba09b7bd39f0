"""Reads a message field by field and names every fault at once."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from mailadmin.wire.core.canonical import Json

E = TypeVar("E", bound=StrEnum)

# One DNS label, so that `host.NAME.ROLE` can be taken apart again and no Redis pattern of one
# host matches the keys of another.
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DIGEST = re.compile(r"[0-9a-f]{64}")
ATTEMPT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

MAX_INTEGER = 2**53 - 1


class MessageError(ValueError):
    """A message of the right signature and the wrong content.

    `code` is `malformed`, or the more exact `unsupported_version` or `unknown_verb`;
    `problems` holds one sentence per fault; `raw` is what was read.
    """

    def __init__(self, what: str, code: str, problems: tuple[str, ...], raw: Json) -> None:
        super().__init__(f"{what}: " + "; ".join(problems))
        self.code = code
        self.problems = problems
        self.raw = raw


class Fields:
    """Collects the problems of one message; `finish` raises them together."""

    def __init__(self, what: str, value: Json, names: frozenset[str]) -> None:
        self.what = what
        self.raw = value
        self.problems: list[str] = []
        self.code = "malformed"
        self.values: Mapping[str, Json] = value if isinstance(value, Mapping) else {}
        if not isinstance(value, Mapping):
            self.problems.append(f"must be an object, not {type(value).__name__}")
            return
        self.problems.extend(f"{name} is missing" for name in sorted(names - value.keys()))
        self.problems.extend(f"{name} is not known" for name in sorted(value.keys() - names))

    def version(self, supported: int) -> int:
        faults = len(self.problems)
        found = self.integer("version", 0)
        if found != supported and "version" in self.values and len(self.problems) == faults:
            self.code = "unsupported_version"
            self.problems.append(f"version {found} is not supported; this is version {supported}")
        return found

    def text(self, name: str, pattern: re.Pattern[str]) -> str:
        value = self.values.get(name)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self._wrong(name, f"must match {pattern.pattern}")
        return ""

    def text_or_none(self, name: str, pattern: re.Pattern[str]) -> str | None:
        return None if self.values.get(name) is None else self.text(name, pattern)

    def integer(self, name: str, least: int) -> int:
        value = self.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= MAX_INTEGER:
            return value
        self._wrong(name, f"must be a whole number from {least} to {MAX_INTEGER}")
        return least

    def mapping(self, name: str) -> Mapping[str, Json]:
        value = self.values.get(name)
        if isinstance(value, Mapping):
            return value
        self._wrong(name, "must be an object")
        return {}

    def choice(self, name: str, kind: type[E], code: str = "malformed") -> E:
        value = self.values.get(name)
        if isinstance(value, str) and value in set(kind):
            return kind(value)
        if name in self.values and self.code == "malformed":
            self.code = code
        self._wrong(name, "must be one of " + ", ".join(kind))
        return next(iter(kind))

    def finish(self) -> None:
        if self.problems:
            raise MessageError(self.what, self.code, tuple(self.problems), self.raw)

    def _wrong(self, name: str, what: str) -> None:
        if name in self.values:
            self.problems.append(f"{name} {what}, not {self.values[name]!r:.80}")
