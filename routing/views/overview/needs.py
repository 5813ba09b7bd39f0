"""What needs a person: rows of the first page. Their order is told in docs/overview.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum

from django.urls import reverse

from mailadmin.ui.overview import Need
from mailadmin.ui.words import counted
from routing.core.retirement import step_after
from routing.core.states import PushState
from routing.models import ConfigPush
from routing.queries.agents import AgentState
from routing.queries.overview import HostSight, Site
from routing.queries.retirement import Retiring
from routing.views.retire_words import long_day, page_of_retiring, step_word


class Rank(IntEnum):
    """Which comes first among rows of one kind: what may harm mail now, then what holds others."""

    DRIFT = 1
    STOPPED = 2
    SILENT = 3
    FAILED = 4
    KEPT = 5
    LATE = 6
    APPROVAL = 7
    DEPLOY = 8
    EDITS = 9
    RETIRING = 10
    NEVER_HEARD = 11


ANOTHER_RELEASE = 1000
"""Weighs more than any number of files that differ: all of them may."""

PUSH_WORDS = {
    PushState.STOPPED: (
        "bad",
        Rank.STOPPED,
        "stopped half-way",
        "Its hosts take no other push. Retry it, or restore an older revision.",
    ),
    PushState.FAILED: (
        "bad",
        Rank.FAILED,
        "failed",
        "Nothing was switched. See what failed, mend that, and propose again.",
    ),
    PushState.PROVED: (
        "warn",
        Rank.APPROVAL,
        "waits for your approval",
        "sendmail has proved it.",
    ),
    PushState.APPROVED: ("warn", Rank.DEPLOY, "is approved, not live", "It waits for Deploy."),
}
FOR_ALL = frozenset({PushState.STOPPED, PushState.FAILED})
"""Shown to everybody; the others only to who can bring them on."""


def needs(site: Site, no_edit: str) -> Iterator[Need]:
    """All rows, in no order. `no_edit` says why the reader may not propose, "" for who may."""
    for host in site.hosts:
        yield from _silence(host)
        yield from _drift(host)
        yield from _kept(host)
        if site.works and not host.was_heard:
            yield _never_heard(host)
    for push in (*site.pushes, *site.failed):
        yield from _push(push, mine=push.pk in site.mine)
    yield from _retiring(site.due)
    if site.unpushed:
        yield Need(
            id="edits",
            kind="warn",
            fact=f"{counted(site.unpushed, 'edit is', 'edits are')} not on any mail host",
            text="Saved, but mail still goes as before. A push brings them to the hosts.",
            label="Review and propose",
            href=reverse("propose"),
            reason=no_edit,
            rank=Rank.EDITS,
        )


def _silence(host: HostSight) -> Iterator[Need]:
    silent = [a for a in host.agents if a.state in (AgentState.LATE, AgentState.AWAY)]
    if not silent:
        return
    away = any(agent.state is AgentState.AWAY for agent in silent)
    roles = " and ".join(agent.role for agent in silent)
    yield Need(
        id=f"silent-{host.name}",
        kind="bad" if away else "warn",
        fact=f"No news from {host.name}",
        text=f"Its {roles} agent{'s say' if len(silent) > 1 else ' says'} nothing. "
        "What is shown of it is as old as that.",
        label=f"Open {host.name}",
        href=reverse("mail-host", args=[host.name]),
        at=min((agent.seen_at for agent in silent if agent.seen_at), default=None),
        lead="last heard",
        rank=Rank.SILENT if away else Rank.LATE,
    )


def _never_heard(host: HostSight) -> Need:
    text = "Nothing is known of it. Its page says how to install its agents."
    if host.agents:
        text = "Nothing is known of it. Its agents are let in; its page says how to start them."
    return Need(
        id=f"unheard-{host.name}",
        kind="unk",
        fact=f"No agent of {host.name} has spoken yet",
        text=text,
        label=f"Open {host.name}",
        href=reverse("mail-host", args=[host.name]),
        rank=Rank.NEVER_HEARD,
    )


def _drift(host: HostSight) -> Iterator[Need]:
    if not host.differs:
        return
    what = "Another release is live than the last push left."
    if host.drift:
        files = counted(host.drift, "file differs", "files differ")
        what = f"{files} from the last push."
    yield Need(
        id=f"drift-{host.name}",
        kind="bad",
        fact=f"{host.name} does not run what was approved",
        text=f"{what} It takes no push until that is settled.",
        label=f"Compare {host.name}",
        href=reverse("mail-host", args=[host.name]),
        at=host.seen_at,
        lead="seen",
        looked=True,
        rank=Rank.DRIFT,
        weight=host.drift + (ANOTHER_RELEASE if host.moved else 0),
    )


def _kept(host: HostSight) -> Iterator[Need]:
    if not host.kept:
        return
    waits = counted(host.kept, "message waits", "messages wait")
    yield Need(
        id=f"kept-{host.name}",
        kind="warn",
        fact=f"{waits} on {host.name}",
        text="The wrapper keeps what sendmail did not settle.",
        label="Open kept messages",
        href=f"{reverse('mail-host', args=[host.name])}#kept-title",
        at=host.kept_at,
        lead="counted",
        looked=True,
        rank=Rank.KEPT,
        weight=host.kept,
    )


def _retiring(due: Sequence[Retiring]) -> Iterator[Need]:
    """A planned day is a reminder; of several domains one row, which names the first."""
    if not due:
        return
    first, more = due[0], len(due) - 1
    after = step_after(first.step)
    step = step_word(after).lower() if after else "its end"
    words = f" and {more} more are" if more else " is"
    yield Need(
        id="retiring",
        kind="warn",
        fact=f"{first.mark.key}{words} due for the next step of being retired",
        text=f"{step_word(first.step)} now, next {step},"
        f" planned for {long_day(first.mark.next_on)}. Nothing happens by itself.",
        label="Open all of them" if more else f"Open {first.mark.key}",
        href=reverse("retiring-list") if more else page_of_retiring(first),
        rank=Rank.RETIRING,
    )


def _push(push: ConfigPush, *, mine: bool) -> Iterator[Need]:
    state = PushState(push.state)
    if state not in PUSH_WORDS or not (mine or state in FOR_ALL):
        return
    kind, rank, words, then = PUSH_WORDS[state]
    yield Need(
        id=f"push-{push.pk}",
        kind=kind,
        fact=f"Push #{push.pk} {words}",
        text=f"“{push.title}”. {then}",
        label=f"{'Review' if state is PushState.PROVED else 'Open'} push #{push.pk}",
        href=reverse("push", args=[push.pk]),
        at=push.state_at,
        lead="since" if state is PushState.APPROVED else "",
        rank=rank,
    )
