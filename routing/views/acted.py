"""What can be done with ticked rows of each list, and how it is said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from mailadmin.asked import Asked
from mailadmin.ui.words import number
from routing.core.intent import ObjectKind
from routing.queries.effects import effects_without
from routing.queries.host_list import host_words_among, matching_hosts
from routing.queries.objects import FILTERS, matching_versions
from routing.queries.relays import matching_relays, relay_words_among, routes_naming
from routing.queries.tags import words_among
from routing.services.acts import Act, ActPlan
from routing.services.bulk_acts import do_act, plan_act
from routing.services.bulk_host_acts import do_host_act, plan_host_act
from routing.services.bulk_relay_acts import do_relay_act, plan_relay_act
from routing.services.bulk_retirement import STEPS, do_steps, plan_steps
from routing.views.mail_host_page import period
from routing.views.nouns import MAIL_HOSTS, RELAYS, Named, Noun
from routing.views.retire_words import DRAINED


@dataclass(frozen=True, slots=True)
class Words:
    """An act before its rows, when it was done, and what it does to mail. `quiet`: no push has to
    carry it; `ahead`: what its form asks for does not decide which rows it writes; `then` is the
    name of the page to go on to, the list where there is none."""

    verb: str
    done: str
    effect: str = ""
    danger: bool = False
    quiet: bool = False
    ahead: bool = False
    then: str = ""


@dataclass(frozen=True, slots=True)
class Acted:
    """The acts of one list: which there are, which rows an address asks for (ids with versions,
    one more than the limit), what an act would do and does, what becomes of the mail of
    the rows that it writes, or of all that were chosen, and the tags that rows have."""

    noun: Named
    acts: Mapping[Act, Words]
    filters: tuple[str, ...]
    matching: Callable[[Asked, int], dict[UUID, int]]
    plan: Callable[..., ActPlan[Any]]
    do: Callable[..., ActPlan[Any]]
    effects: Callable[[Act, Sequence[Any], Collection[UUID]], tuple[str, ...]]
    has: Callable[[Iterable[UUID]], tuple[str, ...]]


QUIET = "Mail does not change: no mail host gets tags."
TAGGING = {
    Act.NOTE: Words("Set the note of", "noted", "Mail does not change.", quiet=True),
    Act.TAG: Words("Tag", "tagged", QUIET, quiet=True),
    Act.UNTAG: Words("Take tags from", "without them", QUIET, quiet=True),
}
UNDO = Words(
    "Undo the edit of",
    "as live again",
    "It becomes what is live now; what was never live goes away. Mail does not change.",
    quiet=True,
)
OBJECT_ACTS: Mapping[Act, Words] = {
    Act.DISABLE: Words("Disable", "disabled", danger=True),
    Act.DELETE: Words("Delete", "deleted", danger=True),
    Act.ENABLE: Words("Enable", "enabled", "Mail for them then goes by their own keys."),
    **TAGGING,
    Act.SEND: Words(
        "Choose the relay of",
        "sent by the relay",
        "Mail for them then goes by the relay that you choose; a mailer of their own is given up.",
    ),
    Act.UNDO: UNDO,
}
RELAY_ACTS: Mapping[Act, Words] = {
    **TAGGING,
    Act.SWAP: Words("Change a host of", "changed"),
    Act.PORT: Words("Set the port of", "on that port"),
    Act.DELETE: Words("Delete", "deleted", "No route names them, so no mail goes by them.", True),
    Act.UNDO: UNDO,
}


DOMAIN_ACTS: Mapping[Act, Words] = {
    **OBJECT_ACTS,
    Act.DRAIN: Words("Begin to retire", "draining", quiet=True, ahead=True, then="retiring-list"),
}


def objects_acted(noun: Noun) -> Acted:
    """Routing objects of one kind."""

    def matching(asked: Asked, limit: int) -> dict[UUID, int]:
        return matching_versions(noun.kind, asked, limit=limit)

    return Acted(
        noun=noun,
        acts=DOMAIN_ACTS if noun.kind is ObjectKind.VIRTUAL_DOMAIN else OBJECT_ACTS,
        filters=FILTERS,
        matching=matching,
        plan=_plan_objects,
        do=_do_objects,
        effects=_object_effects,
        has=words_among,
    )


def _plan_objects(*, act: Act, **given: Any) -> ActPlan[Any]:
    return plan_steps(act=act, **given) if act in STEPS else plan_act(act=act, **given)


def _do_objects(*, act: Act, **given: Any) -> ActPlan[Any]:
    return do_steps(act=act, **given) if act in STEPS else do_act(act=act, **given)


def _object_effects(act: Act, rows: Sequence[Any], chosen: Collection[UUID]) -> tuple[str, ...]:
    del chosen
    if act in (Act.DISABLE, Act.DELETE):
        return effects_without(rows)
    return DRAINED if act is Act.DRAIN else (OBJECT_ACTS[act].effect,)


def _relay_effects(act: Act, rows: Sequence[Any], chosen: Collection[UUID]) -> tuple[str, ...]:
    del rows
    if act not in (Act.SWAP, Act.PORT):
        return (RELAY_ACTS[act].effect,)
    routes = routes_naming(chosen)
    if not routes:
        return ("No route names them, so no mail goes by them.",)
    count = f"{number(routes)} {'routes name' if routes > 1 else 'route names'}"
    return (f"{count} them: mail for those then goes to what you write here.",)


def _matching_hosts(asked: Asked, limit: int) -> dict[UUID, int]:
    return matching_hosts(asked, limit=limit, now=timezone.now(), period=period())


def _host_effects(act: Act, rows: Sequence[Any], chosen: Collection[UUID]) -> tuple[str, ...]:
    del rows, chosen
    return (TAGGING[act].effect,)


RELAYS_ACTED = Acted(
    RELAYS,
    RELAY_ACTS,
    ("tag",),
    matching_relays,
    plan_relay_act,
    do_relay_act,
    _relay_effects,
    relay_words_among,
)
HOSTS_ACTED = Acted(
    MAIL_HOSTS,
    TAGGING,
    ("tag",),
    _matching_hosts,
    plan_host_act,
    do_host_act,
    _host_effects,
    host_words_among,
)
