"""Activate: switch the host to a staged release, once, if the ground is what was approved."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.arguments import digests
from routing.agent.faults import Fault, reports_faults
from routing.agent.host import HostConfig
from routing.agent.releases import drift, live, manifest_digest, remembered
from routing.agent.switch import alone, switch


@reports_faults("Nothing was switched.")
def activate(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Live is the release: done. Live is the base: switch. Anything else is drift and stops."""
    release, base, manifest = digests(
        arguments, "release", "base", "manifest_digest", may_be_empty=("base",)
    )
    with alone(host):
        now = live(host)
        if now not in (release, base):
            raise Fault("drift", _other_release(now, base), live=now)
        _refuse_edited(host, now)
        if now != release:
            _refuse_unstaged(host, release, manifest)
            switch(host, "current", release)
    return done({"live": release, "previous": base})


def _other_release(now: str, base: str) -> str:
    runs = f"release {now[:8]}" if now else "no release"
    expected = f"release {base[:8]}" if base else "none"
    return f"The host runs {runs}; this push was made on {expected}."


def _refuse_edited(host: HostConfig, now: str) -> None:
    """A file of the live release that somebody edited is never overwritten."""
    if now and (found := drift(host, now)):
        files = ", ".join(item["file"] for item in found)
        raise Fault("drift", f"The live release was edited by hand: {files}.", files=found)


def _refuse_unstaged(host: HostConfig, release: str, manifest: str) -> None:
    staged = remembered(host, release)
    if staged is None:
        raise Fault("not_staged", f"Release {release[:8]} is not staged here (any more).")
    if manifest_digest(staged) != manifest:
        text = f"Release {release[:8]} was staged with other files than were approved."
        raise Fault("manifest_differs", text)
    if found := drift(host, release):
        files = ", ".join(item["file"] for item in found)
        text = f"Release {release[:8]} was changed after it was staged: {files}."
        raise Fault("not_staged", text, files=found)
