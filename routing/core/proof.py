"""The proof: what to ask sendmail, and whether its answers follow from the plan alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from routing.core.bundle import Bundle
from routing.core.bv import Answer
from routing.core.facts import HostFacts
from routing.core.intent import DEFAULT_KEY
from routing.core.mailers import ERROR
from routing.core.names import ADDRESS_LIMIT
from routing.core.plan import FALLBACK_TABLE, PRIMARY_TABLE, Plan
from routing.core.resolve import Resolution, Resolver, Why
from routing.core.table import Table

PROBE = "probe"
UNKNOWN = ("probe@unknown.example", "probe@unknown.invalid")
UNQUALIFIED = "postmaster"
NEIGHBOURS = 200
LOCAL_MTA_CHANGED = "local MTA"
CONFIGS = {"primary": PRIMARY_TABLE, "fallback": FALLBACK_TABLE}
HOST_NAMES = frozenset({Why.LOCAL, Why.UNQUALIFIED})

Answers = Mapping[str, Answer]
"""Address → (mailer, host) of one configuration."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An address that goes elsewhere. `explained_by` is a key of the plan, "local MTA" when the
    host's MTA moved, or empty: then it blocks."""

    address: str
    config: str
    live: Answer
    staged: Answer
    explained_by: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """sendmail and our resolver do not say the same. `answered` is None after a silence."""

    address: str
    config: str
    side: str
    predicted: Answer
    answered: Answer | None


@dataclass(frozen=True, slots=True)
class Proof:
    """The result for one host.

    `asked` counts addresses, `destinations_changed` the keys (and unexplained addresses) by which
    answers changed, `planned` the keys of the plan that should change one.
    """

    asked: int
    differences: tuple[Difference, ...]
    unexplained: int
    disagreements: tuple[Disagreement, ...]
    destinations_changed: int
    planned: int

    @property
    def blocks(self) -> tuple[str, ...]:
        """Why this push may not go on; empty when everything is explained."""
        reasons = []
        if self.asked == 0:
            reasons.append("sendmail was asked nothing.")
        if self.unexplained:
            first = next(item for item in self.differences if not item.explained_by)
            reasons.append(f"{_number(self.unexplained, 'change')} unexplained: {_moves(first)}")
        if self.disagreements:
            number = _number(len(self.disagreements), "answer")
            reasons.append(f"{number} not as predicted: {_disagrees(self.disagreements[0])}")
        return tuple(reasons)


def addresses_to_ask(
    live: Bundle | None, proposed: Bundle, plan: Plan, managed: Iterable[str]
) -> tuple[str, ...]:
    """Changed keys, what lies below a changed suffix, every managed domain and a sub-domain of
    each, unknown domains, and an unqualified name. In order, each once."""
    asked: dict[str, None] = dict.fromkeys((*UNKNOWN, UNQUALIFIED))
    for change in plan.changes:
        asked |= dict.fromkeys(_around(change.key))
        if change.key.startswith(".") and change.key != DEFAULT_KEY:
            asked |= dict.fromkeys(_below(change.key, live, proposed))
    for name in managed:
        asked |= dict.fromkeys(_around(name))
    return tuple(asked)


def _around(key: str) -> Iterator[str]:
    if key == DEFAULT_KEY:
        return
    name = key.removeprefix(".")
    for address in (f"{PROBE}@{name}", f"{PROBE}@{PROBE}.{name}"):
        if len(address) <= ADDRESS_LIMIT:
            yield address


def _below(suffix: str, live: Bundle | None, proposed: Bundle) -> list[str]:
    """Keys that a changed suffix must not touch. Bounded: a suffix may cover the whole table."""
    bundles = [bundle for bundle in (live, proposed) if bundle is not None]
    keys = {key for bundle in bundles for key in _table(bundle, PRIMARY_TABLE).values}
    below = sorted(key for key in keys if key.endswith(suffix) and key != suffix)
    return [address for key in below[:NEIGHBOURS] for address in _around(key)]


@dataclass(frozen=True, slots=True)
class _Side:
    """One release: its tables, and where it hands mail for the host's own names."""

    name: str
    resolvers: Mapping[str, Resolver]
    local_mta: Answer
    answers: Mapping[str, Answers]

    def predict(self, config: str, address: str) -> Resolution:
        return self.resolvers[config].resolve(address)

    def answer(self, config: str, address: str) -> Answer | None:
        """What sendmail said. It answers two of its own names with one line, so a silence about
        one of them is the answer about all."""
        said = self.answers[config].get(address)
        if said is None:
            predicted = self.predict(config, address)
            return predicted.answer if predicted.why in HOST_NAMES else None
        return said


def judge(
    *,
    plan: Plan,
    live_bundle: Bundle | None,
    proposed_bundle: Bundle,
    facts: HostFacts,
    live_answers: tuple[Answers, Answers] | None,
    staged_answers: tuple[Answers, Answers],
) -> Proof:
    """Compare what sendmail said of live and staged, (primary, fallback) each, with the plan.

    A difference is explained when the resolver predicts both answers and a key of the plan decides
    one of them. Without a live release nothing can differ; the predictions still must hold.
    """
    staged = _side("staged", proposed_bundle, staged_answers, facts)
    sides = [staged]
    if live_bundle is not None and live_answers is not None:
        sides.insert(0, _side("live", live_bundle, live_answers, facts))
    asked = _asked(sides, addresses_to_ask(live_bundle, proposed_bundle, plan, ()))
    disagreements = tuple(_disagreements(sides, asked))
    live = sides[0] if len(sides) == 2 else None
    differences = () if live is None else tuple(_differences(live, staged, asked, plan))
    unexplained = sum(not difference.explained_by for difference in differences)
    explained = {item.explained_by for item in differences if item.explained_by}
    return Proof(
        asked=len(asked),
        differences=differences,
        unexplained=unexplained,
        disagreements=disagreements,
        destinations_changed=len(explained) + unexplained,
        planned=0 if live is None else _planned(live, staged, plan),
    )


def _side(name: str, bundle: Bundle, answers: tuple[Answers, Answers], facts: HostFacts) -> _Side:
    resolvers = {
        config: Resolver.of_bundle(bundle, _table(bundle, file), facts)
        for config, file in CONFIGS.items()
    }
    local_mta = next(iter(resolvers.values())).local_mta
    said = dict(zip(CONFIGS, answers, strict=True))
    return _Side(name, resolvers, local_mta, said)


def _table(bundle: Bundle, file: str) -> Table:
    return Table.from_text(bundle.files.get(file, ""))


def _asked(sides: Iterable[_Side], needed: Iterable[str]) -> tuple[str, ...]:
    """What was asked of anybody, and what the plan needs at least: a silence must show."""
    asked = dict.fromkeys(needed)
    for side in sides:
        for answers in side.answers.values():
            asked |= dict.fromkeys(answers)
    return tuple(asked)


def _disagreements(sides: Iterable[_Side], asked: Iterable[str]) -> Iterator[Disagreement]:
    pairs = [(side, config) for side in sides for config in CONFIGS]
    for address in asked:
        for side, config in pairs:
            predicted, said = side.predict(config, address), side.answer(config, address)
            if not _agrees(predicted, said, side.local_mta):
                yield Disagreement(address, config, side.name, predicted.answer, said)


def _agrees(predicted: Resolution, said: Answer | None, local_mta: Answer) -> bool:
    if said is None:
        return False
    if predicted.mailer == ERROR:
        return said[0] == ERROR and _squash(said[1]) == _squash(predicted.host)
    if predicted.answer == said:
        return True
    # Without a key, DNS may say that this host is the best MX: then the local MTA gets it.
    return predicted.why is Why.NO_KEY and said == local_mta


def _squash(text: str) -> str:
    """sendmail drops blanks beside punctuation when it reads an error text."""
    return "".join(text.split())


def _differences(
    live: _Side, staged: _Side, asked: Iterable[str], plan: Plan
) -> Iterator[Difference]:
    for address in asked:
        for config in CONFIGS:
            was, will = live.answer(config, address), staged.answer(config, address)
            if was is None or will is None or was == will:
                continue
            why = _explained_by(live, staged, config, address, plan)
            yield Difference(address, config, was, will, why)


def _explained_by(live: _Side, staged: _Side, config: str, address: str, plan: Plan) -> str:
    before, after = live.predict(config, address), staged.predict(config, address)
    was, will = live.answer(config, address), staged.answer(config, address)
    if not (_agrees(before, was, live.local_mta) and _agrees(after, will, staged.local_mta)):
        return ""
    if before.answer == after.answer:
        return ""
    if before.why in HOST_NAMES and live.local_mta != staged.local_mta:
        return LOCAL_MTA_CHANGED
    keys = plan.keys
    return next((key for key in (after.key, before.key) if key and key in keys), "")


def _planned(live: _Side, staged: _Side, plan: Plan) -> int:
    return sum(
        any(_moves_key(live, staged, config, change.key) for config in CONFIGS)
        for change in plan.changes
    )


def _moves_key(live: _Side, staged: _Side, config: str, key: str) -> bool:
    addresses = list(UNKNOWN) if key == DEFAULT_KEY else list(_around(key))
    return any(
        live.predict(config, address).answer != staged.predict(config, address).answer
        for address in addresses
    )


def proof_to_json(proof: Proof) -> dict[str, Any]:
    """The stored form, with `blocks` written out."""
    return {
        "asked": proof.asked,
        "differences": [
            asdict(item) | {"live": list(item.live), "staged": list(item.staged)}
            for item in proof.differences
        ],
        "unexplained": proof.unexplained,
        "disagreements": [
            asdict(item)
            | {
                "predicted": list(item.predicted),
                "answered": None if item.answered is None else list(item.answered),
            }
            for item in proof.disagreements
        ],
        "destinations_changed": proof.destinations_changed,
        "planned": proof.planned,
        "blocks": list(proof.blocks),
    }


def _number(count: int, noun: str) -> str:
    return f"{count} {noun} is" if count == 1 else f"{count} {noun}s are"


def _moves(item: Difference) -> str:
    return f"{item.address} goes {_way(item.staged)} instead of {_way(item.live)} ({item.config})."


def _disagrees(item: Disagreement) -> str:
    said = "did not answer" if item.answered is None else f"says {_way(item.answered)}"
    where = f"{item.side}, {item.config}"
    return f"for {item.address} sendmail {said}, expected {_way(item.predicted)} ({where})."


def _way(answer: Answer) -> str:
    return f"{answer[0]}:{answer[1]}"
