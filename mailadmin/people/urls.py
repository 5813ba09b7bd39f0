"""Addresses of people."""

from django.urls import path

from mailadmin.people import views

urlpatterns = [
    path("", views.people_list, name="people"),
    path("~add/", views.person_add, name="person-add"),
    path("<str:username>/", views.person_roles, name="person"),
    path("<str:username>/link/", views.person_link, name="person-link"),
    path("<str:username>/factors/remove/", views.person_factors, name="person-factors"),
    path("<str:username>/close/", views.person_close, name="person-close"),
    path("<str:username>/open/", views.person_open, name="person-open"),
]
