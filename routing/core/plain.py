"""Which objects of an intent need a look at all: of a million lines a few, told apart in bulk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import attrgetter

from routing.core.facts import HostFacts
from routing.core.intent import Intent, ObjectKind, RoutingObject
from routing.core.names import LABEL_LIMIT, SUFFIX_LIMIT

BLOCK, PARTS = 512, 8
"""So many objects are looked at in one step, and a block with one that is not plain in parts."""
LABEL = rf"[a-z0-9_-]{{0,{LABEL_LIMIT - 1}}}(?<!-)"
KEYS = re.compile(rf"(?:\n\.?(?!.{{{SUFFIX_LIMIT + 1}}})(?:[a-z0-9_]{LABEL}\.)+[a-z]{LABEL})*")
"""Full names and suffixes of which nothing has to be said, each behind a line end. Others may be
right too, and are looked at. No group is possessive: of a text whose last line does not fit, Python
3.11.2 then says that it does."""
SHAPE = attrgetter("kind", "relay_target", "mailer", "next_hop")
Shapes = frozenset[tuple[object, ...]]


def not_plain(intent: Intent, facts: HostFacts) -> Iterator[RoutingObject]:
    """In their order all objects about which something may have to be said by themselves: what
    `validate_object` finds, or a relay target that does not exist. `.` and all that have a mailer
    are among them."""
    full_names = (
        (kind, None, "", "") for kind in (ObjectKind.VIRTUAL_DOMAIN, ObjectKind.LOCAL_HOST)
    )
    routes = ((ObjectKind.ROUTE, relay.id, "", "") for relay in intent.relay_targets)
    shapes = frozenset((*full_names, *routes))
    are_plain = partial(_are_plain, shapes=shapes, own_names=frozenset(facts.class_w))
    return _others(intent.objects, BLOCK, are_plain)


def _others(
    objects: Sequence[RoutingObject],
    size: int,
    are_plain: Callable[[Sequence[RoutingObject]], bool],
) -> Iterator[RoutingObject]:
    for start in range(0, len(objects), size):
        block = objects[start : start + size]
        if not are_plain(block):
            yield from block if size == 1 else _others(block, size // PARTS, are_plain)


def _are_plain(
    block: Sequence[RoutingObject], *, shapes: Shapes, own_names: frozenset[str]
) -> bool:
    found = set(map(SHAPE, block))
    if not found <= shapes:
        return False
    keys = [item.key for item in block]
    text = "\n".join(["", *keys])
    return (
        KEYS.fullmatch(text) is not None
        and text.count("\n") == len(keys)
        and own_names.isdisjoint(keys)
        and ("\n." not in text or all(kind is ObjectKind.ROUTE for kind, *_ in found))
    )
