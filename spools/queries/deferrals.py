"""What the spool of a list server tells of a relay: how much of its mail it put off."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, Sum

from routing.core.intent import RelayTarget
from routing.core.mailertable import relay_value
from spools.core.health import Deferrals, Thresholds
from spools.core.reasons import is_put_off
from spools.core.run_kind import RunKind
from spools.core.run_states import OPEN_RUN
from spools.core.summary import State
from spools.models import FlushRun, RelayHealth, Spool
from spools.queries.hops import ways_for
from spools.queries.runs import scanned_spool


def deferrals_of(relay: RelayHealth, now: datetime, rules: Thresholds) -> Deferrals | None:
    """Of the listed messages that go by this relay and were tried in the last `stale_s` seconds of
    the last scan, how many it answered with *later*, and of how many: those, and all that left the
    spool meanwhile, which it may have taken.

    None where nobody can say: no scan is young enough, or a run by fallback had its turn, whose
    tries other servers answered. A connection that failed is no answer: the probe sees that itself.
    """
    lately = timedelta(seconds=rules.stale_s)
    spool = scanned_spool(relay.server, now)
    if spool is None or spool.at is None or spool.scan_at is None or _ran(relay, now - lately):
        return None
    tried = spool.messages.filter(
        state=State.WAITING, last_try__gt=spool.scan_at - rules.stale_s
    ).exclude(domains="")
    rows = [(set(names.split()), said) for names, said in tried.values_list("domains", "reason")]
    if sum(is_put_off(said) for _, said in rows) < rules.deferred_least:
        # Too few of all to count: their next hops need not be asked for.
        return None
    mine = _domains_by(relay, set().union(*(names for names, _ in rows)))
    answers = [is_put_off(said) for names, said in rows if names <= mine]
    return Deferrals(sum(answers), len(answers) + _left(spool, spool.at - lately))


def _ran(relay: RelayHealth, since: datetime) -> bool:
    runs = FlushRun.objects.filter(server=relay.server, kind=RunKind.FALLBACK)
    return runs.filter(Q(state__in=OPEN_RUN) | Q(ended_at__gte=since)).exists()


def _domains_by(relay: RelayHealth, domains: set[str]) -> set[str]:
    """Those whose mail the live table hands to this relay."""
    way = relay_value(RelayTarget(relay.relay, relay.name, tuple(relay.hosts), relay.port))
    live = ways_for(relay.server, domains).live
    return {domain for domain in domains if live.get(domain) == way}


def _left(spool: Spool, since: datetime) -> int:
    """Messages that left it since then, whichever way."""
    samples = spool.samples.filter(at__gt=since)
    return int(samples.aggregate(left=Sum("departed"))["left"] or 0)
