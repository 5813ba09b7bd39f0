"""Does the first release send mail where the configuration before it did? sendmail answered both.

A way is where mail ends up: for SMTP the port and the next hop, whatever the mailer is called; for
the host's own names this host, whether sendmail delivers itself or hands over to the local MTA.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from routing.core.adopt.before_told import Told
from routing.core.bv import Answer
from routing.core.intent import DEFAULT_KEY, SMTP_PORT
from routing.core.mailers import ERROR
from routing.core.plan import Guard
from routing.core.resolve import Resolution, Resolver, Why

MOST_STORED = 2000
SMTP_PROGRAMS = frozenset({"[ipc]", "[tcp]"})
THIS_HOST = ("this host",)
GUARD, UNSAID = "as_before", "as_before_unsaid"
NOT_OPEN = "not open"
"""In the note of a map that sendmail passed over."""
OF_HOST = frozenset({Why.LOCAL, Why.UNQUALIFIED})

Answers = Mapping[str, Answer]
Mailers = Mapping[str, Sequence[str]]
"""Mailer → its program and its arguments, as its M line has them."""


class Asked(StrEnum):
    """What became of the question."""

    ALL = "asked"
    PART = "could not be asked"
    ABSENT = "absent"
    MISSING = "missing"
    UNKNOWN = "not told"


@dataclass(frozen=True, slots=True)
class Existing:
    """What an agent said of the configuration before: see `routing.agent.existing`."""

    configuration: str
    absent: bool
    answers: Answers
    staged: Answers
    mailers: Mailers
    staged_mailers: Mailers
    class_w: frozenset[str]
    problem: str
    output: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """An address whose mail goes another way. `decides` is what sends it there now, `why` what is
    known of the way before ("" is nothing)."""

    address: str
    before: Answer
    after: Answer
    decides: str
    why: str


@dataclass(frozen=True, slots=True)
class AsBefore:
    """The comparison. `same` counts addresses that go as before, `kept` those among them that
    stay on this host, by another mailer; `unsaid` are those with one answer or none."""

    state: Asked
    configuration: str = ""
    asked: int = 0
    same: int = 0
    kept: int = 0
    moved: tuple[Moved, ...] = ()
    unsaid: tuple[str, ...] = ()
    problem: str = ""
    output: str = ""
    notes: tuple[str, ...] = ()


def existing_of(data: Mapping[str, Any] | None) -> Existing | None:
    """The agent's words as values; None of an agent that does not know the question."""
    if not data:
        return None
    mailers = data.get("mailers", {})
    problem = data.get("problem") or {}
    return Existing(
        configuration=str(data.get("configuration", "")),
        absent=bool(data.get("absent")),
        answers=_answers(data.get("answers", {})),
        staged=_answers(data.get("staged", {})),
        mailers=mailers.get("existing", {}),
        staged_mailers=mailers.get("staged", {}),
        class_w=frozenset(data.get("class_w", ())),
        problem=str(problem.get("text", "")),
        output=str(problem.get("output", "")),
        notes=tuple(str(note) for note in data.get("notes", ())),
    )


def _answers(data: Mapping[str, Sequence[str]]) -> Answers:
    return {address: (answer[0], answer[1]) for address, answer in data.items()}


def compare(
    existing: Existing | None, staged: Answers, *, resolver: Resolver, told: Told | None
) -> AsBefore:
    """Compare the answers of the configuration before with those of the staged release.

    `staged` are the release's primary answers, `resolver` is that of its table, `told` is None of
    a host of which nothing was imported. What was imported did route: that its configuration is
    not where the agent looks is another case than a host that is new.
    """
    if existing is None:
        return AsBefore(Asked.UNKNOWN)
    if existing.absent:
        is_lost = told is not None and existing.configuration
        state = Asked.MISSING if is_lost else Asked.ABSENT
        return AsBefore(state, existing.configuration)
    pairs = _Pairs(existing, {**staged, **existing.staged}, resolver, told or Told())
    moved, unsaid, same, kept = [], [], 0, 0
    for address in pairs.after:
        before, after = existing.answers.get(address), pairs.answer(address)
        if before is None or after is None:
            unsaid.append(address)
        elif pairs.way_before(before) == pairs.way_after(after):
            same += 1
            kept += before != after and pairs.way_before(before) == THIS_HOST
        else:
            moved.append(pairs.moved(address, before, after))
    return AsBefore(
        Asked.PART if existing.problem else Asked.ALL,
        existing.configuration,
        asked=len(pairs.after),
        same=same,
        kept=kept,
        moved=tuple(moved),
        unsaid=tuple(unsaid),
        problem=existing.problem,
        output=existing.output,
        notes=existing.notes,
    )


@dataclass(frozen=True, slots=True)
class _Pairs:
    existing: Existing
    after: Answers
    resolver: Resolver
    told: Told

    def answer(self, address: str) -> Answer | None:
        """What the release said. Two of its own names are answered with one line."""
        said = self.after.get(address)
        if said is None and (found := self.resolver.resolve(address)).why in OF_HOST:
            return found.answer
        return said

    def way_before(self, answer: Answer) -> tuple[str, ...]:
        return _way(answer, self.existing.mailers, self.resolver.local_mta, self.ours)

    def way_after(self, answer: Answer) -> tuple[str, ...]:
        return _way(answer, self.ours, self.resolver.local_mta, self.ours)

    @property
    def ours(self) -> Mailers:
        return self.existing.staged_mailers

    def moved(self, address: str, before: Answer, after: Answer) -> Moved:
        found = self.resolver.resolve(address)
        return Moved(address, before, after, _decides(found), self._why(address, before, found))

    def _why(self, address: str, before: Answer, found: Resolution) -> str:
        """What we know of the old way: the host's own name, a finding of the import, its rules."""
        name = address.rpartition("@")[2]
        if name in self.existing.class_w or name in self.told.names:
            where = self.told.names.get(name)
            where = f"class w, {where}" if where else "class w"
            return f"{name} was a name of the host itself ({where}): no line of the table counted."
        for subject in (name, found.key):
            if subject and (said := self.told.findings.get(subject)):
                return f"The import said: {said}"
        if self.told.rules:
            return f"The old configuration routes beside its table: {'; '.join(self.told.rules)}."
        for note in self.existing.notes:
            if NOT_OPEN in note:
                return f"The old configuration could not read all of its own: {note}."
        return ""


def _way(answer: Answer, mailers: Mailers, local_mta: Answer, ours: Mailers) -> tuple[str, ...]:
    mailer, host = answer
    if mailer == ERROR:
        return (ERROR, "".join(host.split()))
    program, arguments = (*mailers.get(mailer, ()), "", "")[:2]
    if program.lower() not in SMTP_PROGRAMS or arguments.split()[:1] == ["FILE"]:
        # Whatever is no TCP is delivered by this host: local, prog, procmail, LMTP on a socket.
        return THIS_HOST if mailer in mailers else (mailer, host)
    way = (_port(arguments), host.rstrip(".").lower())
    _, mta_arguments = (*ours.get(local_mta[0], ()), "", "")[:2]
    if way == (_port(mta_arguments), local_mta[1].rstrip(".").lower()):
        return THIS_HOST
    return way


def _port(arguments: str) -> str:
    """Of `TCP $h 2525`, `TCP $h smtp` and `IPC $h`."""
    words = arguments.split()
    return words[2] if len(words) > 2 and words[2] != "smtp" else str(SMTP_PORT)


def _decides(found: Resolution) -> str:
    if found.key == DEFAULT_KEY:
        return "the line ."
    return f"the line {found.key}" if found.key else str(found.why)


def as_before_to_json(found: AsBefore) -> dict[str, Any]:
    """The stored form; of a long list the first MOST_STORED, with how many there are."""
    return {
        "state": found.state.value,
        "configuration": found.configuration,
        "asked": found.asked,
        "same": found.same,
        "kept": found.kept,
        "differs": len(found.moved),
        "moved": [
            asdict(item) | {"before": list(item.before), "after": list(item.after)}
            for item in found.moved[:MOST_STORED]
        ],
        "silent": len(found.unsaid),
        "unsaid": list(found.unsaid[:MOST_STORED]),
        "problem": found.problem,
        "output": found.output,
        "notes": list(found.notes),
    }


def open_questions(found: Mapping[str, Any] | None) -> tuple[Guard, ...]:
    """What somebody has to take on by name before such a release goes live, of the stored form."""
    if not found:
        return ()
    return tuple(_questions(found))


def _questions(found: Mapping[str, Any]) -> Iterable[Guard]:
    asked, configuration = found["asked"], found["configuration"]
    if found["state"] == Asked.UNKNOWN:
        text = "This host's spool agent is too old to ask the configuration before."
        yield Guard(UNSAID, text, "Nothing shows that mail goes as before: bring the agent up.")
    if found["state"] == Asked.MISSING:
        text = f"There is no {configuration} to ask, and what was imported did route mail."
        yield Guard(UNSAID, text, "Name its place in the agent's file, as existing_cf.")
    if found["differs"]:
        text = f"{found['differs']} of {asked} addresses go another way than {configuration} sent."
        yield Guard(GUARD, text, "Look at each of them in the panel As before.")
    if found["problem"]:
        text = f"{configuration} could not be asked: {found['problem']}."
        yield Guard(UNSAID, text, "Nothing shows that mail goes as before.")
    elif found["silent"]:
        text = f"{configuration} gave no answer for {found['silent']} of {asked} addresses."
        yield Guard(UNSAID, text, "Nothing shows that their mail goes as before.")
