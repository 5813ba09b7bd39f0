"""Routing: intent, config pushes, and the agents' verbs that carry them out."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """Models, services and pages of the routing of list servers."""

    name = "routing"
    label = "routing"
