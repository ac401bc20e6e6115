"""Build the nested v0.1 body of a message, where it has one. Pure.

A v0.1 call can say less than a v1 call. What would be lost without a word is refused by name; only a time to live that
v0.1 has no place for is left out, because our own clocks end the waiting anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared.channels import CHANNELS, Address, Channel, is_number
from shared.errors import NotExpressible
from shared.model import Message
from shared.vonage.languages import with_language
from shared.wire.message_rules import NO_CONTENT
from shared.wire.v0_1_home import HOME, NEWER_MEMBERS, NEWER_OPTIONS, level


def v0_1_message(message: Message, ttl: int | None) -> dict[str, object]:
    """Return the v0.1 form of a message, without a `client_ref`; a Dispatch step has the same form.

    `ttl` is the one we decided on (semantics 9), in seconds; only Viber's can be said.
    Raises NotExpressible with the v1 names of everything that v0.1 has no words for.
    """
    row, content = CHANNELS[message.channel], message.content
    missing = tuple(_missing(row, message))
    if missing:
        raise NotExpressible("v0.1", *missing)
    inner: dict[str, object] = {"type": message.kind}
    inner.update((name, value) for name, value in content.items() if name not in NO_CONTENT | {row.name, HOME})
    inner.update({**level(content, "flat"), **level(content, "content")})
    nested: dict[str, object] = {"content": inner, **level(content, "message")}
    options = _options(row, with_language(message, content.get(row.name)), level(content, "options"), ttl)
    if options is not None:
        nested[str(row.v0_1_name)] = options
    return {
        "from": {"type": row.v0_1_name, row.v0_1_sender: message.sender, **level(content, "from")},
        "to": {"type": row.v0_1_name, row.v0_1_recipient: message.recipient, **level(content, "to")},
        "message": nested,
        **level(content, "step"),
    }


def _options(row: Channel, options: object, newer: Mapping[str, object], ttl: int | None) -> object:
    if newer or (ttl is not None and row.ttl_among_options):
        options = {**newer, **(options if isinstance(options, Mapping) else {})}
        if ttl is not None and row.ttl_among_options:
            options["ttl"] = ttl
    if isinstance(options, Mapping) and isinstance(options.get("locale"), str):
        # v1 takes both forms of a language; v0.1 wants BCP 47, with a hyphen.
        options = {**options, "locale": options["locale"].replace("_", "-")}
    return options


def _missing(row: Channel, message: Message) -> Iterator[str]:
    """Return the v1 names of what v0.1 can't say."""
    if row.v0_1_name is None:
        yield "channel"
        return
    kind = row.type_named(message.kind)
    if kind is None or not kind.in_v0_1:
        yield "message_type"
        return
    if row.recipient is Address.NUMBER_OR_ID and not is_number(message.recipient):
        yield "to"
    key = row.name, kind.name
    yield from sorted(NEWER_MEMBERS[key] & message.content.keys())
    options = message.content.get(row.name)
    if isinstance(options, Mapping):
        yield from (f"{row.name}.{name}" for name in sorted(NEWER_OPTIONS[key] & options.keys()))
