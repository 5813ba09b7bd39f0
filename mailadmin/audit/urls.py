"""Addresses of the audit trail."""

from django.urls import path

from mailadmin.audit import views

urlpatterns = [path("", views.audit, name="audit")]
