"""What a list server has beside our tables: kept as it was told, with its date."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from routing.models import MailHost, Source, Subject, Survey, SurveyedName

BATCH = 500


@transaction.atomic
def keep_survey(
    *,
    server: MailHost,
    subject: Subject,
    source: Source,
    names: Iterable[str],
    is_whole: bool,
    now: datetime,
) -> Survey:
    """Put what is told now in the place of what was told before.

    `names` are canonical (`normalise_name`, A-labels); `is_whole`: what is not among them is not
    there. Only names that came or went are written.
    """
    told = {*names}
    values = {
        "source": source.value,
        "is_whole": is_whole,
        "told_at": now,
        "total": len(told),
    }
    survey, _ = Survey.objects.update_or_create(
        server=server, subject=subject.value, defaults=values
    )
    before = {*survey.names.values_list("name", flat=True)}
    gone = sorted(before - told)
    for at in range(0, len(gone), BATCH):
        survey.names.filter(name__in=gone[at : at + BATCH]).delete()
    new = (SurveyedName(survey=survey, name=name) for name in sorted(told - before))
    SurveyedName.objects.bulk_create(new, batch_size=BATCH, ignore_conflicts=True)
    return survey
