"""Key files: unreadable by others, never overwritten, and clear about what is wrong."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailadmin.wire.keys import (
    KeyFileError,
    generate,
    load_private,
    load_public,
    public_text,
    write_public,
)


def test_a_key_pair_comes_back_from_its_files(tmp_path: Path) -> None:
    key = generate(tmp_path / "agent.key")
    write_public(tmp_path / "agent.pub", key.public_key())

    assert load_private(tmp_path / "agent.key").sign(b"x") == key.sign(b"x")
    assert public_text(load_public(tmp_path / "agent.pub")) == public_text(key.public_key())
    assert (tmp_path / "agent.key").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    generate(tmp_path / "agent.key")
    before = (tmp_path / "agent.key").read_bytes()

    with pytest.raises(KeyFileError, match="cannot be created"):
        generate(tmp_path / "agent.key")
    assert (tmp_path / "agent.key").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    generate(tmp_path / "agent.key")
    (tmp_path / "agent.key").chmod(mode)

    with pytest.raises(KeyFileError, match="chmod 600"):
        load_private(tmp_path / "agent.key")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"agent\.key: cannot be read: No such file"):
        load_private(tmp_path / "agent.key")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"AAAA"])
def test_what_is_no_key_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(KeyFileError, match=str(path)):
        load_private(path)
    with pytest.raises(KeyFileError, match=str(path)):
        load_public(path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "ec.key"
    path.write_bytes(
        other.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)

    with pytest.raises(KeyFileError, match="is not an Ed25519 key"):
        load_private(path)
