"""What a mail host was seen to run, as the ground of a push: the release, and what lies in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from routing.models import HostState, MailHost, Revision
from routing.queries.revisions import observed_revision


@dataclass(frozen=True, slots=True)
class Ground:
    """`release` is a digest, "" for none; `revision` the one of ours that made it, None when none
    did. `digest` is that of everything in its directory ("": its agent does not say), `damage`
    what of it is not as it was staged.
    """

    release: str
    revision: Revision | None
    digest: str
    damage: tuple[Mapping[str, str], ...]


def seen_ground(host: MailHost) -> Ground | None:
    """As last observed; None where nobody knows what the host runs."""
    state = HostState.objects.filter(host=host).first()
    if state is None or state.live is None:
        return None
    # Since when it is seen is no part of what is seen.
    damage = tuple({k: v for k, v in item.items() if k != "since"} for item in state.drift)
    return Ground(state.live, observed_revision(host), state.ground, damage)
