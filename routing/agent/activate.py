"""Activate: switch the host to a staged release, once, if the ground is what was approved."""

from __future__ import annotations

from collections.abc import Mapping

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.arguments import digests
from routing.agent.drift import drift, named
from routing.agent.faults import Fault, reports_faults
from routing.agent.ground import ground_at
from routing.agent.host import HostConfig
from routing.agent.releases import linked, live, manifest_digest, remembered
from routing.agent.switch import alone, switch


@reports_faults("Nothing was switched.")
def activate(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Live is the release: done. Live is the base: switch. Anything else is drift and stops.

    `ground` is what the base must be found to be ("" where nobody said): so a base that somebody
    has damaged can be left, and nothing that came after the approval is switched away from.
    """
    release, base, manifest, told = digests(
        arguments,
        "release",
        "base",
        "manifest_digest",
        "ground",
        may_be_empty=("base",),
        optional=("ground",),
    )
    with alone(host):
        now = live(host)
        if now not in (release, base):
            raise Fault("drift", _other_release(now, base), live=now)
        if now == release:
            _refuse_edited(host, now)
        else:
            _refuse_other_ground(host, now, told)
            _refuse_unstaged(host, release, manifest)
            # Where this is no link of ours it cannot be confirmed: said before the switch.
            linked(host, "last-good")
            switch(host, "current", release)
    return done({"live": release, "previous": base, "ground": ground_at(host, release)})


def _other_release(now: str, base: str) -> str:
    runs = f"release {now[:8]}" if now else "no release"
    expected = f"release {base[:8]}" if base else "none"
    return f"The host runs {runs}; this push was made on {expected}."


def _refuse_other_ground(host: HostConfig, now: str, told: str) -> None:
    """The base exactly as it was seen when the push was proposed, damaged or not."""
    if not told or not now:
        _refuse_edited(host, now)
        return
    found = ground_at(host, now)
    if found == told:
        return
    items = drift(host, now)
    seen = named(items) if items else "it is whole again"
    text = f"The live release is not as it was when this push was proposed: {seen}."
    raise Fault("drift", text, files=items, ground=found)


def _refuse_edited(host: HostConfig, now: str) -> None:
    """A file of the live release that somebody edited is never overwritten."""
    if now and (found := drift(host, now)):
        text = f"The live release is not as it was built: {named(found)}."
        raise Fault("drift", text, files=found)


def _refuse_unstaged(host: HostConfig, release: str, manifest: str) -> None:
    staged = remembered(host, release)
    if staged is None:
        raise Fault("not_staged", f"Release {release[:8]} is not staged here (any more).")
    if manifest_digest(staged) != manifest:
        text = f"Release {release[:8]} was staged with other files than were approved."
        raise Fault("manifest_differs", text)
    if found := drift(host, release):
        text = f"Release {release[:8]} was changed after it was staged: {named(found)}."
        raise Fault("not_staged", text, files=found)
