"""Releases on disk: where they are, what staging built, and which one is live.

routing/releases/DIGEST/           a built bundle, immutable
routing/releases/damaged-DIGEST-N/ a release that was not live, was touched by hand, and was built
                                   anew: what was found there, for a person to look at
routing/manifests/DIGEST           what staging reported of it, kept apart so that an edit shows
routing/manifests/DIGEST.bundle    what it was built from
routing/current, last-good   relative links to releases/DIGEST
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from mailadmin.links import StrangeLink, linked_release
from mailadmin.wire.core.canonical import canonical, digest_of
from mailadmin.wire.core.fields import DIGEST
from routing.agent.faults import Fault
from routing.agent.host import HostConfig
from routing.agent.tools import run

TABLES = ("mailertable", "mailertable-fallback")
CONFIGURATIONS = ("sympa", "sympa-fallback")
MANIFEST = "manifest.json"
MAP_TYPE = "btree"

Manifest = Mapping[str, Mapping[str, str]]
"""{"files": {name: digest}, "dumps": {table: digest of its sorted dump}}."""


def release_path(host: HostConfig, digest: str) -> Path:
    """Where the release of this digest is, or will be."""
    return host.routing / "releases" / digest


def linked(host: HostConfig, name: str) -> str:
    """The digest that `current` or `last-good` names, "" when there is no such link.

    Raises Fault `drift` when the link is not one that we make.
    """
    try:
        return linked_release(host.routing / name)
    except StrangeLink as strange:
        raise Fault("drift", str(strange)) from None


def live(host: HostConfig) -> str:
    """The digest of the live release, "" when there is none."""
    return linked(host, "current")


def dump(host: HostConfig, release: Path, table: str) -> bytes:
    """The map as sorted lines `key<TAB>value`, read by makemap. Raises Fault `dump_differs`."""
    argv: list[str | Path] = [
        host.makemap,
        "-C",
        release / "sympa.cf",
        "-u",
        MAP_TYPE,
        release / table,
    ]
    ran = run(argv, cwd=release, seconds=host.build_seconds)
    if not ran.succeeded:
        text = f"{table}.db cannot be read back: {ran.verdict}."
        raise Fault("dump_differs", text, output=ran.said)
    return b"\n".join(sorted(line.rstrip() for line in ran.out.splitlines()))


def measure(host: HostConfig, release: Path) -> Manifest:
    """The manifest of what is in a directory now.

    A `.db` is never the same bytes twice, so a map counts by its dump.
    """
    maps = {f"{table}.db" for table in TABLES}
    files = {
        entry.name: sha256(entry.read_bytes()).hexdigest()
        for entry in sorted(release.iterdir())
        if entry.name not in maps and entry.name != MANIFEST
    }
    return {
        "files": files,
        "dumps": {table: digest_of(dump(host, release, table)) for table in TABLES},
    }


def manifest_digest(manifest: Manifest) -> str:
    """The one digest that an approval binds."""
    return digest_of(canonical(manifest))


def remembered(host: HostConfig, digest: str) -> Manifest | None:
    """The manifest that staging reported, None when this release was never staged here."""
    kept = _kept(host, digest)
    return None if kept is None else {name: kept[name] for name in ("files", "dumps")}


def as_built(host: HostConfig, digest: str) -> Mapping[str, str]:
    """Name → SHA-256 of each file as staging left it, maps too; empty where it did not say."""
    built: Mapping[str, str] = (_kept(host, digest) or {}).get("built", {})
    return built


def built_text(host: HostConfig, digest: str, name: str) -> str | None:
    """The text that a file was made with, None where staging did not write it down."""
    try:
        bundle = (host.routing / "manifests" / f"{digest}.bundle").read_bytes()
        text = json.loads(bundle)["files"].get(name)
    except (OSError, ValueError, KeyError):
        return None
    return text if isinstance(text, str) else None


def _kept(host: HostConfig, digest: str) -> dict[str, Any] | None:
    try:
        text = (host.routing / "manifests" / digest).read_text(encoding="utf-8")
        kept: dict[str, Any] = json.loads(text)
    except FileNotFoundError:
        return None
    except ValueError:
        # Spoiled by hand or by a disk: as good as none.
        return None
    return kept if {"files", "dumps"} <= kept.keys() else None


def list_releases(host: HostConfig) -> list[dict[str, Any]]:
    """All releases, newest first: [{"digest", "built_at" (epoch seconds)}]."""
    root = host.routing / "releases"
    if not root.is_dir():
        return []
    found = [
        {"digest": entry.name, "built_at": int(entry.stat().st_mtime)}
        for entry in root.iterdir()
        if DIGEST.fullmatch(entry.name)
    ]
    return sorted(found, key=lambda item: (-item["built_at"], item["digest"]))
