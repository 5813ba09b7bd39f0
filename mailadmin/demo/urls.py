from __future__ import annotations

from django.urls import path

from mailadmin.demo import views

urlpatterns = [
    path("", views.demo, name="demo"),
    path("set/", views.demo_set, name="demo-set"),
    path("send/", views.demo_send, name="demo-send"),
]
