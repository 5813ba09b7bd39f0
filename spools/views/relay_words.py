"""What pages say of a relay: sentences, steps, the conversation, the band of a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mailadmin.ui.badges import badge_of
from mailadmin.ui.words import duration, stamp
from spools.core.band import DAY_S, Stretch
from spools.core.health import RelayState
from spools.core.probe import HostProbe, Step, StepName, Trouble
from spools.queries.relays import RelaySight

STEP_WORDS: Mapping[StepName, str] = {
    StepName.RESOLVE: "Name",
    StepName.CONNECT: "Connect",
    StepName.BANNER: "Banner",
    StepName.EHLO: "EHLO",
    StepName.HELO: "HELO",
    StepName.MAIL: "MAIL",
    StepName.RCPT: "RCPT",
    StepName.RSET: "RSET",
    StepName.QUIT: "QUIT",
}
SENTENCES: Mapping[RelayState, str] = {
    RelayState.HEALTHY: "takes mail",
    RelayState.SUSPECT: "may be failing",
    RelayState.DOWN: "does not take mail",
    RelayState.OVERLOADED: "takes mail late or now and then",
    RelayState.RECOVERING: "takes mail again",
    RelayState.MAINTENANCE: "is in maintenance",
    RelayState.UNKNOWN: "is not known",
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """One row of the table of steps. kind: ok, warn, bad, unk."""

    word: str
    ms: int
    code: str
    text: str
    address: str
    kind: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line of a conversation: `sign` is > for us and < for them."""

    sign: str
    code: str
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of the band, in thousandths of its width."""

    x: int
    width: int
    kind: str
    title: str


def sentence(sight: RelaySight, name: str = "") -> str:
    """ "smtp1 does not take mail, because connection refused (76 probes in a row)"."""
    health = sight.health
    said = f"{name or sight.row.name} {SENTENCES[health.state]}"
    if health.state is RelayState.RECOVERING:
        return f"{said}; it was: {_small(health.why)}" if health.why else said
    if not health.why or health.state is RelayState.HEALTHY:
        return said
    if health.state in (RelayState.MAINTENANCE, RelayState.UNKNOWN):
        return f"{said}: {_small(health.why)}"
    row = f" ({health.bad} probes in a row)" if health.bad > 1 else ""
    return f"{said}, because: {_small(health.why)}{row}"


def _small(text: str) -> str:
    """As it goes on after a colon; a code or a name keeps its letters."""
    text = text.rstrip(".")
    plain = text[:1].isupper() and text[1:2].islower()
    return text[:1].lower() + text[1:] if plain else text


def step_lines(probe: HostProbe) -> tuple[StepLine, ...]:
    """The steps in their order."""
    return tuple(_line(step) for step in probe.steps)


def _line(step: Step) -> StepLine:
    code = str(step.code) if step.code else ""
    return StepLine(STEP_WORDS[step.name], step.ms, code, step.text, step.address, _kind(step))


def _kind(step: Step) -> str:
    if step.trouble is Trouble.NO_DNS:
        return "unk"
    if step.trouble or step.code // 100 == 5:
        return "bad"
    return "warn" if step.code // 100 == 4 else "ok"


def conversation(probe: HostProbe) -> tuple[Spoken, ...]:
    """What was said on the line, and how it ended."""
    return tuple(_spoken(probe))


def _spoken(probe: HostProbe) -> Iterator[Spoken]:
    for step in probe.steps:
        if step.said:
            yield Spoken(">", "", step.said, "muted")
        if step.code:
            yield Spoken("<", str(step.code), step.text, _kind(step))
        elif step.trouble or step.name in (StepName.RESOLVE, StepName.CONNECT):
            where = f"{STEP_WORDS[step.name]} {step.address or probe.relay.host}"
            yield Spoken("·", "", f"{where}: {step.text}" if step.text else where, _kind(step))


def pieces(day: tuple[Stretch, ...], now: datetime) -> tuple[Piece, ...]:
    """The band from a day ago to now."""
    begin = int(now.timestamp()) - DAY_S
    return tuple(_piece(stretch, begin) for stretch in day)


def _piece(stretch: Stretch, begin: int) -> Piece:
    x = (stretch.start - begin) * 1000 // DAY_S
    end = (stretch.end - begin) * 1000 // DAY_S
    badge = badge_of("relay", stretch.state)
    since = stamp(datetime.fromtimestamp(stretch.start, UTC))
    title = f"{badge.word} for {duration(stretch.seconds)} from {since}"
    return Piece(
        x, max(1, end - x), badge.kind, f"{title}: {stretch.why}" if stretch.why else title
    )
