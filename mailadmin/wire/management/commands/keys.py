"""Make and register the keys that orders and reports are signed with. Safe to run again."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailadmin.audit.services import SETUP
from mailadmin.wire.core.messages import Role
from mailadmin.wire.keys import (
    KeyFileError,
    generate,
    load_private,
    load_public,
    public_text,
    write_public,
)
from mailadmin.wire.services import AgentConflict, AgentRevoked, register_agent


class Command(BaseCommand):
    help = (
        "Makes the control plane's signing key where it is missing. With --agent NAME ROLE --out"
        " DIR (as often as needed) also an agent's key pair in DIR, and registers it. With"
        " --register NAME ROLE FILE registers the public key that was made on a mail host."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        pair = ("NAME", "ROLE")
        parser.add_argument("--agent", nargs=2, action="append", default=[], metavar=pair)
        parser.add_argument("--out", action="append", default=[], type=Path, metavar="DIR")
        parser.add_argument(
            "--register", nargs=3, action="append", default=[], metavar=(*pair, "FILE")
        )
        parser.add_argument(
            "--replace", action="store_true", help="give a registered agent another key"
        )

    def handle(self, *args: object, **options: Any) -> None:
        if len(options["agent"]) != len(options["out"]):
            raise CommandError("Give one --out DIR for each --agent NAME ROLE.")
        try:
            self._make_control_key()
            for (name, role), directory in zip(options["agent"], options["out"], strict=True):
                self._make_agent(name, role_of(role), directory, options["replace"])
            for name, role, file in options["register"]:
                key = public_text(load_public(Path(file)))
                self._register(name, role_of(role), key, options["replace"])
        except (KeyFileError, AgentConflict, ValueError, OSError) as error:
            raise CommandError(str(error)) from error

    def _make_control_key(self) -> None:
        path, public = Path(settings.SIGNING_KEY_FILE), Path(settings.CONTROL_PUBLIC_KEY_FILE)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = self._load_or_make(path)
        public.parent.mkdir(parents=True, exist_ok=True)
        write_public(public, key.public_key())

    def _make_agent(self, name: str, role: Role, directory: Path, replace: bool) -> None:
        if not directory.is_dir():
            raise CommandError(f"{directory} is not a directory; make it for the agent's user.")
        key = self._load_or_make(directory / "agent.key")
        write_public(directory / "agent.pub", key.public_key())
        write_public(directory / "control.pub", load_public(Path(settings.CONTROL_PUBLIC_KEY_FILE)))
        for file in ("agent.key", "agent.pub", "control.pub"):
            give_to_owner_of(directory, directory / file)
        try:
            self._register(name, role, public_text(key.public_key()), replace)
        except AgentRevoked as error:
            # Run at each start: whom somebody shut out, it must not let in, nor stop for.
            self.stdout.write(f"Left as it is: {error}.")

    def _register(self, name: str, role: Role, key: str, replace: bool) -> None:
        register_agent(host=name, role=role, public_key=key, replace=replace, by=SETUP)
        self.stdout.write(f"The {role} agent of {name} is registered with the key {key}.")

    def _load_or_make(self, path: Path) -> Ed25519PrivateKey:
        if path.exists():
            return load_private(path)
        self.stdout.write(f"A new key is in {path}.")
        return generate(path)


def role_of(text: str) -> Role:
    if text not in set(Role):
        raise CommandError(f"{text} is no role; take one of {', '.join(Role)}.")
    return Role(text)


def give_to_owner_of(directory: Path, file: Path) -> None:
    """An agent's key must be its user's; only root can give a file away, and only root needs to."""
    owner = directory.stat()
    if os.geteuid() == 0:
        os.chown(file, owner.st_uid, owner.st_gid)
