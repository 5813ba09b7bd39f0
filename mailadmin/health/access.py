"""Who may read the metrics: a program of this machine, or one that knows the token."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

PROXIED = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
"""What a proxy before us sets: then the address of the caller is the proxy's own."""


def may_read(request: HttpRequest) -> bool:
    """Whether the token of the settings is given, or the caller itself is on this machine."""
    return _knows_token(request) or _is_local(request)


def _knows_token(request: HttpRequest) -> bool:
    scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    wanted = str(settings.METRICS_TOKEN)
    if not wanted or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), wanted.encode())


def _is_local(request: HttpRequest) -> bool:
    if any(name in request.META for name in PROXIED):
        return False
    try:
        # A unix socket gives no address; what stands before it is a proxy.
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
