"""People and their roles."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Custom user, roles, permissions."""

    name = "mailadmin.people"
    label = "people"
