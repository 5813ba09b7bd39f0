"""Reads the agent's configuration file, and names everything that is wrong with it at once."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from mailadmin.wire.core.fields import HOST_NAME
from mailadmin.wire.core.messages import Role
from mailadmin.wire.keys import KeyFileError, load_private, load_public
from routing.agent.host import HostConfig
from routing.core.facts import HostKind
from spools.agent.directories import spool_name

DEFAULT_BLOB_TTL_S = 3600

_KNOWN = frozenset(
    {
        "host",
        "role",
        "broker_url",
        "broker_url_file",
        "control_public_key",
        "private_key",
        "state_dir",
        "blob_ttl_s",
        "mail_host",
    }
)


class ConfigError(ValueError):
    """`problems` holds one sentence per fault of the file at `path`."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.path = path
        self.problems = problems


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """One agent. `state_dir` holds its journal; nobody else may read it."""

    host: str
    role: Role
    broker_url: str
    control_public_key: Ed25519PublicKey
    private_key: Ed25519PrivateKey
    state_dir: Path
    host_config: HostConfig
    blob_ttl_s: int = DEFAULT_BLOB_TTL_S


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file says, as far as it can be read, for `mailadmin-agent check`. A path that the
    file does not give is empty."""

    role: Role
    broker_url: str
    state_dir: Path
    private_key: Path
    control_public_key: Path
    host_config: HostConfig | None
    problems: list[str]


def look_at_config(path: Path) -> Looked:
    """Raises ConfigError only when nothing at all can be read."""
    reader = _Reader(path, _read_toml(path))
    config = reader.config()
    return Looked(
        role=reader.role,
        broker_url=reader.broker_url,
        state_dir=reader.state_dir,
        private_key=_given_path(reader.data, "private_key"),
        control_public_key=_given_path(reader.data, "control_public_key"),
        host_config=reader.host_config if config is None else config.host_config,
        problems=reader.problems,
    )


def _given_path(data: Mapping[str, object], name: str) -> Path:
    value = data.get(name)
    return Path(value) if isinstance(value, str) else Path()


def load_config(path: Path) -> AgentConfig:
    """Raises ConfigError."""
    reader = _Reader(path, _read_toml(path))
    config = reader.config()
    if config is None or reader.problems:
        raise ConfigError(path, reader.problems)
    return config


def _read_toml(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"is not TOML: {error}"]) from None


def _twice_named(values: Mapping[str, object]) -> list[str]:
    """The control plane knows a spool by its name."""
    main, others = values.get("spool"), values.get("other_spools")
    paths = [main, *others] if isinstance(others, tuple) else []
    names = Counter(spool_name(path) for path in paths if isinstance(path, Path))
    return [
        f"mail_host.other_spools: {count} spools would be called {name}"
        for name, count in names.items()
        if count > 1
    ]


class _Reader:
    """Reads one file; `problems` grows, the other fields are what `config` found."""

    role: Role
    broker_url: str
    state_dir: Path
    host_config: HostConfig | None

    def __init__(self, path: Path, data: Mapping[str, object]) -> None:
        self.path = path
        self.data = data
        self.problems = [f"{name} is not known" for name in sorted(data.keys() - _KNOWN)]

    def config(self) -> AgentConfig | None:
        host, role = self._host(), self._role()
        broker_url, state_dir = self._broker_url(), self._state_dir()
        control, own = self._control_key(), self._own_key()
        ttl, host_config = self._blob_ttl(), self._host_config(host, state_dir)
        self.role, self.broker_url, self.state_dir = role, broker_url, state_dir
        self.host_config = host_config
        if control is None or own is None or host_config is None:
            return None
        return AgentConfig(host, role, broker_url, control, own, state_dir, host_config, ttl)

    def _host(self) -> str:
        host = self._text(self.data, "host")
        if host and not HOST_NAME.fullmatch(host):
            self.problems.append(
                f"host must be the mail host's name in mailadmin (small letters, digits,"
                f" hyphens), not {host!r}"
            )
        return host

    def _role(self) -> Role:
        role = self._text(self.data, "role")
        if role in set(Role):
            return Role(role)
        if role:
            self.problems.append(f"role must be one of {', '.join(Role)}, not {role!r}")
        return Role.DEPLOY

    def _broker_url(self) -> str:
        if ("broker_url" in self.data) == ("broker_url_file" in self.data):
            self.problems.append("give one of broker_url and broker_url_file")
            return ""
        url, where = self._text_or_file("broker_url")
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            self.problems.append("broker_url must begin with rediss://, redis:// or unix://")
        if "@" in url and where.stat().st_mode & 0o007:
            self.problems.append(f"{where} holds a password and everybody can read it; chmod 640")
        return url

    def _text_or_file(self, name: str) -> tuple[str, Path]:
        if name in self.data:
            return self._text(self.data, name), self.path
        file = self._path(self.data, f"{name}_file")
        try:
            return (file.read_text(encoding="utf-8").strip() if file.name else ""), file
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{name}_file: {file} cannot be read: {error}")
            return "", file

    def _state_dir(self) -> Path:
        directory = self._path(self.data, "state_dir")
        if not directory.name:
            return directory
        if not directory.is_dir():
            self.problems.append(f"state_dir: {directory} is not a directory")
        elif not os.access(directory, os.W_OK | os.X_OK):
            self.problems.append(f"state_dir: this user cannot write to {directory}")
        elif directory.stat().st_mode & 0o077:
            self.problems.append(f"state_dir: others may enter {directory}; chmod 700")
        return directory

    def _control_key(self) -> Ed25519PublicKey | None:
        path = self._path(self.data, "control_public_key")
        try:
            return load_public(path) if path.name else None
        except KeyFileError as error:
            self.problems.append(f"control_public_key: {error}")
            return None

    def _own_key(self) -> Ed25519PrivateKey | None:
        path = self._path(self.data, "private_key")
        try:
            return load_private(path) if path.name else None
        except KeyFileError as error:
            self.problems.append(f"private_key: {error}")
            return None

    def _blob_ttl(self) -> int:
        value = self.data.get("blob_ttl_s", DEFAULT_BLOB_TTL_S)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        self.problems.append(f"blob_ttl_s must be a number of seconds, not {value!r}")
        return DEFAULT_BLOB_TTL_S

    def _host_config(self, host: str, state_dir: Path) -> HostConfig | None:
        table = self.data.get("mail_host")
        if not isinstance(table, dict):
            self.problems.append("the table [mail_host] is missing")
            return None
        before = len(self.problems)
        values: dict[str, object] = {"name": host, "state": state_dir}
        hints = get_type_hints(HostConfig)
        named = (field for field in dataclasses.fields(HostConfig) if field.name not in values)
        fields = {field.name: field for field in named}
        self.problems += [f"mail_host.{n} is not known" for n in sorted(table.keys() - fields)]
        for name, field in fields.items():
            if name in table or field.default is dataclasses.MISSING:
                values[name] = self._field(table, name, hints[name])
        self.problems += _twice_named(values)
        if len(self.problems) > before:
            return None
        return HostConfig(**values)  # type: ignore[arg-type]  # each was read as its own type

    def _field(self, table: Mapping[str, object], name: str, kind: object) -> object:
        if kind is Path:
            return self._path(table, name, "mail_host.")
        if kind is int:
            return self._number(table, name)
        if kind in (tuple[Path, ...], tuple[Path, ...] | None):
            return self._paths(table, name)
        text = self._text(table, name, "mail_host.")
        if kind is HostKind and text:
            return self._kind(text)
        return text

    def _kind(self, text: str) -> HostKind | None:
        if text in set(HostKind):
            return HostKind(text)
        self.problems.append(f"mail_host.kind must be one of {', '.join(HostKind)}, not {text!r}")
        return None

    def _number(self, table: Mapping[str, object], name: str) -> int:
        value = table.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        self.problems.append(f"mail_host.{name} must be a whole number above 0, not {value!r}")
        return 0

    def _text(self, table: Mapping[str, object], name: str, prefix: str = "") -> str:
        """An empty text may be given in [mail_host] only, where it means: none."""
        value = table.get(name)
        if isinstance(value, str) and (value or prefix):
            return value
        what = "is missing" if name not in table else f"must be text, not {value!r}"
        self.problems.append(f"{prefix}{name} {what}")
        return ""

    def _paths(self, table: Mapping[str, object], name: str) -> tuple[Path, ...]:
        value = table.get(name)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            wrong = [item for item in value if not item.startswith("/")]
            if wrong:
                self.problems.append(f"mail_host.{name} must be absolute paths, not {wrong[0]!r}")
            return tuple(Path(item) for item in value)
        self.problems.append(f"mail_host.{name} must be a list of paths, not {value!r}")
        return ()

    def _path(self, table: Mapping[str, object], name: str, prefix: str = "") -> Path:
        text = self._text(table, name, prefix)
        if not text:
            return Path()
        if not text.startswith("/"):
            self.problems.append(f"{prefix}{name} must be an absolute path, not {text!r}")
        return Path(text)
