"""A spool over time: one row for each scan, and what is kept of them in longer steps.

Machine telemetry, written without an event. Times are by our clock, when a report came.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from spools.core.series import Grain
from spools.models.spools import Spool


class Sample(models.Model):
    """One scan. `oldest_s` is the age of the oldest message in seconds, 0 where nothing waits, None
    where nobody knows. `arrived` and `departed` are of the `span_s` seconds before; all three are
    None where the agent had no scan before, or its clock was set in between.
    """

    spool = models.ForeignKey(Spool, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    depth = models.PositiveBigIntegerField()
    held = models.PositiveBigIntegerField()
    broken = models.PositiveBigIntegerField()
    bytes = models.PositiveBigIntegerField()
    oldest_s = models.PositiveBigIntegerField(null=True, blank=True)
    arrived = models.PositiveBigIntegerField(null=True, blank=True)
    departed = models.PositiveBigIntegerField(null=True, blank=True)
    span_s = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["spool", "at"], name="sample_once"),
            models.CheckConstraint(
                condition=Q(arrived=None, departed=None, span_s=None)
                | Q(arrived__isnull=False, departed__isnull=False, span_s__gt=0),
                name="sample_flow_has_a_span",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.spool_id} at {self.at:%Y-%m-%d %H:%M:%S}"


class SampleRollup(models.Model):
    """All samples of `grain` seconds from `start` on, always made anew from those.

    `arrived` and `departed` are sums over the `span_s` seconds of which they are known, 0 where
    that is none; the rates are messages a minute, of single scans.
    """

    spool = models.ForeignKey(Spool, on_delete=models.CASCADE, related_name="rollups")
    grain = models.PositiveSmallIntegerField(choices=[(g.value, g.name) for g in Grain])
    start = models.DateTimeField()
    samples = models.PositiveIntegerField()
    depth_min = models.PositiveBigIntegerField()
    depth_max = models.PositiveBigIntegerField()
    depth_avg = models.FloatField()
    oldest_min = models.PositiveBigIntegerField(null=True, blank=True)
    oldest_max = models.PositiveBigIntegerField(null=True, blank=True)
    oldest_avg = models.FloatField(null=True, blank=True)
    bytes_min = models.PositiveBigIntegerField()
    bytes_max = models.PositiveBigIntegerField()
    bytes_avg = models.FloatField()
    held_max = models.PositiveBigIntegerField()
    broken_max = models.PositiveBigIntegerField()
    arrived = models.PositiveBigIntegerField()
    departed = models.PositiveBigIntegerField()
    span_s = models.PositiveBigIntegerField()
    in_min = models.FloatField(null=True, blank=True)
    in_max = models.FloatField(null=True, blank=True)
    out_min = models.FloatField(null=True, blank=True)
    out_max = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["spool", "grain", "start"], name="rollup_once"),
            models.CheckConstraint(
                condition=Q(grain__in=[grain.value for grain in Grain]),
                name="rollup_grain_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.spool_id} from {self.start:%Y-%m-%d %H:%M}, {self.grain} s"
