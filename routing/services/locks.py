"""The order in which rows are locked, so that no two writers wait for each other.

Mail hosts by id, then relay targets and objects, then pushes by number, and last the head of the
audit trail, which every write takes. A foreign key is checked at the end of a transaction, with
that head in hand: whoever holds a row that others refer to must have locked a mail host before.
"""

from __future__ import annotations

from routing.models import MailHost


def lock_servers() -> None:
    """Until the transaction ends nobody else writes an object, on any server."""
    list(MailHost.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
