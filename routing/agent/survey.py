"""Survey: the robots of Sympa on this host, and the names that its MTA takes mail for.

Only what the agent's own file names is read, and only names leave the host. What cannot be read is
told, so that nobody takes a name for missing that was merely not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mailadmin.wire.core.canonical import Json, canonical
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.careful import MOST_BYTES, Unread, read_carefully
from routing.agent.faults import reports_faults
from routing.agent.host import HostConfig
from routing.agent.reading import printable
from routing.agent.robots import robots_in
from routing.core.adopt.sympa import SYMPA_CONF, robots
from routing.core.survey import (
    MOST_NAMES,
    Finds,
    Found,
    Subject,
    domain_of,
    local_names,
    relayed_names,
    survey_to_json,
)


@reports_faults("Nothing was written.")
def survey(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    """What was found of each subject, as `routing.core.survey.survey_to_json` has it. The order has
    no say in what is read."""
    del arguments, blob
    told = {Subject.ROBOTS: _robots(host), Subject.ACCEPTED: _accepted(host)}
    body: dict[str, Json] = {
        "user": host.owner,
        "names": {subject.value: len(found.names) for subject, found in told.items()},
        "troubles": {
            subject.value: len(found.troubles) + found.more for subject, found in told.items()
        },
    }
    return done(body, canonical(survey_to_json(told)))


def _robots(host: HostConfig) -> Found:
    """Directories with a robot.conf, and the main domain of sympa.conf, which needs none."""
    place = host.existing_robots
    if not place.name:
        return Found()
    finds = Finds([printable(place)])
    for name, _ in robots_in(place, MOST_NAMES, lambda path, text: _untold(finds, path, text)):
        if domain := domain_of(printable(name)):
            finds.names.add(domain)
        else:
            finds.trouble(f"{printable(place / name)} is named as no domain can be.")
    _main_robot(host, finds)
    return finds.found()


def _main_robot(host: HostConfig, finds: Finds) -> None:
    if not host.existing_sympa_conf.name:
        finds.trouble("The agent's file names no existing_sympa_conf: Sympa's own domain is there.")
        return
    if (text := _text(host.existing_sympa_conf, finds)) is not None:
        main = (domain_of(robot.domain) for robot in robots({SYMPA_CONF: text}))
        finds.names.update(filter(None, main))


def _accepted(host: HostConfig) -> Found:
    """Class w and relay-domains; with one of the two alone it is not whole."""
    local, relayed = host.mta_local_names, host.mta_relay_domains
    places = [printable(path) for path in (*(local or ()), *(relayed or ()))]
    if local is None and relayed is None:
        return Found()
    finds = Finds(places)
    for text in _texts(local, "mta_local_names", finds):
        finds.names.update(local_names(text))
    for text in _texts(relayed, "mta_relay_domains", finds):
        for name, itself in relayed_names(text):
            finds.below.add(name)
            if itself:
                finds.names.add(name)
    return finds.found()


def _texts(paths: Iterable[Path] | None, key: str, finds: Finds) -> Iterable[str]:
    if paths is None:
        finds.trouble(f"The agent's file does not say {key}; [] is none.")
    read = (_text(path, finds) for path in paths or ())
    return (text for text in read if text is not None)


def _text(path: Path, finds: Finds) -> str | None:
    """None where it cannot be read. What is no UTF-8 in it is no name either."""
    try:
        return read_carefully(path, MOST_BYTES).decode("utf-8", "replace")
    except Unread as error:
        _untold(finds, path, error.text)
        return None


def _untold(finds: Finds, path: Path, text: str) -> None:
    finds.trouble(f"{printable(path)} {text}.")
