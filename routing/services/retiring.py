"""Take a mail host out of service, back into it, or off the list. Nothing happens on the host."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor, record
from mailadmin.wire.services import revoke_agents
from routing.models import MailHost, Reading, Retirement
from routing.queries.retiring import why_not_remove, why_not_retire
from routing.services.errors import ConflictingEdit, NotAllowed, Side
from routing.services.hosts import happened, host_values


def retire_mail_host(*, identity: UUID, version: int, reason: str, by: Actor) -> None:
    """Ask nothing of it and propose nothing for it any more; its agents' keys are revoked.

    Raises NotAllowed with every reason, ConflictingEdit when somebody changed it meanwhile.
    """
    with transaction.atomic():
        host = MailHost.objects.select_for_update().get(pk=identity)
        if host.retired_at is not None:
            return
        _unchanged(host, version, by)
        reasons = [*why_not_retire(host)]
        if not reason.strip():
            reasons.append("Say why, for whoever looks for it later.")
        if reasons:
            raise NotAllowed(reasons)
        _set_retired(host, retired=True, reason=reason.strip(), by=by)
        revoke_agents(host=host.name, by=by)


def reinstate_mail_host(*, identity: UUID, version: int, by: Actor) -> None:
    """Take it back into service. Its agents are let in with `manage.py keys` as at first."""
    with transaction.atomic():
        host = MailHost.objects.select_for_update().get(pk=identity)
        if host.retired_at is None:
            return
        _unchanged(host, version, by)
        _set_retired(host, retired=False, reason="", by=by)


def remove_mail_host(*, identity: UUID, version: int, by: Actor) -> None:
    """Delete one that nothing was ever proposed for. Raises NotAllowed with every reason."""
    with transaction.atomic():
        host = MailHost.objects.select_for_update().filter(pk=identity).first()
        if host is None:
            return
        _unchanged(host, version, by)
        if reasons := why_not_remove(host):
            raise NotAllowed(reasons)
        revoke_agents(host=host.name, by=by)
        # Of domains that never were live there.
        Retirement.objects.filter(server=host).delete()
        record(by=by, happened=happened(host, "deleted", old=host_values(host)))
        Reading.objects.filter(host=host).delete()
        host.delete()


def _set_retired(host: MailHost, *, retired: bool, reason: str, by: Actor) -> None:
    now = timezone.now()
    MailHost.objects.filter(pk=host.pk).update(
        retired_at=now if retired else None,
        version=host.version + 1,
        changed_at=now,
        changed_by=by.name,
    )
    old, new = {"retired": not retired}, {"retired": retired}
    what = "retired" if retired else "reinstated"
    record(by=by, happened=happened(host, what, old=old, new=new, note=reason))


def _unchanged(host: MailHost, version: int, by: Actor) -> None:
    if host.version == version:
        return
    theirs = Side(host_values(host), host.changed_by, host.changed_at)
    raise ConflictingEdit(host.name, theirs, Side({}, by.name, None))
