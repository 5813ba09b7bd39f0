"""Seals and opens orders and reports: Ed25519 over the canonical text.

An envelope is the JSON text {"body": canonical text, "signature": base64}. The signed bytes
begin with a line that names the kind of message, so an order can never pass for a report.
"""

import base64
import binascii
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from mailadmin.wire.core.canonical import CanonicalError, Json, canonical, parse
from mailadmin.wire.core.messages import MessageError, Order, Report

MAX_ENVELOPE = 1024 * 1024

_ORDER = b"mailadmin order 1\n"
_REPORT = b"mailadmin report 1\n"


class EnvelopeError(ValueError):
    """Not an envelope, or too large to be one; nothing in it may be believed."""


class BadSignature(EnvelopeError):
    """The envelope was not signed by the key that it should be from."""


def seal_order(order: Order, key: Ed25519PrivateKey) -> str:
    return _seal(order.to_json(), key, _ORDER)


def seal_report(report: Report, key: Ed25519PrivateKey) -> str:
    return _seal(report.to_json(), key, _REPORT)


def open_order(envelope: str, key: Ed25519PublicKey) -> Order:
    """Raises EnvelopeError or BadSignature (never answer those), or MessageError: signed by the
    control plane, and not an order that this version can read."""
    return Order.from_json(_open(envelope, key, _ORDER))


def open_report(envelope: str, key: Ed25519PublicKey) -> Report:
    """Raises EnvelopeError, BadSignature or MessageError."""
    return Report.from_json(_open(envelope, key, _REPORT))


def claimed(envelope: str) -> Report:
    """What a report says of itself, unverified: only to find the key to verify it with."""
    return Report.from_json(_parse(_split(envelope)[0]))


def body_bytes(envelope: str) -> bytes:
    """The canonical bytes of the message; their digest tells two messages apart."""
    return _split(envelope)[0].encode("utf-8")


def _seal(value: Json, key: Ed25519PrivateKey, kind: bytes) -> str:
    body = canonical(value)
    signature = base64.b64encode(key.sign(kind + body)).decode("ascii")
    envelope = canonical({"body": body.decode("utf-8"), "signature": signature}).decode("utf-8")
    if len(envelope.encode("utf-8")) > MAX_ENVELOPE:
        raise EnvelopeError(
            f"a message of {len(envelope)} bytes is above the limit of {MAX_ENVELOPE};"
            " put the large part into the blob"
        )
    return envelope


def _open(envelope: str, key: Ed25519PublicKey, kind: bytes) -> Json:
    body, signature = _split(envelope)
    try:
        key.verify(signature, kind + body.encode("utf-8"))
    except InvalidSignature:
        raise BadSignature("the signature does not belong to this key and body") from None
    return _parse(body)


def _parse(body: str) -> Json:
    try:
        return parse(body)
    except CanonicalError as error:
        raise MessageError("message", "malformed", (str(error),), None) from None


def _split(envelope: str) -> tuple[str, bytes]:
    try:
        if len(envelope.encode("utf-8")) > MAX_ENVELOPE:
            raise EnvelopeError(f"an envelope is text of at most {MAX_ENVELOPE} bytes")
        found = json.loads(envelope)
        body, signature = found["body"], found["signature"]
        body.encode("utf-8")
        return body, base64.b64decode(signature, validate=True)
    except EnvelopeError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise EnvelopeError('an envelope is {"body": text, "signature": base64}') from None
