"""The site's settings, with what tests need: no HTTPS, a quick password hash, a key of no worth."""

from __future__ import annotations

import os

os.environ.setdefault("MAILADMIN_SECRET_KEY", "test")
os.environ.setdefault("MAILADMIN_HTTPS", "false")

from mailadmin.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
