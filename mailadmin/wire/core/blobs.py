"""Bundles and lists too large for a message: zlib, named by the digest of what is inside."""

import zlib

from mailadmin.wire.core.canonical import digest_of

MAX_BYTES = 256 * 1024 * 1024
"""A million lines, primary and fallback, are half of it."""


class BlobError(ValueError):
    """A blob that must not be used."""


class BlobTooLarge(BlobError):
    def __init__(self, what: str) -> None:
        limit = MAX_BYTES // (1024 * 1024)
        super().__init__(f"{what} is larger than {limit} MiB, the most that one order may carry")


class BlobDamaged(BlobError):
    def __init__(self, why: str) -> None:
        super().__init__(f"the blob is damaged: {why}")


def pack(data: bytes) -> bytes:
    """Raises BlobTooLarge above MAX_BYTES before or after packing."""
    if len(data) > MAX_BYTES:
        raise BlobTooLarge("the blob")
    packed = zlib.compress(data, 6)
    if len(packed) > MAX_BYTES:
        raise BlobTooLarge("the packed blob")
    return packed


def unpack(packed: bytes, digest: str) -> bytes:
    """The bytes whose SHA-256 is `digest`. A bomb is stopped after MAX_BYTES of output, never
    inflated in full. Raises BlobTooLarge or BlobDamaged."""
    if len(packed) > MAX_BYTES:
        raise BlobTooLarge("the packed blob")
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(packed, MAX_BYTES + 1)
    except zlib.error as error:
        raise BlobDamaged(str(error)) from None
    if len(data) > MAX_BYTES:
        raise BlobTooLarge("the blob, once unpacked,")
    if not inflate.eof or inflate.unused_data:
        raise BlobDamaged("it ends early or something follows its end")
    if digest_of(data) != digest:
        raise BlobDamaged(f"its digest is {digest_of(data)}, not {digest}")
    return data
