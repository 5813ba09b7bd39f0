"""Settings: every value that differs between sites comes from MAILADMIN_* in the environment.

docs/configuration.md lists the variables; a `_FILE` variable names a file that holds a secret.
"""

from __future__ import annotations

from pathlib import Path

import environ
from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

VAR_DIR = Path(env.str("MAILADMIN_VAR", default=str(BASE_DIR / "var")))
DEBUG = env.bool("MAILADMIN_DEBUG", default=False)
DEMO = env.bool("MAILADMIN_DEMO", default=False)
# NAME:PASSWORD:ROLE of each account that the sign-in page lists; only with MAILADMIN_DEMO.
DEMO_ACCOUNTS = env.list("MAILADMIN_DEMO_ACCOUNTS", default=[])
# The state of the sandbox that ./run keeps, whose mail servers the demonstration's page breaks.
DEMO_PLACE = env.str("MAILADMIN_DEMO_PLACE", default="")
SITE_NAME = env.str("MAILADMIN_SITE_NAME", default="mailadmin")
ONE_POSTMASTER = env.bool("MAILADMIN_ONE_POSTMASTER", default=False)


def _secret_key() -> str:
    """The secret from the environment or its file; there is no default to forget in production."""
    try:
        return str(env.str("MAILADMIN_SECRET_KEY"))
    except ImproperlyConfigured as missing:
        raise ImproperlyConfigured(
            "Set MAILADMIN_SECRET_KEY or MAILADMIN_SECRET_KEY_FILE; ./run makes one by itself."
        ) from missing


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.list("MAILADMIN_ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("MAILADMIN_ORIGINS", default=[])
HTTPS = env.bool("MAILADMIN_HTTPS", default=True)
if DEMO and (HTTPS or not LOOPBACK.issuperset(ALLOWED_HOSTS)):
    raise ImproperlyConfigured(
        "Leave MAILADMIN_DEMO out: it is for ./run on one machine. Its passwords are public, and"
        " its page breaks mail servers."
    )

INSTALLED_APPS = [
    "mailadmin.people",
    "mailadmin.audit",
    "mailadmin.wire",
    "mailadmin.saved",
    "mailadmin.health",
    "mailadmin.ui",
    "routing",
    "spools",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "template_partials",
    "tablericons",
    "csp",
]

MIDDLEWARE = [
    "mailadmin.health.middleware.AnswerProbes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "mailadmin.uncached.AskAgain",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mailadmin.ui.faults.NotAllowedPage",
    "mailadmin.nul.RefuseNul",
    "mailadmin.people.middleware.RequirePermission",
]

ROOT_URLCONF = "mailadmin.urls"
WSGI_APPLICATION = "mailadmin.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mailadmin.ui.context.page",
            ],
            "builtins": [
                "django_htmx.templatetags.django_htmx",
                "tablericons.templatetags.tablericons",
                "mailadmin.ui.templatetags.ma",
            ],
        },
    }
]

DATABASES = {
    "default": env.db(
        "MAILADMIN_DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'mailadmin.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Measured with six writing processes: WAL, an immediate write lock and ten seconds of patience
    # give no "database is locked"; a deferred transaction that turns into a write gives many.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # Real workers cannot see an in-memory database.
    DATABASES["default"]["TEST"] = {
        "NAME": env.str("MAILADMIN_TEST_DATABASE", default=str(VAR_DIR / "test.sqlite3"))
    }
else:
    # A connection is kept for a minute and looked at before it is used again: a database that was
    # restarted costs nobody a page. A statement that runs for half a minute helps nobody either.
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    options = DATABASES["default"].setdefault("OPTIONS", {})
    options.setdefault("options", "-c statement_timeout=30s -c lock_timeout=15s")
    # libpq would wait as long as the network does, two minutes, for a machine that is gone.
    options.setdefault("connect_timeout", 5)
ATOMIC_REQUESTS = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "mailadmin.people.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = "/sign-in/"
ACCOUNT_FORMS = {
    "change_password": "mailadmin.people.account_forms.ChangeOwnPassword",
    "reauthenticate": "mailadmin.people.account_forms.ConfirmByPassword",
}
MFA_FORMS = {
    "reauthenticate": "mailadmin.people.account_forms.ConfirmByCode",
    "activate_totp": "mailadmin.people.account_forms.SetUpApp",
    "add_webauthn": "mailadmin.people.account_forms.AddKey",
    "edit_webauthn": "mailadmin.people.account_forms.RenameKey",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

# What each app says in the frame of every page (mailadmin/ui/standing.py).
UI_STANDING = [
    "mailadmin.ui.own_account.standing",
    "routing.views.standing.standing",
    "spools.views.fallback_overview.standing",
]
# What each app says on the first page (mailadmin/ui/overview.py).
UI_OVERVIEW = [
    "spools.views.relay_overview.overview",
    "spools.views.spool_overview.overview",
    "spools.views.fallback_overview.overview",
    "routing.views.overview.part.overview",
    "mailadmin.ui.happened.happened",
]
# What each app knows of a relay target, for its page (mailadmin/ui/relay_notes.py).
UI_RELAY_NOTES = ["spools.views.relay_note.notes"]
# What each app knows of the mail that waits for a routing object (mailadmin/ui/waiting.py).
UI_WAITING = ["spools.views.waiting_note.notes"]

# What each app tells Prometheus (mailadmin/health/metrics.py), and the token that lets a program
# of another machine read it.
METRICS = [
    "mailadmin.health.metrics.own_families",
    "routing.queries.metrics.families",
    "spools.queries.metrics.families",
]
METRICS_TOKEN = env.str("MAILADMIN_METRICS_TOKEN", default="").strip()

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("tabler", BASE_DIR / "node_modules/@tabler/core/dist"),
    ("inter", BASE_DIR / "node_modules/@fontsource-variable/inter"),
    ("uplot", BASE_DIR / "node_modules/uplot/dist"),
    ("jetbrains-mono", BASE_DIR / "node_modules/@fontsource-variable/jetbrains-mono"),
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

BROKER_URL = env.str("MAILADMIN_BROKER_URL", default="redis://127.0.0.1:6379/0")
# In the database, not in Redis: nobody must be kept from signing in by a Redis that is away.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "mailadmin_cache",
    }
}
TICK_SECONDS = env.float("MAILADMIN_TICK_SECONDS", default=2.0)
OBSERVE_SECONDS = env.float("MAILADMIN_OBSERVE_SECONDS", default=15.0)
# How often spool agents are asked for robots and for the names that their MTA takes.
SURVEY_SECONDS = env.float("MAILADMIN_SURVEY_SECONDS", default=3600.0)
# How often spools are scanned, and how long what was found is kept: each scan, steps of five
# minutes, steps of an hour.
SCAN_SECONDS = env.float("MAILADMIN_SCAN_SECONDS", default=30.0)
SERIES_RAW_HOURS = env.float("MAILADMIN_SERIES_RAW_HOURS", default=24.0)
SERIES_FINE_DAYS = env.float("MAILADMIN_SERIES_FINE_DAYS", default=14.0)
SERIES_COARSE_DAYS = env.float("MAILADMIN_SERIES_COARSE_DAYS", default=400.0)
# A spool whose oldest message waits longer needs a person.
OLDEST_MINUTES = env.float("MAILADMIN_OLDEST_MINUTES", default=30.0)
# How often list servers probe their relays, how long one may take, and the recipient that is
# asked for ("": the list server's own postmaster); docs/fallback.md.
PROBE_SECONDS = env.float("MAILADMIN_PROBE_SECONDS", default=30.0)
PROBE_LIMIT_SECONDS = env.int("MAILADMIN_PROBE_LIMIT_SECONDS", default=10)
PROBE_RECIPIENT = env.str("MAILADMIN_PROBE_RECIPIENT", default="")

# A run of the fallback: seconds of one slice (5 to 60), sendmails side by side, and how many of
# them may send to one destination.
FLUSH_SLICE_SECONDS = env.int("MAILADMIN_FLUSH_SLICE_SECONDS", default=30)
FLUSH_RUNNERS = env.int("MAILADMIN_FLUSH_RUNNERS", default=16)
FLUSH_PER_DESTINATION = env.int("MAILADMIN_FLUSH_PER_DESTINATION", default=4)
# The lowest "least age" of a fallback policy: what has waited less is no reason to go past a relay.
FALLBACK_LEAST_MINUTES = env.int("MAILADMIN_FALLBACK_LEAST_MINUTES", default=5)
# What is asked of the DNS, of whom, how long and how often (docs/dns.md).
DNS_CHECKS = env.bool("MAILADMIN_DNS", default=True)
DNS_SERVERS = env.list("MAILADMIN_DNS_SERVERS", default=[])
DNS_SECONDS = env.float("MAILADMIN_DNS_SECONDS", default=4.0)
DNS_HOURS = env.float("MAILADMIN_DNS_HOURS", default=24.0)
DNS_SLICE = env.int("MAILADMIN_DNS_SLICE", default=25)
DNS_SOURCES = env.list("MAILADMIN_DNS_SOURCES", default=[])
DNS_TAKERS = env.list("MAILADMIN_DNS_TAKERS", default=[])
# Nothing else says whether a list server may send past its relay; it is taken that it may.
FALLBACK_ARMED = env.bool("MAILADMIN_FALLBACK_ARMED", default=True)
ORDER_LIFETIME_SECONDS = env.int("MAILADMIN_ORDER_LIFETIME_SECONDS", default=3600)
PUSH_LIFETIME_DAYS = env.int("MAILADMIN_PUSH_LIFETIME_DAYS", default=7)
WIRE_RESEND_AFTER_S = env.float("MAILADMIN_RESEND_SECONDS", default=10.0)
WIRE_BLOB_TTL_S = env.int("MAILADMIN_BLOB_TTL_SECONDS", default=3600)
# Only the control worker is given a readable file here; the web process never signs.
SIGNING_KEY_FILE = env.str("MAILADMIN_SIGNING_KEY", default=str(VAR_DIR / "keys/control.key"))
CONTROL_PUBLIC_KEY_FILE = env.str(
    "MAILADMIN_CONTROL_PUBLIC_KEY", default=str(VAR_DIR / "keys/control.pub")
)

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
