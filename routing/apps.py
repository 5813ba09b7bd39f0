"""Routing: intent, config pushes, and the agents' verbs that carry them out."""

import gc

from django.apps import AppConfig
from django.core.checks import register

from routing.checks import dns_settings

COLLECT_AFTER = (50_000, 20, 50)
"""Python looks for rings of dead objects after 700 new ones; a table makes a million, none of them
in a ring, and half of the time of rendering it went into looking."""


class RoutingConfig(AppConfig):
    """Models, services and pages of the routing of list servers."""

    name = "routing"
    label = "routing"

    def ready(self) -> None:
        """Look at the settings before anything runs with them, and seldom for garbage."""
        gc.set_threshold(*COLLECT_AFTER)
        register(dns_settings)
