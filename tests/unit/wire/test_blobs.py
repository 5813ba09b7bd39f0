"""One codec, one cap, and no bomb."""

import resource
import zlib

import pytest

from mailadmin.wire.core import blobs
from mailadmin.wire.core.blobs import (
    MAX_BYTES,
    BlobDamaged,
    BlobTooLarge,
    pack,
    unpack,
)
from mailadmin.wire.core.canonical import digest_of


@pytest.mark.parametrize("data", [b"", b"mailertable", bytes(range(256)) * 1000])
def test_a_blob_comes_back_as_it_was(data: bytes) -> None:
    assert unpack(pack(data), digest_of(data)) == data


def test_the_cap_itself_fits() -> None:
    data = bytes(MAX_BYTES)

    assert unpack(pack(data), digest_of(data)) == data


def test_more_than_the_cap_is_not_packed() -> None:
    with pytest.raises(BlobTooLarge, match="256 MiB"):
        pack(bytes(MAX_BYTES + 1))


def test_a_bomb_is_stopped_before_it_fills_the_memory() -> None:
    zeros = bytes(16 * 1024 * 1024)
    squeeze = zlib.compressobj(1)
    bomb = b"".join([squeeze.compress(zeros) for _ in range(128)]) + squeeze.flush()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(BlobTooLarge, match="once unpacked"):
        unpack(bomb, "0" * 64)

    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert len(bomb) < 16 * 1024 * 1024
    assert grown_mib < 3 * MAX_BYTES / 1024 / 1024


def test_packed_bytes_above_the_cap_are_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "MAX_BYTES", 100)

    with pytest.raises(BlobTooLarge, match="packed blob"):
        unpack(bytes(101), "0" * 64)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"not zlib",
        pack(b"data" * 100)[:-1],
        pack(b"data") + b"x",
        pack(b"data")[:4] + b"\xff" + pack(b"data")[5:],
    ],
)
def test_a_damaged_blob_is_refused(packed: bytes) -> None:
    with pytest.raises(BlobDamaged):
        unpack(packed, digest_of(b"data"))


def test_another_blob_under_the_same_name_is_refused() -> None:
    with pytest.raises(BlobDamaged, match="its digest is"):
        unpack(pack(b"other"), digest_of(b"data"))
