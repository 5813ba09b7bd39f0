"""The settings of tests with django.contrib.admin beside our pages: what they are compared with."""

from tests.settings import *  # noqa: F403  # Django takes settings from one module
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]
ROOT_URLCONF = "bench.admin_urls"
SILENCED_SYSTEM_CHECKS = ["admin.E403", "admin.E404", "admin.E408", "admin.E409", "admin.E410"]
