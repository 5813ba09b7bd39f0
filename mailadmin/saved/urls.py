"""Addresses of what people keep of lists."""

from django.urls import path

from mailadmin.saved import views

urlpatterns = [
    path("lists/<slug:place>/columns/", views.columns, name="list-columns"),
    path("lists/<slug:place>/filters/", views.save, name="save-filter"),
    path("filters/<uuid:identity>/", views.one, name="saved-filter"),
]
