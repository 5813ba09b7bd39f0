"""What a change of one routing object does to mail, in one sentence, before it is made."""

from __future__ import annotations

from uuid import UUID

from routing.core.facts import HostFacts
from routing.core.intent import DEFAULT_KEY, Intent, make_intent
from routing.core.intent import RoutingObject as Item
from routing.core.mailertable import value_of
from routing.core.table import Table
from routing.models import MailHost
from routing.queries.edits import relay_values
from routing.queries.ways import deciding_rows, facts_of_server, name_below


def effect_without(server: MailHost, key: str, identity: UUID) -> str:
    """What deleting or disabling an object does to mail."""
    intent, facts = deciding_rows(server, name_below(key)), facts_of_server(server)
    rest = [item for item in intent.objects if item.enabled and item.id != identity]
    subject = "everything else" if key == DEFAULT_KEY else key
    if facts is None:
        return f"Mail for {subject} then goes by another key."
    values = {item.key: value_of(item, intent, facts) for item in rest}
    deciding = Table(values).deciding_key(name_below(key))
    if not deciding:
        return f"Mail for {subject} then goes straight to its MX."
    item = next(item for item in rest if item.key == deciding)
    return f"Mail for {subject} then goes to {_name(item, intent, facts)} by the {deciding} key."


def effect_with(server: MailHost, item: Item) -> str:
    """What enabling an object does to mail."""
    facts = facts_of_server(server)
    if facts is None:
        return f"Mail for {item.key} then goes by its own key."
    way = _name(item, make_intent(server.name, {item.id: item}, relay_values()), facts)
    return f"Mail for {item.key} then goes to {way} by its own key."


def _name(item: Item, intent: Intent, facts: HostFacts) -> str:
    if item.relay_target is not None:
        return intent.relay(item.relay_target).name
    return value_of(item, intent, facts)
