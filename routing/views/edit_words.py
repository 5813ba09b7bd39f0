"""Edits in words: what changed, and a title for a push of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from routing.core.edits import RELAY_TARGET, Edit, Op
from routing.core.intent import DEFAULT_KEY, ObjectKind, RelayTarget, RoutingObject
from routing.core.mailers import ERROR
from routing.views.nouns import NOUNS

MOST_NAMED = 3
TITLE_LIMIT = 120
Relays = Mapping[UUID, str]


def subject_words(edit: Edit) -> str:
    """What kind of object it is."""
    if edit.subject == RELAY_TARGET:
        return "relay target"
    return NOUNS[ObjectKind(edit.subject)].one


def change_words(edit: Edit, relays: Relays) -> str:
    """What an edit does, in one line: "by smtp1 → by smtp2"."""
    if edit.op is Op.CREATE and edit.after is not None:
        return _new(edit.after, relays)
    if edit.op is Op.DELETE or edit.before is None or edit.after is None:
        return ""
    before, after = _values(edit.before, relays), _values(edit.after, relays)
    pairs = zip(before, after, strict=False)
    return "; ".join(f"{old} → {new}" for old, new in pairs if old != new)


def suggest_title(edits: Sequence[Edit], relays: Relays) -> str:
    """What the push does, after its edits: "Add conf.renater.fr, send jres.org to smtp2"."""
    said, parts = "", []
    for verb, rest in (_act(edit, relays) for edit in edits[:MOST_NAMED]):
        parts.append(rest if verb == said else f"{verb} {rest}")
        said = verb
    if len(edits) > MOST_NAMED:
        parts.append(f"{len(edits) - MOST_NAMED} more")
    title = ", ".join(parts)
    return _cut(title[:1].upper() + title[1:])


def _act(edit: Edit, relays: Relays) -> tuple[str, str]:
    """Verb and object; a verb that the edit before had is not said again."""
    name = "all other mail" if edit.name == DEFAULT_KEY else edit.name
    if edit.op is Op.CREATE:
        return "add", name
    if edit.op is Op.DELETE:
        return "remove", name
    before, after = edit.before, edit.after
    if not isinstance(before, RoutingObject) or not isinstance(after, RoutingObject):
        return "change relay", name
    if before.enabled != after.enabled:
        return ("enable" if after.enabled else "disable"), name
    if before.key != after.key:
        return "rename", f"{before.key} to {after.key}"
    if after.mailer == ERROR:
        return "reject mail for", name
    return "send", f"{name} to {_way(after, relays)}"


def _new(value: RoutingObject | RelayTarget, relays: Relays) -> str:
    """A new object beside its name and kind: only what those do not say."""
    if isinstance(value, RelayTarget):
        return "; ".join(_values(value, relays)[1:])
    return _way(value, relays) if value.enabled else f"{_way(value, relays)}; disabled"


def _values(value: RoutingObject | RelayTarget, relays: Relays) -> tuple[str, ...]:
    if isinstance(value, RelayTarget):
        return (value.name, ", ".join(value.hosts), f"port {value.port}")
    return (
        value.key,
        NOUNS[value.kind].one,
        _way(value, relays),
        "enabled" if value.enabled else "disabled",
    )


def _way(value: RoutingObject, relays: Relays) -> str:
    if value.relay_target is not None:
        return relays.get(value.relay_target, "a relay target that is gone")
    if value.kind is ObjectKind.VIRTUAL_DOMAIN:
        return "Sympa on the server"
    if value.kind is ObjectKind.LOCAL_HOST:
        return f"[{value.key}]"
    return f"{value.mailer}:{value.next_hop}"


def _cut(title: str) -> str:
    return title if len(title) <= TITLE_LIMIT else f"{title[: TITLE_LIMIT - 1]}…"


def relay_names(edits: Iterable[Edit], known: Relays) -> dict[UUID, str]:
    """Names of relay targets by id, also of those that only an edit still knows."""
    gone = {
        edit.object_id: edit.before.name for edit in edits if isinstance(edit.before, RelayTarget)
    }
    return {**gone, **known}
