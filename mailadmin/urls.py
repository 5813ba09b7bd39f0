"""Every address of the site."""

from allauth.account.views import login, logout
from django.urls import include, path

urlpatterns = [
    path("", include("routing.urls")),
    path("audit/", include("mailadmin.audit.urls")),
    path("people/", include("mailadmin.people.urls")),
    path("", include("mailadmin.ui.urls")),
    path("account/", include("allauth.urls")),
    # After allauth's own, so that these two are the addresses that its names lead to.
    path("sign-in/", login, name="account_login"),
    path("sign-out/", logout, name="account_logout"),
]
