"""Spools as pages show them: a line for each, with its word, its ages and its last day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from routing.models import MailHost
from spools.core.series import Grain, drains_in_s, start_of
from spools.core.standing import RANK, STALE_AFTER, Seen, Standing, standing_of
from spools.models import SampleRollup, Spool, SpoolScan
from spools.queries.relays import servers_with_a_relay_down

SPARK_HOURS = 24


@dataclass(frozen=True, slots=True)
class Watch:
    """How a spool is looked at: the moment, the period of scans, from when on a message is old."""

    now: datetime
    period: timedelta
    old: timedelta

    @property
    def stale_s(self) -> int:
        """Figures that are older than so many seconds are none of now."""
        return round(self.period.total_seconds() * STALE_AFTER)


@dataclass(frozen=True, slots=True)
class SpoolLine:
    """One spool. `oldest_s` and `drains_s` are in seconds as of now; None where nobody knows, and
    of the oldest too where nothing waits. `spark` has the mean depth of each of the last hours,
    None for one without a scan. `is_old`: the oldest waits longer than the site thinks right."""

    row: Spool
    host: str
    standing: Standing
    oldest_s: int | None
    drains_s: int | None
    is_old: bool = False
    spark: tuple[float | None, ...] = ()
    host_error: str = ""

    @property
    def is_stale(self) -> bool:
        """Whether its figures are none of now."""
        return self.standing in (Standing.SILENT, Standing.UNREADABLE, Standing.UNLISTED)

    @property
    def since(self) -> datetime | None:
        """When the figures were taken."""
        return self.row.at

    @property
    def held_or_lost(self) -> int | None:
        """Both together, None while there are no figures."""
        if self.row.held is None or self.row.lost is None:
            return None
        return self.row.held + self.row.lost


def line_of(row: Spool, watch: Watch, *, error: str = "", relay_down: bool = False) -> SpoolLine:
    """A spool as it stands at the moment of the watch; its host is loaded with it."""
    figure_s = None if row.at is None else (watch.now - row.at).total_seconds()
    oldest_s = age_s(row, row.oldest, watch.now)
    seen = Seen(
        listed=row.listed,
        problem=bool(row.problem),
        figure_s=figure_s,
        waiting=row.waiting or 0,
        broken=row.broken or 0,
        oldest_s=oldest_s,
        relay_down=relay_down,
    )
    return SpoolLine(
        row=row,
        host=row.host.name,
        standing=standing_of(
            seen, period_s=watch.period.total_seconds(), old_s=watch.old.total_seconds()
        ),
        oldest_s=oldest_s,
        is_old=oldest_s is not None and oldest_s > watch.old.total_seconds(),
        drains_s=None
        if row.waiting is None
        else drains_in_s(row.waiting, row.in_per_min, row.out_per_min),
        host_error=error,
    )


def age_s(row: Spool, moment: int | None, now: datetime) -> int | None:
    """Seconds since a moment of the agent's clock, by what that clock said at the last scan."""
    if moment is None or row.at is None or row.scan_at is None:
        return None
    since = (now - row.at).total_seconds()
    return max(0, round(row.scan_at - moment + since))


def moment_of(row: Spool, moment: int | None) -> datetime | None:
    """A moment of the agent's clock by ours."""
    if moment is None or row.at is None or row.scan_at is None:
        return None
    return row.at - timedelta(seconds=row.scan_at - moment)


def spool_line(row: Spool, watch: Watch) -> SpoolLine:
    """The same with its last day and what went wrong with its host, for a page of its own."""
    scan = getattr(row.host, "spool_scan", None)
    line = line_of(
        row,
        watch,
        error=scan.error if scan else "",
        relay_down=row.host_id in servers_with_a_relay_down(watch.now),
    )
    return replace(line, spark=_sparks([row], watch.now).get(row.pk, ()))


def list_spools(watch: Watch) -> tuple[SpoolLine, ...]:
    """All spools of hosts in service: what needs a look first, then by host and name."""
    rows = Spool.objects.filter(host__retired_at=None).select_related("host").defer("summary")
    errors = dict(SpoolScan.objects.exclude(error="").values_list("host_id", "error"))
    down = servers_with_a_relay_down(watch.now)
    sparks = _sparks(rows, watch.now)
    lines = [
        replace(
            line_of(
                row,
                watch,
                error=errors.get(row.host_id, ""),
                relay_down=row.host_id in down,
            ),
            spark=sparks.get(row.pk, ()),
        )
        for row in rows
    ]
    return tuple(sorted(lines, key=_place))


def unheard_hosts() -> tuple[tuple[MailHost, SpoolScan | None], ...]:
    """Hosts in service of which no spool is known, with the scan that brought none."""
    hosts = MailHost.in_service.filter(spools=None).select_related("spool_scan")
    return tuple((host, getattr(host, "spool_scan", None)) for host in hosts)


def spool_or_none(host: str, name: str) -> Spool | None:
    """The one that an address names."""
    rows = Spool.objects.select_related("host", "host__spool_scan")
    return rows.filter(host__name=host, name=name).first()


def _place(line: SpoolLine) -> tuple[int, int, str, str]:
    return (RANK[line.standing], line.row.host.position, line.host, line.row.name)


def _sparks(rows: Iterable[Spool], now: datetime) -> Mapping[int, tuple[float | None, ...]]:
    """Of each spool the hours up to this one, in one question."""
    hours = _hours(now)
    found: dict[int, dict[datetime, float]] = defaultdict(dict)
    kept = SampleRollup.objects.filter(
        spool__in=[row.pk for row in rows], grain=Grain.COARSE, start__gte=hours[0]
    )
    for spool, start, depth in kept.values_list("spool", "start", "depth_avg"):
        found[spool][start] = depth
    return {spool: tuple(depths.get(hour) for hour in hours) for spool, depths in found.items()}


def _hours(now: datetime) -> Sequence[datetime]:
    last = start_of(now, Grain.COARSE)
    return [last - timedelta(hours=back) for back in range(SPARK_HOURS - 1, -1, -1)]
