"""Confirm: keep the live release as the last good one. Revert: go back to the one before."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.arguments import digests
from routing.agent.drift import drift, named
from routing.agent.faults import Fault, reports_faults
from routing.agent.ground import ground_at
from routing.agent.host import HostConfig
from routing.agent.releases import linked, live
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
            text = f"The live release is not as it was built: {named(found)}."
            raise Fault("drift", text, files=found)
        if linked(host, "last-good") != release:
            switch(host, "last-good", release)
    return done({"live": release, "last_good": release, "ground": ground_at(host, release)})


@reports_faults("The host still runs what it ran.")
def revert(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Go back from `release` to the release `to` ("" is none). Done already is done.

    `to` must be whole, or be found as `ground` says: a damaged one that the push began on.
    """
    release, to, told = digests(
        arguments, "release", "to", "ground", may_be_empty=("to",), optional=("ground",)
    )
    with alone(host):
        now = live(host)
        if now not in (release, to):
            raise Fault("drift", f"The host runs {now[:8] or 'no release'} meanwhile.", live=now)
        if now != to:
            _go_back(host, to, told)
    return done({"live": to})


def _go_back(host: HostConfig, to: str, told: str) -> None:
    if not to:
        take_away(host, "current")
        return
    if not (told and ground_at(host, to) == told) and (found := drift(host, to)):
        text = f"Release {to[:8]} is no longer whole: {named(found)}."
        raise Fault("not_staged", text, files=found)
    switch(host, "current", to)
