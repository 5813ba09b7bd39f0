"""Releases on disk: where they are, what is in one, which is live, and what was edited by hand.

routing/releases/DIGEST/     a built bundle, immutable
routing/manifests/DIGEST     what staging reported of it, kept apart so that an edit shows
routing/current, last-good   relative links to releases/DIGEST
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from mailadmin.wire.core.canonical import canonical, digest_of
from routing.agent.arguments import DIGEST
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
    link = host.routing / name
    try:
        target = link.readlink()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Fault(
            "drift", f"{link} is not a link: {error.strerror}. Put it right by hand."
        ) from None
    if target.parent.as_posix() != "releases" or not DIGEST.fullmatch(target.name):
        raise Fault("drift", f"{link} leads to {target}, not to a release. Put it right by hand.")
    return target.name


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
    try:
        text = (host.routing / "manifests" / digest).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    manifest: Manifest = json.loads(text)
    return manifest


def drift(host: HostConfig, digest: str) -> list[dict[str, str]]:
    """What differs between a release and what staging built: [{"file", "text"}]."""
    release = release_path(host, digest)
    if not release.is_dir():
        return [{"file": str(release), "text": "the release is gone"}]
    expected = remembered(host, digest)
    if expected is None:
        return [{"file": str(release), "text": "nothing is remembered of its staging"}]
    try:
        found = measure(host, release)
    except Fault as fault:
        return [{"file": str(release), "text": fault.text}]
    except OSError as error:
        return [{"file": str(error.filename or release), "text": str(error.strerror)}]
    return [*_differing(expected["files"], found["files"]), *_maps(expected, found)]


def _differing(expected: Mapping[str, str], found: Mapping[str, str]) -> list[dict[str, str]]:
    differing = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            differing.append({"file": name, "text": "was removed"})
        elif name not in expected:
            differing.append({"file": name, "text": "was added"})
        elif expected[name] != found[name]:
            differing.append({"file": name, "text": "was edited"})
    return differing


def _maps(expected: Manifest, found: Manifest) -> list[dict[str, str]]:
    return [
        {"file": f"{table}.db", "text": "holds other keys than were staged"}
        for table in TABLES
        if expected["dumps"].get(table) != found["dumps"].get(table)
    ]


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
