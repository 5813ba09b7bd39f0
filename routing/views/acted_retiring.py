"""The steps of retiring many domains at once, as the pages ask about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from mailadmin.asked import Asked
from mailadmin.ui.words import number
from routing.models import RoutingObject
from routing.queries.effects import effects_without
from routing.queries.pending import standing
from routing.queries.retirement_list import matching_retirements
from routing.services.acts import Act
from routing.services.bulk_retirement import do_steps, plan_steps
from routing.views.acted import Acted, Words
from routing.views.nouns import RETIRING
from routing.views.retire_words import A_PUSH, NO_PUSH, WAITING

RETIRING_ACTS: Mapping[Act, Words] = {
    Act.REJECT: Words("Reject mail for", "saved as rejecting", danger=True, ahead=True),
    Act.GONE: Words("Take off their servers", "deleted", danger=True, ahead=True),
    Act.READMIT: Words(
        "Let mail in again for",
        "saved as draining",
        f"Each is a virtual domain again and goes on draining. {A_PUSH}",
        ahead=True,
    ),
    Act.KEEP: Words(
        "Stop retiring",
        "not being retired any more",
        f"They are ordinary domains again. {NO_PUSH}",
        quiet=True,
        ahead=True,
    ),
}
REJECTED = (
    "What Sympa sends to them is then refused at once, and its sender is told the words below."
    f" {A_PUSH}",
    "A member with an address there bounces, and Sympa counts that against the address.",
    "Mail from outside comes by the MX to the MTA, which this table does not decide: take them out"
    " of its class w or relay-domains, and out of the DNS.",
    WAITING,
)


def _effects(act: Act, rows: Sequence[Any], chosen: Collection[UUID]) -> tuple[str, ...]:
    del chosen
    if act is Act.REJECT:
        return REJECTED
    if act is Act.GONE:
        return (*_too_soon(rows), *effects_without(rows), A_PUSH)
    return (RETIRING_ACTS[act].effect,)


def _too_soon(rows: Sequence[RoutingObject]) -> tuple[str, ...]:
    """Of how many nobody was told yet that they are gone: their refusal is not live."""
    edits = standing().edits
    early = sum(row.pk in edits for row in rows)
    if not early:
        return ()
    said = "is not live as rejecting" if early == 1 else "are not live as rejecting"
    return (
        f"{number(early)} of them {said} yet: nobody was told that they are gone. Bring that live"
        " first, and give senders some time.",
    )


def _matching(asked: Asked, limit: int) -> dict[UUID, int]:
    return matching_retirements(asked, today=timezone.localdate(), limit=limit)


def _no_tags(identities: Iterable[UUID]) -> tuple[str, ...]:
    del identities
    return ()


RETIRING_ACTED = Acted(
    noun=RETIRING,
    acts=RETIRING_ACTS,
    filters=("server",),
    matching=_matching,
    plan=plan_steps,
    do=do_steps,
    effects=_effects,
    has=_no_tags,
)
