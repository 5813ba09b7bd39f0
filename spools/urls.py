"""Addresses of the spools' pages."""

from __future__ import annotations

from django.urls import path

from spools.views import relay_health

urlpatterns = [
    path("relays/<str:name>/health/", relay_health.page, name="relay-health"),
    path("relays/<str:name>/health/live/", relay_health.live, name="relay-health-live"),
    path("relays/<str:name>/maintenance/", relay_health.begin, name="relay-maintenance"),
    path("relays/<str:name>/maintenance/end/", relay_health.end, name="relay-maintenance-end"),
]
