"""Prove: ask the host's own sendmail where mail goes, as the spool's owner, who submits too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mailadmin.wire.core.canonical import Json, canonical, digest_of
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.arguments import digests
from routing.agent.asking import ask
from routing.agent.existing import ask_existing
from routing.agent.faults import Fault, reports_faults
from routing.agent.host import HostConfig
from routing.agent.own_name import is_qualified, own_name
from routing.agent.releases import (
    CONFIGURATIONS,
    TABLES,
    dump,
    live,
    release_path,
    remembered,
)
from routing.agent.tools import run
from routing.agent.version import sendmail_version
from routing.core.names import check_host

SIDES = {"primary": "sympa.cf", "fallback": "sympa-fallback.cf"}
MOST_ADDRESS = 320


@reports_faults("Nothing was switched.")
def prove(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """Answers of the releases `live` and `staged` ("" is none), primary and fallback.

    Before it asks, it makes sure that this user can read every file and every map: `-bv` would
    answer by MX otherwise. Before the first release the configuration that the site has had so far
    is asked too; whatever is wrong with that one is told and fails nothing.
    """
    asked_live, staged = digests(arguments, "live", "staged", may_be_empty=("live", "staged"))
    addresses = _addresses(blob)
    _refuse_short_name()
    _same_live(host, asked_live)
    answers: dict[str, Json] = {}
    for side, digest in (("live", asked_live), ("staged", staged)):
        if digest:
            answers[side] = _ask_release(host, digest, addresses)
    if staged and not live(host):
        answers["existing"] = ask_existing(host, release_path(host, staged), addresses)
    _same_live(host, asked_live)
    body: dict[str, Json] = {
        "asked": len(addresses),
        "sendmail_version": sendmail_version(host),
        "user": host.owner,
        "live": asked_live,
        "staged": staged,
    }
    return done(body, canonical(answers))


def _refuse_short_name() -> None:
    """Minutes of sleep for an answer that says nothing about the host with its right name."""
    if not is_qualified(name := own_name()):
        text = (
            f"The name of this host, {name}, is not fully qualified: sendmail would sleep 60 s at"
            f" each start. Write the whole name before {name} in its line of /etc/hosts."
        )
        raise Fault("short_name", text)


def _addresses(blob: bytes | None) -> list[str]:
    try:
        given = json.loads(blob or b"")
    except ValueError:
        raise Fault("malformed", "The order carries no list of addresses.") from None
    if not isinstance(given, list) or not given:
        raise Fault("malformed", "The order carries no list of addresses.")
    wrong = [repr(item)[:80] for item in given if not _is_address(item)]
    if wrong:
        raise Fault("malformed", f"These are no addresses to ask: {', '.join(wrong[:5])}.")
    return given


def _is_address(item: object) -> bool:
    """One word that sendmail cannot take for an option; what is after @ is a name."""
    if not isinstance(item, str) or not 0 < len(item) <= MOST_ADDRESS:
        return False
    user, at, name = item.partition("@")
    return user.isalnum() and user.isascii() and (not at or not check_host(name))


def _same_live(host: HostConfig, expected: str) -> None:
    now = live(host)
    if expected and now != expected:
        text = f"The host runs {now[:8] or 'no release'}, not {expected[:8]}."
        raise Fault("not_live", text, live=now)


def _ask_release(host: HostConfig, digest: str, addresses: Sequence[str]) -> dict[str, Json]:
    release = release_path(host, digest)
    _check_readable(host, digest, release)
    return {
        side: {
            address: list(answer)
            for address, answer in ask(host, release / configuration, addresses).items()
        }
        for side, configuration in SIDES.items()
    }


def _check_readable(host: HostConfig, digest: str, release: Path) -> None:
    """Every file, by opening it, and each map by a dump that equals the one of staging."""
    expected = remembered(host, digest)
    if expected is None:
        raise Fault("not_staged", f"Release {digest[:8]} is not staged here.")
    unreadable = [name for name in _file_names() if not _opens(release / name)]
    if unreadable:
        text = f"{host.owner} cannot read {', '.join(unreadable)} of release {digest[:8]}."
        raise Fault("unreadable", f"{text} Files must have mode 0644, directories 0755.")
    for table in TABLES:
        if digest_of(dump(host, release, table)) != expected["dumps"][table]:
            raise Fault("dump_differs", f"{table}.db of {digest[:8]} holds other keys than staged.")
    for name in CONFIGURATIONS:
        _check_configuration(host, release / f"{name}.cf")


def _file_names() -> list[str]:
    return [*(f"{name}.cf" for name in CONFIGURATIONS), *(f"{name}.db" for name in TABLES)]


def _opens(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False


def _check_configuration(host: HostConfig, configuration: Path) -> None:
    """`-bC` must end well and say nothing: it exits 0 on some faults that it prints."""
    argv: list[str | Path] = [host.sendmail, "-C", configuration, "-bC"]
    ran = run(argv, cwd=configuration.parent, seconds=host.ask_seconds)
    if not ran.silent_success:
        text = f"sendmail does not accept {configuration.name}: {ran.verdict}."
        raise Fault("check_failed", text, output=ran.said)
