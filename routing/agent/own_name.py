"""The name of this host, as sendmail finds it when it starts."""

from __future__ import annotations

import socket


def own_name() -> str:
    """What `gethostname` says when that is fully qualified, else the name that it is looked up
    as: on Debian the host name is short, and /etc/hosts has the whole one first."""
    name = socket.gethostname().lower()
    if is_qualified(name):
        return name
    try:
        found = socket.getaddrinfo(name, None, family=socket.AF_INET, flags=socket.AI_CANONNAME)
    except OSError:
        return name
    whole = found[0][3].lower()
    return whole if is_qualified(whole) else name


def is_qualified(name: str) -> bool:
    """Without a dot in its name each start of sendmail sleeps for 60 s."""
    return "." in name.strip(".")
