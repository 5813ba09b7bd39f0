from django.apps import AppConfig


class WireConfig(AppConfig):
    name = "mailadmin.wire"
    label = "wire"
    verbose_name = "Orders and reports"
