"""Remove telemetry that nobody will ask for again. What belongs to a push is never removed."""

from datetime import datetime, timedelta

from django.db.models import Model, QuerySet

from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt, ReceivedReport

KEEP_REPORTS = timedelta(days=7)
KEEP_OBSERVATIONS = timedelta(days=1)

LOOKS = (Verb.OBSERVE, Verb.ASK_RCPT, Verb.PROBE, Verb.FLUSH, Verb.RETRY)
"""What they found is kept elsewhere."""

KEEP_LARGE = timedelta(hours=1)
LARGE = (Verb.SCAN, Verb.SURVEY)
"""A scan comes every half minute with all figures of its host: a day of one list server would be
100 MB, kept twice. A survey brings all names."""

# One call's worth, so that a long-neglected table does not hold the database's one writer.
SLICE = 500


def forget_old(*, now: datetime) -> int:
    """Delete received reports and ended observations past their time, at most SLICE of each kind.
    Returns how many rows went."""
    reports, attempts = ReceivedReport.objects, Attempt.objects
    looks, large = ([verb.value for verb in verbs] for verbs in (LOOKS, LARGE))
    past = (
        reports.filter(received_at__lt=now - KEEP_REPORTS),
        reports.filter(verb__in=large, received_at__lt=now - KEEP_LARGE),
        attempts.filter(verb__in=looks, ended_at__lt=now - KEEP_OBSERVATIONS),
        attempts.filter(verb__in=large, ended_at__lt=now - KEEP_LARGE),
    )
    return sum(_delete_slice(rows) for rows in past)


def _delete_slice(rows: QuerySet[Model]) -> int:
    keys = list(rows.values_list("pk", flat=True)[:SLICE])
    return rows.model._default_manager.filter(pk__in=keys).delete()[0] if keys else 0
