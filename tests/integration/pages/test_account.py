"""The pages of one's own account, for somebody who has every second factor."""

from __future__ import annotations

from tests.e2e.look import worlds
from tests.e2e.look.booth import client_of


def test_every_page_of_a_second_factor_opens(db: None) -> None:
    del db
    key = worlds.make("full")["key"]
    client = client_of("tess")
    pages = ["", "totp/deactivate/", "recovery-codes/", "webauthn/", "webauthn/add/"]
    pages += [f"webauthn/keys/{key}/{act}/" for act in ("edit", "remove")]
    assert {p: client.get(f"/account/2fa/{p}").status_code for p in pages} == dict.fromkeys(
        pages, 200
    )
