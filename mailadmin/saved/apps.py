"""What people keep of lists."""

from django.apps import AppConfig


class SavedConfig(AppConfig):
    """Chosen columns and named filters."""

    name = "mailadmin.saved"
    label = "saved"
