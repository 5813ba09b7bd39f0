"""Faults of the settings of this app, told by `manage.py check` and at a worker's start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from routing.core.dns.places import is_address
from routing.services.dns.resolver import check_servers


def dns_settings(**_: Any) -> list[CheckMessage]:
    """Every fault of the MAILADMIN_DNS_ variables at once."""
    problems: list[CheckMessage] = [
        Error(f"MAILADMIN_DNS_SERVERS: {text}", id="routing.E001")
        for text in check_servers(settings.DNS_SERVERS)
    ]
    numbers = {
        "MAILADMIN_DNS_SECONDS": settings.DNS_SECONDS,
        "MAILADMIN_DNS_HOURS": settings.DNS_HOURS,
        "MAILADMIN_DNS_SLICE": settings.DNS_SLICE,
    }
    problems += [
        Error(f"{name} must be above 0, not {value}.", id="routing.E002")
        for name, value in numbers.items()
        if value <= 0
    ]
    for text in settings.DNS_SOURCES:
        name, _, rest = text.partition("=")
        if not name.strip() or not rest.split() or not all(map(is_address, rest.split())):
            hint = "Write smtp1=192.0.2.1 2001:db8::1, entries separated by commas."
            fault = f"MAILADMIN_DNS_SOURCES: {text!r} is no host with addresses."
            problems.append(Error(fault, hint=hint, id="routing.E003"))
    return problems
