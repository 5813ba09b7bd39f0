"""A mail host as its page shows it: facts, live release, releases, drift, kept mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from routing.core.drift import meanwhile
from routing.core.facts import HostFacts
from routing.core.states import PushState, TargetState
from routing.models import HostState, MailHost, PushTarget, Revision
from routing.queries.agents import SILENT, AgentLine, agents_by_host
from routing.queries.edits import host_edits
from routing.queries.revisions import (
    live_revision,
    live_target,
    observed_revision,
    running_revision,
)


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """A release on the host, with the revision and the push that made it (0: none of ours).

    `was_live`: it was confirmed once, so it can come back.
    """

    digest: str
    built_at: datetime | None
    is_live: bool
    is_last_good: bool
    revision: Revision | None
    push: int
    was_live: bool
    touched: bool
    """Somebody changed files of it while it was live: it is kept to be looked at."""


@dataclass(frozen=True, slots=True)
class HostSummary:
    """A line of the list. `live` is None before the first observation, "" for no release."""

    host: MailHost
    agents: tuple[AgentLine, ...]
    live: str | None
    revision: int | None
    drift: str
    observed_at: datetime | None
    kept_total: int | None

    @property
    def is_silent(self) -> bool:
        """An agent of it said nothing for too long: what is known of it is old."""
        return any(agent.state in SILENT for agent in self.agents)

    @property
    def pick(self) -> str:
        """What its tick sends: its id and the version shown."""
        return f"{self.host.pk.hex}.{self.host.version}"


@dataclass(frozen=True, slots=True)
class DriftLine:
    """One thing that is not as it was staged, and since when that is seen."""

    file: str
    text: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class TurnedLink:
    """`current` leads elsewhere than our record says: to `now` ("" for no release).

    `revision` is the one of ours that made it, None when none did.
    """

    now: str
    revision: Revision | None
    wanted: Revision


@dataclass(frozen=True, slots=True)
class HostPage:
    """Everything about one mail host.

    `meanwhile` is what happens to mail while drift stands, `otherwise` the lines that another live
    table has more (+) or less (-) than the one of our record, `edits` how many saved edits are not
    live; both are counted where something drifted only.
    """

    summary: HostSummary
    facts: HostFacts | None
    last_good: str | None
    releases: tuple[ReleaseLine, ...]
    drift: tuple[DriftLine, ...]
    meanwhile: str
    otherwise: tuple[str, ...]
    edits: int
    kept: tuple[Mapping[str, Any], ...]
    kept_at: datetime | None
    error: str
    live_by_record: Revision | None
    live_target: PushTarget | None
    open_pushes: tuple[tuple[int, str], ...]
    turned: TurnedLink | None

    @property
    def live_files(self) -> tuple[tuple[str, str], ...]:
        """Name and digest of each file of the live release, as the host reported them staged."""
        target = self.live_target
        if target is None or self.summary.live != target.revision.digest:
            return ()
        return tuple(sorted((target.manifest or {}).get("files", {}).items()))


def host_page(name: str, *, now: datetime, period: timedelta) -> HostPage | None:
    """One mail host, None when there is none of that name."""
    host = MailHost.objects.select_related("state").filter(name=name).first()
    if host is None:
        return None
    state, target, turned = state_of(host), live_target(host), turned_link(host)
    held = PushTarget.objects.filter(host=host, holds_host=True).order_by("push")
    summary = summary_of(host, agents_by_host(now=now, period=period).get(host.name, ()))
    return HostPage(
        summary=summary,
        facts=state.host_facts if state else None,
        last_good=state.last_good if state else None,
        releases=_releases(host, state),
        drift=_lines(state),
        meanwhile=meanwhile(state.drift) if state and state.drift else "",
        otherwise=tuple(state.otherwise) if state else (),
        edits=len(host_edits(host).edits) if turned or (state and state.drift) else 0,
        kept=tuple(_kept(item) for item in state.kept) if state else (),
        kept_at=state.spool_at if state else None,
        error=state.error if state else "",
        live_by_record=target.revision if target else None,
        live_target=target,
        open_pushes=tuple(held.values_list("push", "push__state")),
        turned=turned,
    )


def _lines(state: HostState | None) -> tuple[DriftLine, ...]:
    return tuple(
        DriftLine(item["file"], item["text"], _moment(item.get("since")))
        for item in (state.drift if state else ())
    )


def turned_link(host: MailHost) -> TurnedLink | None:
    """What somebody has switched by hand; None while a push does, and where nothing is known."""
    state = state_of(host)
    if not host.is_list_server or state is None or state.live is None:
        return None
    held = PushTarget.objects.filter(host=host, push__state=PushState.DEPLOYING)
    wanted = running_revision(host)
    if wanted is None or state.live == wanted.digest or held.exists():
        return None
    return TurnedLink(state.live, observed_revision(host), wanted)


def state_of(host: MailHost) -> HostState | None:
    """What was observed, None before the first observation."""
    return getattr(host, "state", None)


def summary_of(host: MailHost, agents: tuple[AgentLine, ...]) -> HostSummary:
    """What a line of the list says of a mail host."""
    state = state_of(host)
    revision = live_revision(host) if host.is_list_server else None
    return HostSummary(
        host=host,
        agents=agents,
        live=state.live if state else None,
        revision=revision.number if revision else None,
        drift=_drift(host, state),
        observed_at=state.deploy_at if state else None,
        kept_total=state.kept_total if state else None,
    )


def _drift(host: MailHost, state: HostState | None) -> str:
    if state is None or state.live is None or state.deploy_at is None:
        return "unknown"
    return "drift" if state.drift or turned_link(host) else "none"


def _releases(host: MailHost, state: HostState | None) -> tuple[ReleaseLine, ...]:
    """Newest first, as the host reported them, with what our record knows of each."""
    if state is None:
        return ()
    known = _targets_by_digest(host)
    left = PushTarget.objects.filter(host=host).exclude(damage=[]).values_list("base", flat=True)
    touched = frozenset(left)
    lines = [_release(item, state, known.get(item["digest"]), touched) for item in state.releases]
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(lines, key=lambda line: line.built_at or oldest, reverse=True))


def _targets_by_digest(host: MailHost) -> dict[str, PushTarget]:
    """The newest confirmed target of each release of a host, else the newest of all."""
    rows = (
        PushTarget.objects.filter(host=host)
        .select_related("revision")
        .defer("answers", "proof", "plan", "revision__intent", "revision__bundle")
    )
    ordered = sorted(rows, key=lambda row: (row.state == TargetState.CONFIRMED, row.pk))
    return {row.revision.digest: row for row in ordered}


def _release(
    item: Mapping[str, Any], state: HostState, target: PushTarget | None, touched: frozenset[str]
) -> ReleaseLine:
    return ReleaseLine(
        digest=item["digest"],
        built_at=_moment(item.get("built_at")),
        is_live=item["digest"] == state.live,
        is_last_good=item["digest"] == state.last_good,
        revision=target.revision if target else None,
        push=target.push_id if target else 0,
        was_live=target is not None and target.state == TargetState.CONFIRMED,
        touched=item["digest"] in touched,
    )


def _kept(item: Mapping[str, Any]) -> dict[str, Any]:
    """One kept message with its moment readable by a page."""
    return {**item, "at": _moment(item.get("at"))}


def _moment(value: Any) -> datetime | None:
    """Seconds since the epoch or ISO text as a moment; None for anything else, and for 0."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return datetime.fromtimestamp(float(value), UTC) if value else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None
