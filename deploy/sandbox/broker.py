"""A private Redis: its configuration, and one user with a password of its own for each agent."""

from __future__ import annotations

import os
import random
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.hosts import make_directory, write_file
from mailadmin.wire.acl import acl_line

# Below the range from which Linux takes the local ports of outgoing connections.
PORTS = range(20000, 32000)


@dataclass(frozen=True, slots=True)
class Broker:
    """One Redis on 127.0.0.1. `directory` holds redis.conf, users.acl and passwords/USER."""

    directory: Path
    port: int

    @property
    def config(self) -> Path:
        return self.directory / "redis.conf"

    def url(self, user: str) -> str:
        """The address with the name and password of `user`."""
        password = (self.directory / "passwords" / user).read_text().strip()
        return f"redis://{user}:{password}@127.0.0.1:{self.port}/0"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    while not port_is_free(port := random.SystemRandom().choice(PORTS)):
        pass
    return port


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether this user's program could listen on this port of a loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def make_broker(directory: Path, port: int, rules: Mapping[str, Sequence[str]]) -> Broker:
    """Write the configuration of a Redis with these users (name → ACL rules).

    Passwords are made once and kept, mode 600; users.acl holds only their digests.
    """
    make_directory(directory, 0o700)
    make_directory(directory / "passwords", 0o700)
    lines = ["user default off"]
    for user, given in rules.items():
        lines.append(acl_line(user, password_of(directory, user), list(given)))
    write_file(directory / "users.acl", "\n".join(lines) + "\n", 0o600)
    write_file(directory / "redis.conf", redis_conf(directory, port), 0o600)
    return Broker(directory, port)


def password_of(directory: Path, user: str) -> str:
    path = directory / "passwords" / user
    if not path.exists():
        write_file(path, secrets.token_urlsafe(24) + "\n", 0o600)
    return path.read_text().strip()


def redis_conf(directory: Path, port: int) -> str:
    """Nothing is saved: losing all of Redis costs one sweep of the control plane."""
    return f"""bind 127.0.0.1
port {port}
protected-mode yes
save ""
appendonly no
dir {directory}
aclfile {directory}/users.acl
pidfile ""
supervised no
daemonize no
databases 2
"""


def redis_environment() -> dict[str, str]:
    """What a redis-server process may see."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}
