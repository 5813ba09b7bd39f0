"""`manage.py check_audit`: whether the audit trail is whole and as it was written."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailadmin.audit.models import AuditHead
from mailadmin.audit.queries import first_break


class Command(BaseCommand):
    """Recompute every hash. Exit code 1 when an event was changed, removed or put in between."""

    help = "Check that no audit event was changed, removed or put in between."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say the head's hash, which a site may keep elsewhere, or the first wrong event."""
        broken = first_break()
        if broken is not None:
            raise CommandError(
                f"The audit trail is broken at event #{broken}: it is missing, or not as it was "
                "written. Compare it with a backup of the database."
            )
        head = AuditHead.objects.filter(pk=1).first() or AuditHead()
        self.stdout.write(f"{head.number} events, all as they were written.")
        self.stdout.write(f"head {head.hash or 'none'}")
