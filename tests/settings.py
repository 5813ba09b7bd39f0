"""The site's settings, with what tests need: no HTTPS, a quick password hash, a key of no worth."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("MAILADMIN_SECRET_KEY", "test")
os.environ.setdefault("MAILADMIN_HTTPS", "false")
os.environ.setdefault("MAILADMIN_VAR", str(Path(__file__).resolve().parents[1] / "var"))
# Of this run alone: another one beside it would remove it at its end.
os.environ.setdefault(
    "MAILADMIN_TEST_DATABASE", f"{os.environ['MAILADMIN_VAR']}/tests/{os.getpid()}.sqlite3"
)

from mailadmin.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Tests of the DNS start a server of their own; no other asks anybody.
DNS_CHECKS = False

# Each test client loads the middleware anew: files are looked for when asked for, not listed first.
WHITENOISE_AUTOREFRESH = True
