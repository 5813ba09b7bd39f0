"""What the address of a list names and nobody has any more: a saved filter may be years old."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mailadmin.asked import Asked
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.core.tags import words_of
from routing.models import MailHost, TaggedObject


def gone_of_objects(
    kind: ObjectKind, asked: Asked, *, states: Collection[str], orders: Collection[str]
) -> tuple[str, ...]:
    """Sentences about the address of a list of routing objects."""
    found = [*_of_servers(asked)]
    for word in words_of(asked.also.get("tag", "")):
        if not TaggedObject.objects.filter(kind=kind, word=word).exists():
            found.append(f"Nothing here has the tag {word}.")
    return (*found, *_of_list(asked, states, orders))


def gone_of_rows(
    asked: Asked, *, words: Collection[str], states: Collection[str], orders: Collection[str]
) -> tuple[str, ...]:
    """The same of a small list whose tags are `words`."""
    wanted = words_of(asked.also.get("tag", ""))
    found = [f"Nothing here has the tag {word}." for word in wanted if word not in words]
    return (*found, *_of_list(asked, states, orders))


def _of_servers(asked: Asked) -> Iterator[str]:
    name = asked.also.get("server", "")
    if not name:
        return
    servers = MailHost.in_service.filter(kind=HostKind.LIST_SERVER)
    if not servers.filter(name=name).exists():
        yield f"No list server {name} is in service."


def _of_list(asked: Asked, states: Collection[str], orders: Collection[str]) -> Iterator[str]:
    if asked.state and asked.state not in states:
        yield f"No row can be {asked.state}: all are shown, whatever their state."
    if asked.sort not in orders:
        yield f"Nothing is sorted by {asked.sort.removeprefix('-')}: this is the usual order."
