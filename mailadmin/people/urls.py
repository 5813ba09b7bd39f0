"""Addresses of people."""

from django.urls import path

from mailadmin.people import views

urlpatterns = [
    path("", views.people_list, name="people"),
    path("<str:username>/", views.person_roles, name="person"),
]
