"""What a run of the fallback is to send: all that waits, or a part of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from spools.core.flush import DOMAIN, MOST_NAMES, QUEUE_ID

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """Messages to these domains ((): all), without those that have a recipient at one of
    `excluded`; of these queue ids alone, where some are named."""

    domains: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    queue_ids: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        domains: Iterable[str] = (),
        excluded: Iterable[str] = (),
        queue_ids: Iterable[str] = (),
    ) -> Self:
        """In small letters, each once, in order."""
        return cls(
            tuple(sorted({name.strip().lower().rstrip(".") for name in domains} - {""})),
            tuple(sorted({name.strip().lower().rstrip(".") for name in excluded} - {""})),
            tuple(sorted({name.strip() for name in queue_ids} - {""})),
        )

    def problems(self) -> list[str]:
        """Sentences; empty when an agent takes it."""
        found = []
        for what, names, pattern in (
            ("a domain", (*self.domains, *self.excluded), DOMAIN),
            ("a queue ID", self.queue_ids, QUEUE_ID),
        ):
            wrong = [name for name in names if not pattern.fullmatch(name)]
            found += [f"{name!r:.80} is not {what}." for name in wrong[:5]]
            if len(names) > MOST_NAMES:
                found.append(f"At most {MOST_NAMES} names are taken; take fewer, or all.")
        if both := set(self.domains) & set(self.excluded):
            found.append(f"{sorted(both)[0]} is both wanted and excluded.")
        return found

    def holds(self, queue_id: str, domains: Collection[str]) -> bool:
        """Whether a message with recipients at these domains, in small letters, is of it."""
        if self.queue_ids and queue_id not in self.queue_ids:
            return False
        if self.domains and not set(self.domains).intersection(domains):
            return False
        return not set(self.excluded).intersection(domains)

    def sentence(self) -> str:
        """For people: "everything that waits, but nothing to orange.fr"."""
        what = f"messages to {_listed(self.domains)}" if self.domains else "everything that waits"
        if self.queue_ids:
            number = len(self.queue_ids)
            what = "1 chosen message" if number == 1 else f"{number} chosen messages"
        return f"{what}, but nothing to {_listed(self.excluded)}" if self.excluded else what

    def to_json(self) -> dict[str, list[str]]:
        return {
            "domains": list(self.domains),
            "excluded": list(self.excluded),
            "queue_ids": list(self.queue_ids),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls.of(**{name: raw.get(name, ()) for name in ("domains", "excluded", "queue_ids")})


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - SHOWN
    shown = ", ".join(names[:SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
