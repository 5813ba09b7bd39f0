from __future__ import annotations

from django.urls import path

from mailadmin.health import views

PROBES = {"healthz": views.alive, "readyz": views.ready, "metrics": views.metrics}
"""By the path below the root, which is their name too."""

urlpatterns = [path(name, view, name=name) for name, view in PROBES.items()]
