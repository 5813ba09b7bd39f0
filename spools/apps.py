"""Spools: what waits on the mail hosts, whether the relay takes it, and the way round."""

from django.apps import AppConfig


class SpoolsConfig(AppConfig):
    """Models, services and pages of spools, relay health and flushes."""

    name = "spools"
    label = "spools"
