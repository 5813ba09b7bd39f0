"""Key files. A private key is PEM (PKCS 8) of mode 600; a public key is one line of base64."""

import base64
import binascii
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)


class KeyFileError(ValueError):
    """A key file that is missing, unreadable, unsafe or not a key."""

    def __init__(self, path: Path | None, why: str) -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.path = path


def generate(path: Path) -> Ed25519PrivateKey:
    """Make a private key at `path`. Raises KeyFileError if something is there already: a key
    is never overwritten, for what it signed could not be told from forgeries any more."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise KeyFileError(path, f"cannot be created: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return key


def load_private(path: Path) -> Ed25519PrivateKey:
    """Raises KeyFileError; a file that others can read is refused."""
    data = _read(path)
    if path.stat().st_mode & 0o077:
        raise KeyFileError(path, "others can read this private key; run chmod 600 on it")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError):
        raise KeyFileError(path, "is not a private key in PEM form") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(path, "is not an Ed25519 key")
    return key


def load_public(path: Path) -> Ed25519PublicKey:
    """Raises KeyFileError."""
    try:
        return public_from_text(_read(path).decode("ascii", "replace"))
    except KeyFileError as error:
        raise error if error.path else KeyFileError(path, str(error)) from None


def public_from_text(text: str) -> Ed25519PublicKey:
    """Reads one line of base64. Raises KeyFileError without a path."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except (ValueError, binascii.Error):
        raise KeyFileError(None, "is not a public key: 32 bytes in base64") from None


def public_text(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode("ascii")


def write_public(path: Path, key: Ed25519PublicKey) -> None:
    path.write_text(public_text(key) + "\n", encoding="ascii")
    path.chmod(0o644)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(path, f"cannot be read: {error.strerror}") from None
