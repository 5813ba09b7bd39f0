"""The listed messages of a spool: a whole list, or what changed in the one that we have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spools.core.facts import domain_of
from spools.core.reasons import fold
from spools.core.summary import MessageRow, SpoolReport
from spools.models import Spool, SpooledMessage

VALUES = (
    "state",
    "created",
    "last_try",
    "tries",
    "bytes",
    "sender",
    "recipients",
    "recipients_total",
    "domains",
    "reason",
    "folded",
)
SLICE = 500


def apply_list(row: Spool, report: SpoolReport) -> str:
    """Make the rows those that the report names, and return the token of what we have then.

    A change to a list that we do not have is left: without a token the whole one comes next.
    """
    if report.base and report.base != row.token:
        return ""
    gone = _not_in(row, report.messages) if not report.base else _named(row, report.gone)
    for at in range(0, len(gone), SLICE):
        SpooledMessage.objects.filter(pk__in=gone[at : at + SLICE]).delete()
    # Once each: PostgreSQL refuses a statement that would write a row twice.
    listed = {(message.place, message.queue_id): message for message in report.messages}
    SpooledMessage.objects.bulk_create(
        [_message(row, message) for message in listed.values()],
        batch_size=SLICE,
        update_conflicts=True,
        unique_fields=["spool", "place", "queue_id"],
        update_fields=VALUES,
    )
    return report.token


def unlist(rows: Iterable[Spool]) -> None:
    """Spools that their agent no longer looks at: figures stay, who wrote to whom does not."""
    gone = [row.pk for row in rows if row.listed]
    Spool.objects.filter(pk__in=gone).update(listed=False, token="")
    SpooledMessage.objects.filter(spool__in=gone).delete()


def _not_in(row: Spool, messages: Iterable[MessageRow]) -> Sequence[int]:
    keys = {(message.place, message.queue_id) for message in messages}
    return [pk for pk, place, name in _there(row) if (place, name) not in keys]


def _named(row: Spool, keys: Sequence[str]) -> Sequence[int]:
    wanted = set(keys)
    return [pk for pk, place, name in _there(row) if f"{place}/{name}" in wanted] if wanted else []


def _there(row: Spool) -> Iterable[tuple[int, str, str]]:
    return row.messages.order_by().values_list("pk", "place", "queue_id")


def _message(row: Spool, message: MessageRow) -> SpooledMessage:
    named = (domain_of(address) for address in message.recipients)
    domains = dict.fromkeys(domain for domain in named if domain)
    return SpooledMessage(
        spool=row,
        queue_id=message.queue_id,
        place=message.place,
        state=message.state.value,
        created=message.created,
        last_try=message.last_try,
        tries=message.tries,
        bytes=message.bytes,
        sender=message.sender,
        recipients="\n".join(" ".join(to.split()) for to in message.recipients),
        recipients_total=message.recipients_total,
        domains=f" {' '.join(domains)} " if domains else "",
        reason=message.reason,
        folded=fold(message.reason),
    )
