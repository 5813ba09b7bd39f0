"""Confirm: keep the live release as the last good one. Revert: go back to the one before."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.arguments import digests
from routing.agent.faults import Fault, reports_faults
from routing.agent.host import HostConfig
from routing.agent.releases import drift, linked, live
from routing.agent.switch import alone, switch, take_away


@reports_faults("The release is live and not confirmed.")
def confirm(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Make the live release last-good: the one that the wrapper takes when `current` is broken."""
    (release,) = digests(arguments, "release")
    with alone(host):
        now = live(host)
        if now != release:
            text = f"The host runs {f'release {now[:8]}' if now else 'no release'}."
            raise Fault("not_live", f"{text} Only a live release is confirmed.", live=now)
        if found := drift(host, release):
            files = ", ".join(item["file"] for item in found)
            raise Fault("drift", f"The live release was edited by hand: {files}.", files=found)
        if linked(host, "last-good") != release:
            switch(host, "last-good", release)
    return done({"live": release, "last_good": release})


@reports_faults("The host still runs what it ran.")
def revert(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Go back from `release` to the release `to` ("" is none). Done already is done."""
    release, to = digests(arguments, "release", "to", may_be_empty=("to",))
    with alone(host):
        now = live(host)
        if now not in (release, to):
            raise Fault("drift", f"The host runs {now[:8] or 'no release'} meanwhile.", live=now)
        if now != to:
            _go_back(host, to)
    return done({"live": to})


def _go_back(host: HostConfig, to: str) -> None:
    if not to:
        take_away(host, "current")
        return
    if found := drift(host, to):
        files = ", ".join(item["file"] for item in found)
        raise Fault("not_staged", f"Release {to[:8]} is no longer whole: {files}.", files=found)
    switch(host, "current", to)
