"""Addresses of the spools' pages."""

from __future__ import annotations

from django.urls import path

from spools.views import chart, fallback, message, relay_health, spool_list, spool_page
from spools.views.flush_run import flush_cancel, flush_run
from spools.views.flush_start import flush_start, retry_start

SPOOL = "spools/<str:host>/<str:name>"

urlpatterns = [
    path("spools/", spool_list.list_all, name="spool-list"),
    path("spools/live/", spool_list.live, name="spools-live"),
    path(f"{SPOOL}/", spool_page.page, name="spool"),
    path(f"{SPOOL}/live/", spool_page.live, name="spool-live"),
    path(f"{SPOOL}/series/", chart.series, name="spool-series"),
    path(f"{SPOOL}/numbers/", chart.numbers, name="spool-numbers"),
    path(f"{SPOOL}/messages/<str:queue_id>/", message.page, name="spool-message"),
    path(f"{SPOOL}/messages/<str:queue_id>/live/", message.live, name="spool-message-live"),
    path("fallback/", fallback.list_all, name="fallback-list"),
    path("fallback/live/", fallback.list_live, name="fallback-list-live"),
    path("fallback/<str:host>/", fallback.page, name="fallback"),
    path("fallback/<str:host>/live/", fallback.live, name="fallback-live"),
    path("fallback/<str:host>/policy/", fallback.edit, name="fallback-edit"),
    path("fallback/<str:host>/policy/confirm/", fallback.confirm, name="fallback-confirm"),
    path("fallback/<str:host>/policy/drop/", fallback.drop, name="fallback-drop"),
    path("fallback/<str:host>/run/", fallback.confirm_run, name="fallback-run"),
    path("fallback/<str:host>/not-now/", fallback.not_now, name="fallback-not-now"),
    path("relays/<str:name>/health/", relay_health.page, name="relay-health"),
    path("relays/<str:name>/health/live/", relay_health.live, name="relay-health-live"),
    path("relays/<str:name>/maintenance/", relay_health.begin, name="relay-maintenance"),
    path("relays/<str:name>/maintenance/end/", relay_health.end, name="relay-maintenance-end"),
    path("fallback/<str:name>/flush/", flush_start, name="flush-start"),
    path("fallback/<str:name>/retry/", retry_start, name="retry-start"),
    path("fallback/<str:name>/runs/<int:number>/", flush_run, name="flush-run"),
    path("fallback/<str:name>/runs/<int:number>/cancel/", flush_cancel, name="flush-cancel"),
]
