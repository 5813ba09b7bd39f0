"""Routing: intent, config pushes, and the agents' verbs that carry them out."""

from django.apps import AppConfig
from django.core.checks import register

from routing.checks import dns_settings


class RoutingConfig(AppConfig):
    """Models, services and pages of the routing of list servers."""

    name = "routing"
    label = "routing"

    def ready(self) -> None:
        """Look at the settings before anything runs with them."""
        register(dns_settings)
