"""The list of a spool's oldest messages: what names it, and what two of them differ in."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.canonical import canonical, digest_of
from spools.core.summary import MessageRow, row_to_json

Listing = Mapping[str, MessageRow]
"""By key."""


def token_of(listing: Listing) -> str:
    """The digest of the list, whatever the order of its messages."""
    return digest_of(canonical({key: row_to_json(row) for key, row in listing.items()}))


def changes(before: Listing, now: Listing) -> tuple[tuple[MessageRow, ...], tuple[str, ...]]:
    """The messages that are new or other than before, and the keys of those that are gone."""
    messages = tuple(row for key, row in now.items() if before.get(key) != row)
    return messages, tuple(key for key in before if key not in now)
