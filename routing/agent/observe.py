"""Observe, deploy role: what this host is, what it runs, and what somebody edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.faults import reports_faults
from routing.agent.host import HostConfig
from routing.agent.own_name import is_qualified, own_name
from routing.agent.releases import drift, linked, list_releases, live
from routing.agent.tools import run
from routing.agent.version import sendmail_version
from routing.core.facts import HostFacts, facts_to_json

MOST_RELEASES = 50


@reports_faults("Nothing was touched.")
def observe(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Facts, the live release, its drift, and the releases that are there."""
    now = live(host)
    return done(
        {
            "facts": facts_to_json(observe_facts(host, now)),
            "live": now,
            "last_good": linked(host, "last-good"),
            "releases": list_releases(host)[:MOST_RELEASES],
            "drift": drift(host, now) if now else [],
        }
    )


def observe_facts(host: HostConfig, live_release: str) -> HostFacts:
    """What the configuration file says, with what only the host itself can say.

    Where the name of the host is not fully qualified sendmail is not asked: it would sleep.
    """
    name = own_name()
    ask = is_qualified(name)
    return HostFacts(
        name=host.name,
        kind=host.kind,
        fqdn=name,
        sendmail_version=sendmail_version(host) if ask else "",
        class_w=own_names(host, live_release) if ask else names_of(name),
        run_as_user=host.owner,
        run_as_group=host.group,
        trusted_user=host.trusted_user,
        cf_dir=host.cf_dir,
        spool=str(host.spool),
        run_dir=str(host.run_dir),
        dead_letter=str(host.dead_letter),
        wrapper=str(host.wrapper),
        local_mta_host=host.local_mta_host,
        local_mta_port=host.local_mta_port,
        service_switch=host.service_switch,
    )


def own_names(host: HostConfig, live_release: str) -> tuple[str, ...]:
    """The names in class w: of the live configuration, or those that sendmail finds by itself."""
    if not live_release:
        return names_of(own_name())
    configuration = host.routing / "releases" / live_release / "sympa.cf"
    argv: list[str | Path] = [host.sendmail, "-C", configuration, "-bt"]
    ran = run(argv, stdin=b"$=w\n", cwd=configuration.parent, seconds=host.ask_seconds)
    lines = ran.out.decode("utf-8", "replace").splitlines()
    names = {line.removeprefix("> ").strip().lower() for line in lines}
    return tuple(sorted(name for name in names if name and " " not in name and name != ">"))


def names_of(name: str) -> tuple[str, ...]:
    """The names that sendmail takes for its own on a host of this name."""
    return tuple(sorted({name, name.split(".")[0], "localhost", "[127.0.0.1]"}))
