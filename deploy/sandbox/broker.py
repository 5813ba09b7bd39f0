"""A private Redis: its configuration, and one user with a password of its own for each agent."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deploy.sandbox.hosts import make_directory, write_file


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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_broker(directory: Path, port: int, rules: Mapping[str, Sequence[str]]) -> Broker:
    """Write the configuration of a Redis with these users (name → ACL rules).

    Passwords are made once and kept, mode 600; users.acl holds only their digests.
    """
    make_directory(directory, 0o700)
    make_directory(directory / "passwords", 0o700)
    lines = ["user default off"]
    for user, given in rules.items():
        digest = sha256(password_of(directory, user).encode()).hexdigest()
        lines.append(f"user {user} on #{digest} {' '.join(given)}")
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
