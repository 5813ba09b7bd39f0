"""What a change of one routing object does to mail, in one sentence, before it is made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from routing.core.facts import HostFacts
from routing.core.intent import DEFAULT_KEY, Intent, make_intent
from routing.core.intent import RoutingObject as Item
from routing.core.mailertable import value_of
from routing.core.table import Table
from routing.models import MailHost, RoutingObject
from routing.queries.edits import relay_values, rows_intent
from routing.queries.ways import deciding_rows, facts_of_server, name_below


def effect_without(server: MailHost, key: str, identity: UUID) -> str:
    """What deleting or disabling an object does to mail."""
    intent, facts = deciding_rows(server, name_below(key)), facts_of_server(server)
    rest = [item for item in intent.objects if item.enabled and item.id != identity]
    subject = _subject(key)
    if facts is None:
        return f"Mail for {subject} then goes by another key."
    if key in own_names_of(facts):
        return _stays(key, server)
    values = {item.key: value_of(item, intent, facts) for item in rest}
    deciding = Table(values).deciding_key(name_below(key))
    if not deciding:
        return f"Mail for {subject} then goes straight to its MX."
    item = next(item for item in rest if item.key == deciding)
    return f"Mail for {subject} then goes to {_name(item, intent, facts)} by the {deciding} key."


def effects_without(rows: Iterable[RoutingObject]) -> tuple[str, ...]:
    """What deleting or disabling all of these does to mail: of how many it goes where then."""
    by_server: dict[MailHost, list[RoutingObject]] = defaultdict(list)
    for row in rows:
        by_server[row.server].append(row)
    return tuple(said for server, gone in by_server.items() for said in _together(server, gone))


def _together(server: MailHost, gone: list[RoutingObject]) -> Iterator[str]:
    facts, intent = facts_of_server(server), rows_intent(server)
    if facts is None:
        yield f"Mail for {len(gone)} keys of {server.name} then goes by other keys."
        return
    ids = {row.pk for row in gone}
    rest = {item.key: item for item in intent.objects if item.enabled and item.id not in ids}
    table = Table({key: value_of(item, intent, facts) for key, item in rest.items()})
    own = own_names_of(facts)
    on = [row for row in gone if row.enabled]
    counts = Counter(table.deciding_key(name_below(r.key)) for r in on if r.key not in own)
    for key, count in counts.most_common():
        what = "1 of them" if count == 1 else f"{count} of them"
        if key:
            way = f"to {_name(rest[key], intent, facts)} by the {key} key"
        else:
            way = "straight to its MX"
        yield f"Mail for {what} on {server.name} then goes {way}."
    if stays := sum(row.key in own for row in on):
        are = "1 of them is a name" if stays == 1 else f"{stays} of them are names"
        yield f"{are} of {server.name} itself: its MTA has their mail either way."
    if idle := sum(not row.enabled for row in gone):
        yield f"{idle} on {server.name} {'is' if idle == 1 else 'are'} disabled: no mail changes."


def effect_with(server: MailHost, item: Item) -> str:
    """What enabling an object does to mail."""
    facts, subject = facts_of_server(server), _subject(item.key)
    if facts is None:
        return f"Mail for {subject} then goes by its own key."
    if item.key in own_names_of(facts):
        return _stays(item.key, server)
    way = _name(item, make_intent(server.name, {item.id: item}, relay_values()), facts)
    return f"Mail for {subject} then goes to {way} by its own key."


def own_names_of(facts: HostFacts) -> frozenset[str]:
    """The names of the host itself: no line of the table is asked for them."""
    return frozenset((*facts.class_w, facts.fqdn))


def _stays(key: str, server: MailHost) -> str:
    return (
        f"{key} is a name of {server.name} itself (class w): the MTA there has its mail either way."
    )


def _subject(key: str) -> str:
    return "everything else" if key == DEFAULT_KEY else key


def _name(item: Item, intent: Intent, facts: HostFacts) -> str:
    if item.relay_target is not None:
        return intent.relay(item.relay_target).name
    return value_of(item, intent, facts)
