"""Stage: build a bundle beside the live release. Touches nothing that is live."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.arguments import digests
from routing.agent.drift import drift, named
from routing.agent.faults import Fault, reports_faults
from routing.agent.ground import ITSELF, look
from routing.agent.host import HostConfig
from routing.agent.prune import prune
from routing.agent.releases import (
    CONFIGURATIONS,
    MANIFEST,
    MAP_TYPE,
    TABLES,
    Manifest,
    dump,
    live,
    manifest_digest,
    measure,
    release_path,
    remembered,
)
from routing.agent.switch import alone, sync_directory, sync_file
from routing.agent.tools import run
from routing.core.bundle import Bundle, bundle_from_canonical

FILE_NAMES = frozenset(
    {
        "sympa.mc",
        "sympa-fallback.mc",
        "mailertable",
        "mailertable-fallback",
        "local.m4",
        "sympa.conf",
    }
)


@reports_faults("Nothing live was touched.")
def stage(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Build the bundle in `blob` as the release that its digest names, and report its manifest.

    An intact release of that digest is reported as it is; a damaged one is kept aside and built
    anew, unless it is live: then that is drift, and somebody must look.
    """
    (digest,) = digests(arguments, "release")
    bundle = _read(digest, blob)
    with alone(host):
        _make_room(host, digest)
        manifest, aside = None if drift(host, digest) else remembered(host, digest), ""
        if manifest is None:
            manifest, aside = _build(host, digest, bundle)
        removed = prune(host, {digest, *_keep(arguments)})
    return done(
        {
            "release": digest,
            "manifest": manifest,
            "manifest_digest": manifest_digest(manifest),
            "removed": removed,
            "aside": aside,
        }
    )


def _keep(arguments: Mapping[str, Json]) -> list[str]:
    """Releases of open pushes, which must stay however old they are."""
    keep = arguments.get("keep", [])
    if not isinstance(keep, list) or not all(isinstance(item, str) for item in keep):
        raise Fault("malformed", "The order's list of releases to keep is not a list of digests.")
    return [str(item) for item in keep]


def _read(digest: str, blob: bytes | None) -> Bundle:
    try:
        bundle = bundle_from_canonical(blob or b"")
    except (ValueError, KeyError, TypeError) as error:
        raise Fault("bundle_mismatch", f"The order carries no bundle: {error}.") from None
    if bundle.digest != digest:
        text = f"The bundle has the digest {bundle.digest}, the order names {digest}."
        raise Fault("bundle_mismatch", text)
    if strange := sorted(set(bundle.files) - FILE_NAMES):
        raise Fault("bundle_mismatch", f"The bundle holds files that no release has: {strange}.")
    return bundle


def _make_room(host: HostConfig, digest: str) -> None:
    for name in ("releases", "manifests"):
        (host.routing / name).mkdir(mode=0o755, exist_ok=True)
    if live(host) == digest and (found := drift(host, digest)):
        text = f"The live release is not as it was built: {named(found)}."
        raise Fault("drift", text, files=found)


def _build(host: HostConfig, digest: str, bundle: Bundle) -> tuple[Manifest, str]:
    """The manifest, and the name of the directory where a damaged release was kept, or ""."""
    final, building = release_path(host, digest), host.routing / "releases" / f".staging-{digest}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o755)
    try:
        for name, text in bundle.files.items():
            (building / name).write_text(text, encoding="utf-8")
        for name in CONFIGURATIONS:
            _run_m4(host, building, final, name)
        for table in TABLES:
            _run_makemap(host, building, table, bundle.files[table])
        manifest = measure(host, building)
        (building / MANIFEST).write_bytes(_text_of(manifest))
        _settle(building)
        aside = _put_in_place(host, building, final, manifest, bundle)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return manifest, aside


def _run_m4(host: HostConfig, building: Path, final: Path, name: str) -> None:
    argv: list[str | Path] = [
        host.m4,
        "-D_NO_MAKEINFO_",
        f"-D_CF_DIR_={host.cf_dir}",
        f"-D_RELEASE_={final}",
        f"{name}.mc",
    ]
    ran = run(argv, cwd=building, seconds=host.build_seconds)
    if not ran.succeeded or not ran.out:
        text = f"m4 could not build {name}.cf from {name}.mc: {ran.verdict}."
        raise Fault("m4_failed", text, output=ran.said)
    (building / f"{name}.cf").write_bytes(ran.out)


def _run_makemap(host: HostConfig, building: Path, table: str, source: str) -> None:
    argv: list[str | Path] = [host.makemap, "-C", building / "sympa.cf", MAP_TYPE, building / table]
    ran = run(argv, stdin=source.encode(), cwd=building, seconds=host.build_seconds)
    if not ran.silent_success:
        text = f"makemap could not build {table}.db: {ran.verdict}."
        raise Fault("makemap_failed", text, output=ran.said)
    if dump(host, building, table) != _expected_dump(source):
        raise Fault("dump_differs", f"{table}.db does not hold what {table} says.")


def _expected_dump(source: str) -> bytes:
    """What makemap -u prints of a table, sorted: lower-case keys, one tab, the value."""
    lines = []
    for line in source.splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, value = line.replace("\t", " ").partition(" ")
            lines.append(f"{key.lower()}\t{value.strip()}".encode())
    return b"\n".join(sorted(lines))


def _settle(building: Path) -> None:
    """Modes for everybody who will read it (makemap's own is 0640), and all of it on the disk."""
    for entry in building.iterdir():
        entry.chmod(0o644)
        sync_file(entry)
    building.chmod(0o755)
    sync_directory(building)


def _put_in_place(
    host: HostConfig, building: Path, final: Path, manifest: Manifest, bundle: Bundle
) -> str:
    """What is written down of it comes first: killed in between, the release is built once more,
    and a directory without a word about it was never ours."""
    built = {name: seen.content for name, seen in look(building).items() if name != ITSELF}
    kept = host.routing / "manifests" / final.name
    _write(kept.with_name(f"{final.name}.bundle"), bundle.canonical)
    _write(kept, _text_of({**manifest, "built": built}))
    aside = _keep_aside(final)
    building.rename(final)
    sync_directory(final.parent)
    return aside


def _keep_aside(final: Path) -> str:
    """Whatever stands where the release will be is somebody's to look at, never removed here."""
    if not os.path.lexists(final):
        return ""
    with _nobody_in(final):
        number = 1
        while os.path.lexists(aside := final.with_name(f"damaged-{final.name}-{number}")):
            number += 1
        final.rename(aside)
    return aside.name


@contextmanager
def _nobody_in(release: Path) -> Iterator[None]:
    """Hold the lock against submissions: one that runs there would lose its files on its way."""
    try:
        descriptor = os.open(release, os.O_RDONLY)
    except OSError:
        # What even we cannot open no submission can use.
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        text = f"A submission runs in the damaged release {release.name[:8]}. Try again."
        raise Fault("in_use", text) from None
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    sync_file(beside)
    beside.rename(path)
    sync_directory(path.parent)


def _text_of(manifest: Mapping[str, Mapping[str, str]]) -> bytes:
    return json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n"
