"""Whether the control plane works, told to programs."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    """Probes and metrics."""

    name = "mailadmin.health"
    label = "health"
