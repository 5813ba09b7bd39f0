"""The site's addresses, and the list of virtual domains as django.contrib.admin shows it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path

from mailadmin.paging import PAGE_SIZE
from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from routing.models import RoutingObject, VirtualDomain


class OpenSite(admin.AdminSite):
    """Whoever is signed in may look."""

    def has_permission(self, request: HttpRequest) -> bool:
        return True


class Domains(admin.ModelAdmin):
    """The columns, the search and the length of page that our list has."""

    list_display = ("key", "server", "enabled", "note", "changed_by", "changed_at")
    list_select_related = ("server",)
    search_fields = ("key", "note")
    list_per_page = PAGE_SIZE
    ordering: ClassVar = ("key", "pk")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: RoutingObject | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RoutingObject | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RoutingObject | None = None) -> bool:
        return False


site = OpenSite()
site.register(VirtualDomain, Domains)


@requires(Permission.READ)
def peer(request: HttpRequest) -> HttpResponseBase:
    """The admin's list; our own middleware lets no view pass that names no permission."""
    return Domains(VirtualDomain, site).changelist_view(request)


urlpatterns = [
    path("peer/", peer),
    path("admin/", site.urls),
    path("", include("mailadmin.urls")),
]
