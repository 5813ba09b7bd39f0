"""A passkey as a browser registers it, so that pages with one can be opened without a key."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

NAME = b"a key of no body"


def credential() -> dict[str, object]:
    """The answer of a key to a registration at localhost."""
    public = ES256.from_cryptography_key(  # type: ignore[no-untyped-call]  # fido2 leaves it so
        ec.generate_private_key(ec.SECP256R1()).public_key()
    )
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    data = AuthenticatorData.create(
        sha256(b"localhost"), flags, 0, AttestedCredentialData.create(bytes(16), NAME, public)
    )
    client = CollectedClientData.create("webauthn.create", bytes(32), "http://localhost")
    return {
        "type": "public-key",
        "id": websafe_encode(NAME),
        "rawId": websafe_encode(NAME),
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
        "clientExtensionResults": {},
    }
