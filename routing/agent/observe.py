"""Observe, deploy role: what this host is, what it runs, and what somebody edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.fields import DIGEST
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.drift import drift
from routing.agent.faults import reports_faults
from routing.agent.ground import ground_at
from routing.agent.host import HostConfig
from routing.agent.own_name import is_qualified, own_name
from routing.agent.releases import TABLES, built_text, linked, list_releases, live
from routing.agent.tools import run
from routing.agent.version import sendmail_version
from routing.core.facts import HostFacts, facts_to_json

MOST_RELEASES = 50
MOST_LINES = 200
MOST_LOOKS = 5


@reports_faults("Nothing was touched.")
def observe(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Facts, the live release, its drift, and the releases that are there.

    `known` is the release that the control plane takes for the live one: where another is, its
    table is compared with that one's, as both were staged.
    """
    now = live(host)
    ground, found = _at_one_moment(host, now)
    return done(
        {
            "facts": facts_to_json(observe_facts(host, now)),
            "live": now,
            "last_good": linked(host, "last-good"),
            "releases": list_releases(host)[:MOST_RELEASES],
            "ground": ground,
            "otherwise": _otherwise(host, now, arguments.get("known")),
            "drift": found,
        }
    )


def _at_one_moment(host: HostConfig, now: str) -> tuple[str, list[dict[str, str]]]:
    """The ground and its drift, looked at again while somebody touches it between the two.

    A ground older than the drift is refused at the switch; a newer one could hold what nobody was
    shown. So where it never rests the older one is given.
    """
    found: list[dict[str, str]] = []
    ground = after = ground_at(host, now)
    for _ in range(MOST_LOOKS):
        ground = after
        found = drift(host, now) if now else []
        if not found or (after := ground_at(host, now)) == ground:
            break
    return ground, found


def _otherwise(host: HostConfig, now: str, known: Json) -> list[str]:
    """What the live table has more (+) or less (-), a table of another release being expected;
    empty where one of the two was not staged here."""
    if not now or not isinstance(known, str) or not DIGEST.fullmatch(known) or now == known:
        return []
    texts = [built_text(host, digest, TABLES[0]) for digest in (known, now)]
    expected, held = ({*text.splitlines()} if text is not None else None for text in texts)
    if expected is None or held is None:
        return []
    lines = [f"+ {line}" for line in sorted(held - expected)]
    lines += [f"- {line}" for line in sorted(expected - held)]
    keys = [line for line in lines if not line[2:].startswith("#")]
    return [line.replace("\t", " ") for line in keys[:MOST_LINES]]


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
