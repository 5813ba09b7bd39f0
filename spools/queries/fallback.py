"""What the fallback policy of a list server looks at, from rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from mailadmin.wire.core.messages import Role
from mailadmin.wire.models import Agent
from routing.core.facts import HostKind
from routing.core.states import PushState
from routing.models import HostState, MailHost, PushTarget
from routing.queries.revisions import running_revision
from spools.core.health import Thresholds
from spools.core.policy import Decision, Policy, Sight, decide
from spools.core.run_kind import RunKind
from spools.models import FallbackPolicy, FallbackQuestion, FlushRun, RelayHealth
from spools.queries.relays import RelaySight, sights
from spools.queries.runs import open_run, scanned_spool

SWITCHING = (PushState.DEPLOYING, PushState.STOPPED)
FRESH_LOOKS = 20
"""What was seen longer ago than so many periods decides nothing."""


def servers() -> list[MailHost]:
    """The list servers in service, in their order."""
    return list(MailHost.in_service.filter(kind=HostKind.LIST_SERVER))


def policy_of(server: MailHost) -> Policy:
    """The policy in force."""
    row = FallbackPolicy.objects.filter(server=server).first()
    return row.policy if row else Policy()


def default_relay(server: MailHost, now: datetime, rules: Thresholds) -> RelaySight | None:
    """The relay that everything without a route goes by."""
    return next((s for s in sights(now, rules, server=server) if s.row.is_default), None)


def sight_of(server: MailHost, now: datetime, rules: Thresholds) -> Sight:
    """Everything that the policy of a list server looks at."""
    relay = default_relay(server, now, rules)
    waiting, oldest_s = _spool(server, now)
    last_run_s, runs_today = _runs(server, now)
    return Sight(
        relay=relay.row.name if relay else "",
        state=relay.state if relay else RelayHealth().health.state,
        waiting=waiting,
        oldest_s=oldest_s,
        verified=_verified(server, now),
        deploying=PushTarget.objects.filter(
            host=server, holds_host=True, push__state__in=SWITCHING
        ).exists(),
        agent_heard=_heard(server, now),
        running=open_run(server) is not None,
        last_run_s=last_run_s,
        runs_today=runs_today,
    )


def decision_of(server: MailHost, now: datetime, rules: Thresholds) -> Decision:
    """What the policy says now."""
    return decide(policy_of(server), sight_of(server, now, rules))


def open_question(server: MailHost) -> FallbackQuestion | None:
    """What people are asked, None while nothing is."""
    return FallbackQuestion.objects.filter(server=server, answer="").first()


def _spool(server: MailHost, now: datetime) -> tuple[int | None, int | None]:
    """Messages that wait and the age of the oldest, None where the spool was not scanned lately."""
    row = scanned_spool(server, now)
    if row is None or row.at is None or row.scan_at is None:
        return None, None
    if row.oldest is None:
        return row.waiting, None
    # The age at the scan is by the agent's clock alone; since then ours has run.
    return row.waiting, row.scan_at - row.oldest + int((now - row.at).total_seconds())


def _runs(server: MailHost, now: datetime) -> tuple[int | None, int]:
    """Seconds since the last run ended, and how many began in 24 hours."""
    runs = FlushRun.objects.filter(server=server, kind=RunKind.FALLBACK)
    last = runs.exclude(ended_at=None).order_by("-ended_at").first()
    ago = None if last is None or last.ended_at is None else (now - last.ended_at).total_seconds()
    today = runs.filter(started_at__gt=now - timedelta(hours=24)).count()
    return None if ago is None else max(0, int(ago)), today


def _verified(server: MailHost, now: datetime) -> bool | None:
    """Whether the live release is the confirmed one of our record, whole."""
    state, revision = HostState.objects.filter(host=server).first(), running_revision(server)
    late = now - timedelta(seconds=settings.OBSERVE_SECONDS * FRESH_LOOKS)
    if state is None or state.deploy_at is None or state.deploy_at < late:
        return None
    if revision is None:
        return False
    whole = not state.drift and not state.error
    return whole and state.live == state.last_good == revision.digest


def _heard(server: MailHost, now: datetime) -> bool | None:
    agent = Agent.objects.filter(host_name=server.name, role=Role.SPOOL, disabled=False).first()
    if agent is None or agent.last_seen_at is None:
        return None
    late = now - timedelta(seconds=settings.OBSERVE_SECONDS * FRESH_LOOKS)
    return agent.last_seen_at >= late
