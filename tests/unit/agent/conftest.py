"""A good configuration file of an agent, for tests to spoil."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mailadmin.wire.keys import generate, write_public

TEXT = """
host = "listes"
role = "deploy"
broker_url_file = "{0}/broker-url"
control_public_key = "{0}/control.pub"
private_key = "{0}/agent.key"
state_dir = "{0}"

[mail_host]
fqdn = "listes.example.org"
kind = "list_server"
routing = "/var/lib/mailadmin/routing"
spool = "/var/spool/sympa"
run_dir = "/run/sympa"
kept = "/var/lib/mailadmin/kept"
dead_letter = "/var/lib/mailadmin/kept/dead.letter"
sendmail = "/usr/sbin/sendmail"
makemap = "/usr/sbin/makemap"
m4 = "/usr/bin/m4"
cf_dir = "/usr/share/sendmail/cf/"
wrapper = "/usr/lib/mailadmin/sendmail"
owner = "sympa"
group = "sympa"
trusted_user = "mailadmin"
local_mta_port = 2525
"""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    directory: Path

    @property
    def path(self) -> Path:
        return self.directory / "agent.toml"

    def change(self, old: str, new: str) -> Path:
        text = self.path.read_text()
        assert old in text
        self.path.write_text(text.replace(old, new, 1))
        return self.path


@pytest.fixture
def config_file(tmp_path: Path) -> ConfigFile:
    tmp_path.chmod(0o700)
    key = generate(tmp_path / "agent.key")
    write_public(tmp_path / "control.pub", key.public_key())
    (tmp_path / "broker-url").write_text("rediss://user:secret@redis.example.org/0\n")
    (tmp_path / "broker-url").chmod(0o600)
    (tmp_path / "agent.toml").write_text(TEXT.format(tmp_path))
    (tmp_path / "agent.toml").chmod(0o600)
    return ConfigFile(tmp_path)
