"""`mailadmin-agent key`: the agent's private key is made where it is used, and never leaves."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from mailadmin.agent.config import ConfigError, look_at_config
from mailadmin.wire.keys import KeyFileError, generate, load_private, public_text, write_public


def make_key(config: Path) -> int:
    """Make the key that the file names, unless it is there, and print the public half."""
    try:
        looked = look_at_config(config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return os.EX_CONFIG
    path = looked.private_key
    if not path.is_absolute() or not path.parent.is_dir():
        sys.stderr.write(f"{config}: private_key must name a file in a directory that is there\n")
        return os.EX_CONFIG
    try:
        key = load_private(path) if path.exists() else generate(path)
        write_public(path.with_suffix(".pub"), key.public_key())
        for file in (path, path.with_suffix(".pub")):
            _give_to_owner_of(path.parent, file)
    except (KeyFileError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return os.EX_CONFIG
    sys.stdout.write(f"{public_text(key.public_key())}\n")
    return 0


def _give_to_owner_of(directory: Path, file: Path) -> None:
    """Only root can give a file away, and only root needs to."""
    owner = directory.stat()
    if os.geteuid() == 0:
        shutil.chown(file, owner.st_uid, owner.st_gid)
