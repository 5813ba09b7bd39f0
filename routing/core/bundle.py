"""A bundle: the source files and host facts for one host, and the digest that names it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

BUNDLE_VERSION = 1
REBUILD = "rebuild"
"""The fact that gives the same files another digest, and so their release another directory."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`files` maps a plain file name to its text; `facts` are `facts.rendered_facts`.

    The canonical form is UTF-8 JSON with sorted keys and no spaces: equal bundles have equal bytes,
    and `digest`, the SHA-256 of those bytes in hex, is also the name of the release.
    """

    host: str
    files: Mapping[str, str]
    facts: Mapping[str, str | int]

    @property
    def canonical(self) -> bytes:
        """The bytes that are stored, sent, and staged from."""
        content: dict[str, Any] = {
            "version": BUNDLE_VERSION,
            "host": self.host,
            "files": dict(self.files),
            "facts": dict(self.facts),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode()

    def same_content(self, other: Bundle) -> bool:
        """The same files for the same host, whatever the releases are called: one that was built
        again beside a damaged one has the fact `rebuild` more."""
        return self.host == other.host and self._content == other._content

    @property
    def _content(self) -> tuple[dict[str, str], dict[str, str | int]]:
        facts = {name: value for name, value in self.facts.items() if name != REBUILD}
        return dict(self.files), facts

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, hex."""
        return sha256(self.canonical).hexdigest()


def bundle_from_canonical(data: bytes) -> Bundle:
    """Read a bundle. Raises ValueError when the bytes are not the canonical form of one."""
    content = json.loads(data)
    if content.get("version") != BUNDLE_VERSION:
        raise ValueError(f"bundle version {content.get('version')!r}, expected {BUNDLE_VERSION}")
    bundle = Bundle(host=content["host"], files=content["files"], facts=content["facts"])
    if bundle.canonical != data:
        raise ValueError("the bytes are not the canonical form of a bundle")
    return bundle
