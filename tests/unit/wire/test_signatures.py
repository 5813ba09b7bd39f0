"""Whoever changes one letter of a message, or signs with another key, is not believed."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailadmin.wire.core.canonical import canonical
from mailadmin.wire.core.messages import MessageError
from mailadmin.wire.signatures import (
    MAX_ENVELOPE,
    BadSignature,
    EnvelopeError,
    claimed,
    open_order,
    open_report,
    seal_order,
    seal_report,
)
from tests.unit.wire.messages import DIGEST, ORDER, REPORT, order, report

KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()

CHANGED: dict[str, Any] = {
    "version": 2,
    "host": "other",
    "role": "spool",
    "verb": "activate",
    "arguments": {"release": "b" * 64},
    "attempt": "0b2e4b0e-35b1-4b57-9c5d-6f3a5c8f0002",
    "sequence": 8,
    "not_after": ORDER.not_after + 1,
    "blob": None,
    "outcome": "failed",
    "body": {},
    "at": REPORT.at + 1,
}


def tampered(envelope: str, name: str) -> str:
    outer = json.loads(envelope)
    body = json.loads(outer["body"])
    assert CHANGED[name] != body[name] or name == "blob"
    body[name] = CHANGED[name] if body[name] != CHANGED[name] else DIGEST
    return json.dumps({**outer, "body": canonical(body).decode()})


def test_a_sealed_order_opens() -> None:
    assert open_order(seal_order(ORDER, KEY), KEY.public_key()) == ORDER


def test_a_sealed_report_opens() -> None:
    assert open_report(seal_report(REPORT, KEY), KEY.public_key()) == REPORT


@pytest.mark.parametrize("name", ORDER.to_json())
def test_an_order_with_one_field_changed_is_not_believed(name: str) -> None:
    with pytest.raises(BadSignature):
        open_order(tampered(seal_order(ORDER, KEY), name), KEY.public_key())


@pytest.mark.parametrize("name", REPORT.to_json())
def test_a_report_with_one_field_changed_is_not_believed(name: str) -> None:
    with pytest.raises(BadSignature):
        open_report(tampered(seal_report(REPORT, KEY), name), KEY.public_key())


def test_another_key_is_not_believed() -> None:
    with pytest.raises(BadSignature):
        open_order(seal_order(ORDER, OTHER_KEY), KEY.public_key())


def test_a_signed_order_cannot_pass_for_a_report() -> None:
    with pytest.raises(BadSignature):
        open_report(seal_order(ORDER, KEY), KEY.public_key())


def test_a_signed_report_cannot_pass_for_an_order() -> None:
    with pytest.raises(BadSignature):
        open_order(seal_report(REPORT, KEY), KEY.public_key())


@pytest.mark.parametrize("text", ['{"b":1, "a":2}', "[1.5]", "not json", '{"a":1,"a":2}'])
def test_a_signed_text_that_is_not_canonical_is_malformed(text: str) -> None:
    signature = base64.b64encode(KEY.sign(b"mailadmin order 1\n" + text.encode())).decode()
    envelope = json.dumps({"body": text, "signature": signature})

    with pytest.raises(MessageError) as caught:
        open_order(envelope, KEY.public_key())
    assert caught.value.code == "malformed"


@pytest.mark.parametrize(
    "envelope",
    [
        "",
        "null",
        "[]",
        "[" * 100_000,
        "{}",
        '{"body":1,"signature":""}',
        '{"body":"{}","signature":1}',
        '{"body":"{}","signature":"%%%"}',
        '{"body":"\\ud800","signature":""}',
        "\ud800",
        3,
        None,
        b"{}",
    ],
)
def test_what_is_no_envelope_is_refused_as_such(envelope: Any) -> None:
    with pytest.raises(EnvelopeError):
        open_order(envelope, KEY.public_key())


def test_an_envelope_has_a_limit_on_both_sides() -> None:
    large = {"text": "x" * MAX_ENVELOPE}

    with pytest.raises(EnvelopeError, match="put the large part into the blob"):
        seal_order(order(arguments=large), KEY)
    with pytest.raises(EnvelopeError):
        open_order("x" * (MAX_ENVELOPE + 1), KEY.public_key())


def test_the_same_message_is_always_the_same_bytes() -> None:
    turned = report(body=dict(reversed({"a": 1, "b": 2}.items())))

    assert seal_report(turned, KEY) == seal_report(report(body={"a": 1, "b": 2}), KEY)


def test_what_a_report_claims_can_be_read_before_it_is_believed() -> None:
    assert claimed(seal_report(REPORT, OTHER_KEY)) == REPORT
