"""The audit trail."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Events in one total order."""

    name = "mailadmin.audit"
    label = "audit"
