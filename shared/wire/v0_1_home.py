"""Where members of nested bodies live in `Message.content` that the flat form has no place for, so that none is lost.

`Message.content` is flat: the members of `message.content`, and the channel's options under its v1 name. What else a
v0.1 body holds stays under one member, `HOME`, by the object it stood in:

    {"step": {...}, "message": {...}, "content": {...}, "options": {...}, "to": {...}, "from": {...}}

`content` and `options` are for names that mean something in a flat body (a `to` inside `message.content`). Levels that
hold nothing are left out, and so is `HOME` itself. A v1 body may have a member of that very name: it stays under
`HOME` -> `flat`. On the way out a v0.1 body gets everything back where it stood (`shared.vonage.calls_v0_1`), and a v1
body whatever it has no member of that name for yet, but for `to` and `from` (`shared.vonage.calls_v1`).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from msgspec import Struct, structs

from shared.channels import Channel
from shared.wire.content import SHAPES, Key, Shape
from shared.wire.message_rules import NO_CONTENT
from shared.wire.own_fields import OWN_WORDS
from shared.wire.v0_1_bodies import WITH_OPTIONS

HOME = "v0.1"
Members = Mapping[str, object]

_OF_STEP = OWN_WORDS | {"to", "from", "message", "client_ref", "webhook_url", "webhook_version", "ttl", "failover"}


def _names(struct: type[Struct] | None) -> frozenset[str]:
    return frozenset() if struct is None else frozenset(each.encode_name for each in structs.fields(struct))


def _newer_options(channel: str, shape: Shape) -> frozenset[str]:
    known = _names(shape.old_options or shape.options) if channel in WITH_OPTIONS else frozenset[str]()
    return _names(shape.options) - known


NEWER_MEMBERS: Mapping[Key, frozenset[str]] = {key: _names(shape.beside) for key, shape in SHAPES.items()}
"""Members of the flat body that v0.1 does not know."""
NEWER_OPTIONS: Mapping[Key, frozenset[str]] = {key: _newer_options(key[0], shape) for key, shape in SHAPES.items()}
"""Members of the channel's options that v0.1 does not know."""


def kept_apart(flat: dict[str, object]) -> dict[str, object]:
    """Return the content of a flat body, with a member that bears the name of `HOME` out of its way."""
    return {**flat, HOME: {"flat": {HOME: flat[HOME]}}} if HOME in flat else flat


def flattened(row: Channel, step: Members, message: Members, content: Members) -> dict[str, object]:
    """Return the flat content of a nested message that v0.1 knows.

    Every member of it is somewhere in there, but for those that the reader takes: envelope and Cascade's own words.
    """
    key = row.name, str(content["type"])
    flat: dict[str, object] = {}
    home: dict[str, dict[str, object]] = {"step": _without(step, _OF_STEP)}
    old_names = {str(row.v0_1_name)} if row.name in WITH_OPTIONS else set[str]()
    options = next((message[name] for name in old_names if name in message), None)
    if isinstance(options, Mapping):
        flat[row.name] = _without(options, NEWER_OPTIONS[key])
        home["options"] = _without(options, options.keys() - NEWER_OPTIONS[key])
    home["message"] = _without(message, OWN_WORDS | old_names | {"content"})
    inner = _without(content, OWN_WORDS | {"type"})
    reserved = NO_CONTENT | NEWER_MEMBERS[key] | {row.name, HOME}
    flat |= _without(inner, reserved)
    home["content"] = _without(inner, inner.keys() - reserved)
    for name, member in (("to", row.v0_1_recipient), ("from", row.v0_1_sender)):
        address = step.get(name)
        home[name] = _without(address, {"type", member}) if isinstance(address, Mapping) else {}
    kept = {level: members for level, members in home.items() if members}
    if kept:
        flat[HOME] = kept
    return flat


def level(content: Members, name: str) -> Members:
    """Return what is kept of one level; empty where nothing is."""
    home = content.get(HOME)
    members = home.get(name) if isinstance(home, Mapping) else None
    return members if isinstance(members, Mapping) else {}


def _without(members: Members, names: AbstractSet[str]) -> dict[str, object]:
    return {key: value for key, value in members.items() if key not in names}
