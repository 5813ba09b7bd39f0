"""The thresholds of relay health on this site."""

from __future__ import annotations

from django.conf import settings

from spools.core.health import Thresholds


def rules() -> Thresholds:
    """For how often this site probes."""
    return Thresholds.every(settings.PROBE_SECONDS)
