"""What each step of retiring a domain is called, what it does to mail, and what else is to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from routing.core.intent import ObjectKind
from routing.core.retirement import ORDER, RetireStep, step_after, step_before
from routing.models import MailHost, RoutingObject
from routing.queries.edits import object_value
from routing.queries.effects import effect_with, effect_without
from routing.queries.retirement import Retiring
from routing.views.nouns import DOMAINS, NOUNS, ROUTES

WAITING = "The page of each says how much mail waits for it in the spools."
NO_PUSH = "No file of a mail host changes, so it needs no push."
A_PUSH = "It is saved at once, and live when a push with it is."
DRAINED = (
    f"Mail for them goes as before. {NO_PUSH}",
    "Meanwhile close their lists in Sympa, so that nothing new begins.",
    WAITING,
)


@dataclass(frozen=True, slots=True)
class Question:
    """A step before it is taken. `commands` are texts to copy, each with what it is for; `facts` is
    what is so now."""

    title: str
    button: str
    effects: tuple[str, ...]
    commands: tuple[tuple[str, str], ...] = ()
    facts: tuple[Mapping[str, object], ...] = ()
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One step on the card: status done, live, waits, left (still live) or todo."""

    status: str
    title: str
    text: str
    note: str = ""
    at: datetime | None = None
    push: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A page that asks; `kind` is the class of its button."""

    href: str
    label: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """The retirement on the page of its object. `stray`: it stands at no step."""

    lines: tuple[Line, ...]
    acts: tuple[Link, ...]
    facts: tuple[Mapping[str, object], ...]
    stray: bool


def question_of(
    server: MailHost,
    key: str,
    row: RoutingObject | None,
    retiring: Retiring | None,
    to: RetireStep,
) -> Question:
    """What is asked before a domain goes to a step."""
    here = retiring.step if retiring else RetireStep.MANAGED
    if to is here and to is not RetireStep.GONE and retiring is not None:
        words = f"Change the plan for {key}"
        return Question(words, "Save the plan", (_planned(to),), facts=_facts(retiring))
    ahead = here is None or ORDER.index(to) > ORDER.index(here)
    asked = _ahead(server, key, row, retiring, to) if ahead else _behind(server, key, row, to)
    return replace(asked, facts=_facts(retiring) if retiring else ())


def _planned(step: RetireStep) -> str:
    if step is RetireStep.REJECTING:
        return f"Other words for senders are an edit of its line. {A_PUSH}"
    return f"Only the reminder and the note change. {NO_PUSH}"


def _ahead(
    server: MailHost, key: str, row: RoutingObject | None, retiring: Retiring | None, to: RetireStep
) -> Question:
    if to is RetireStep.DRAINING:
        drain = (
            f"Mail for {key} goes as before. {NO_PUSH}",
            f"Meanwhile close its lists in Sympa on {server.name}, so that nothing new begins.",
        )
        command = (("Close one list there:", f"sympa close LIST@{key}"),)
        return Question(f"Begin to retire {key}", f"Drain {key}", drain, command)
    if to is RetireStep.REJECTING:
        effects = (
            f"What Sympa on {server.name} sends to {key} is then refused at once, and its sender"
            f" is told the words below. {A_PUSH}",
            "A member with an address there bounces, and Sympa counts that against the address.",
            f"Mail from outside comes by the MX to the MTA of {server.name}, which this table does"
            f" not decide: take {key} out of its class w or relay-domains, and out of the DNS.",
        )
        return Question(f"Reject mail for {key}", f"Reject mail for {key}", effects, danger=True)
    return Question(
        f"Take {key} off {server.name}",
        f"Delete {key}",
        tuple(_deleted(server, key, row, retiring)),
        danger=True,
    )


def _deleted(
    server: MailHost, key: str, row: RoutingObject | None, retiring: Retiring | None
) -> Iterator[str]:
    if retiring and not retiring.is_live:
        yield (
            f"Rejecting is not live on {server.name} yet: nobody was told that {key} is gone."
            " Bring it live first, and give senders some time."
        )
    if row is not None:
        yield effect_without(server, key, row.pk)
    yield f"{A_PUSH} Its history stays, and it can be taken back from its page."


def _behind(server: MailHost, key: str, row: RoutingObject | None, to: RetireStep) -> Question:
    if to is RetireStep.MANAGED:
        effects = (f"{key} is an ordinary virtual domain again. {NO_PUSH}",)
        return Question(f"Stop retiring {key}", f"Keep {key}", effects)
    if to is RetireStep.DRAINING:
        effects = (f"{_as_domain(server, key, row)} {A_PUSH}",)
        return Question(f"Let mail for {key} in again", f"Let mail for {key} in again", effects)
    effects = (f"{key} stands in the table of {server.name} again and refuses mail. {A_PUSH}",)
    return Question(f"Take {key} back", f"Reject mail for {key} again", effects)


def _as_domain(server: MailHost, key: str, row: RoutingObject | None) -> str:
    if row is None:
        return f"{key} is a virtual domain of {server.name} again."
    domain = replace(
        object_value(row),
        kind=ObjectKind.VIRTUAL_DOMAIN,
        relay_target=None,
        mailer="",
        next_hop="",
    )
    return effect_with(server, domain)


def said_of(key: str, server: str, to: RetireStep) -> str:
    """What the next page says when it was done."""
    match to:
        case RetireStep.MANAGED:
            return f"{key} is not being retired any more."
        case RetireStep.DRAINING:
            return f"{key} is draining: its lists are to be closed, its mail goes as before."
        case RetireStep.REJECTING:
            return f"The rejection of {key} is saved. {server} goes on as before until a push."
        case RetireStep.GONE:
            return f"{key} is deleted. {server} goes on as before until a push."


TITLES: Mapping[RetireStep, str] = {
    RetireStep.DRAINING: "Draining",
    RetireStep.REJECTING: "Rejecting",
    RetireStep.GONE: "Gone",
}
ON: Mapping[RetireStep, str] = {
    RetireStep.DRAINING: "Drain it…",
    RetireStep.REJECTING: "Reject its mail…",
    RetireStep.GONE: "Take it off the server…",
}
BACK: Mapping[RetireStep, str] = {
    RetireStep.MANAGED: "Stop retiring it…",
    RetireStep.DRAINING: "Let its mail in again…",
    RetireStep.REJECTING: "Take it back…",
}


def card_of(retiring: Retiring) -> Card:
    """The card on the page of its object."""
    return Card(
        lines=tuple(_line(retiring, of) for of in TITLES),
        acts=tuple(_acts(retiring)),
        facts=_facts(retiring),
        stray=retiring.step is None,
    )


def _acts(retiring: Retiring) -> Iterator[Link]:
    step = retiring.step
    after, before = step_after(step), step_before(step)
    if after:
        yield Link(href_of(retiring, after), ON[after], "btn-primary")
    if before:
        yield Link(href_of(retiring, before), BACK[before])
    if step in (RetireStep.DRAINING, RetireStep.REJECTING):
        yield Link(href_of(retiring, step), "Change the plan…")


def href_of(retiring: Retiring, to: RetireStep) -> str:
    """The page that asks before a step."""
    noun = DOMAINS if retiring.kind is ObjectKind.VIRTUAL_DOMAIN else ROUTES
    return f"{noun.href('retire', retiring.mark.key, retiring.server)}&to={to}"


def page_of_retiring(retiring: Retiring) -> str:
    """The page of its object, there or deleted."""
    return NOUNS[retiring.kind].href("page", retiring.mark.key, retiring.server)


def _line(retiring: Retiring, of: RetireStep) -> Line:
    step, live = retiring.step, retiring.live
    here = ORDER.index(step) if step else 0
    title, text = TITLES[of], _text(retiring, of)
    if of is step and retiring.is_live:
        at = retiring.live_at or retiring.mark.step_at
        note = "begun" if of is RetireStep.DRAINING else f"live on {retiring.server}"
        return Line("live", title, text, note, at)
    if of is step:
        note = f"not live on {retiring.server}; saved"
        return Line("waits", title, text, note, retiring.mark.step_at, retiring.push)
    if of is live and ORDER.index(of) > here:
        return Line("left", title, text, f"still live on {retiring.server}, until a push")
    if of is live:
        return Line("done", title, text, f"still what {retiring.server} runs")
    return Line("done" if ORDER.index(of) < here else "todo", title, text)


def _text(retiring: Retiring, of: RetireStep) -> str:
    if of is RetireStep.DRAINING:
        return "Its lists are to be closed in Sympa; its mail goes as before."
    if of is RetireStep.REJECTING:
        words = f": {retiring.text}" if retiring.step is of else ""
        return f"What is sent to it is refused with a text{words}."
    return f"Its line leaves the table of {retiring.server}."


def _facts(retiring: Retiring) -> tuple[Mapping[str, object], ...]:
    mark = retiring.mark
    return (
        {"label": "Began", "value": f"by {mark.began_by}", "at": mark.began_at},
        {"label": "Next step", "value": long_day(mark.next_on), "missing": "No day is chosen."},
        {
            "label": "Mail waiting",
            "missing": "No list server has said yet what waits in its spool.",
        },
        {"label": "Note", "value": mark.note, "missing": "Nothing is noted."},
    )


def step_word(step: RetireStep | None) -> str:
    """A step in one word."""
    return TITLES.get(step, "Managed") if step else "Another route"


def long_day(day: date | None) -> str:
    """A day in words, "" for none."""
    return f"{day:%-d %B %Y}" if day else ""
