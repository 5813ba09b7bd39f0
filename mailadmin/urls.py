"""Every address of the site.

Of allauth's only those that this site has a use for: accounts are made by an administrator, so
nobody resets a password by e-mail (an administrator hands over a link), changes an address, or
signs up (that page says so).
"""

from allauth.account import views as account
from django.urls import include, path

from mailadmin.people import views as people

urlpatterns = [
    path("", include("routing.urls")),
    path("", include("spools.urls")),
    path("audit/", include("mailadmin.audit.urls")),
    path("people/", include("mailadmin.people.urls")),
    path("", include("mailadmin.saved.urls")),
    path("", include("mailadmin.health.urls")),
    path("demonstration/", include("mailadmin.demo.urls")),
    path("session/", people.session, name="session"),
    path("", include("mailadmin.ui.urls")),
    path("set-password/", people.set_password, name="set-password"),
    path("set-password/<str:secret>/", people.take_link, name="set-password-link"),
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("account/signup/", account.signup, name="account_signup"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/password/change/", account.password_change, name="account_change_password"),
    path("account/2fa/", include("allauth.mfa.urls")),
]

handler400 = "mailadmin.ui.faults.bad_request"
handler500 = "mailadmin.ui.faults.server_error"
