from __future__ import annotations

from django.urls import path, register_converter

from mailadmin.ui import samples, views


class SampleName:
    """Only the names of sample pages: anything else is 404 before a view runs."""

    regex = "|".join(samples.PAGES)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SampleName, "sample")

urlpatterns = [
    path("", views.overview, name="home"),
    path("live/", views.overview_live, name="overview-live"),
    path("theme/", views.choose_theme, name="theme"),
    path("design/", views.design, name="design"),
    path("design/<sample:name>/", views.design_page, name="design_page"),
]
