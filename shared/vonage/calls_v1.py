"""Build the flat v1 body of a message. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shared.channels import CHANNELS
from shared.model import Message
from shared.vonage.languages import with_language
from shared.wire.message_rules import NO_CONTENT
from shared.wire.v0_1_home import HOME, level

_LEVELS = ("flat", "content", "message", "step")
"""Of a nested body, the innermost first: the nearest wins where two hold a member of one name."""


def v1_message(message: Message, ttl: int | None) -> dict[str, object]:
    """Return the v1 form of a message, without a `client_ref`.

    `ttl` is the one we decided on (semantics 9), in seconds; None sends none of ours.
    """
    row = CHANNELS.get(message.channel)
    kind = None if row is None else row.type_named(message.kind)
    body: dict[str, object] = {
        "channel": message.channel,
        "message_type": message.kind,
        "to": message.recipient,
        "from": message.sender,
    }
    own = {name: value for name, value in message.content.items() if name != HOME}
    for members in (own, *(level(message.content, name) for name in _LEVELS)):
        body.update((name, value) for name, value in members.items() if name not in NO_CONTENT and name not in body)
    newer, options = level(message.content, "options"), body.get(message.channel)
    if newer:
        body[message.channel] = {**newer, **(options if isinstance(options, Mapping) else {})}
    if (named := with_language(message, body.get(message.channel))) is not None:
        body[message.channel] = named
    if message.kind == "template":
        body["template"] = _with_plain_parameters(body.get("template"))
    if ttl is None and kind is not None and kind.passes_ttl:
        ttl = message.ttl
    if ttl is not None:
        if row is not None and row.ttl_among_options:
            options = body.get(row.name)
            body[row.name] = {**(options if isinstance(options, Mapping) else {}), "ttl": ttl}
        else:
            body["ttl"] = ttl
    return body


def _with_plain_parameters(template: object) -> object:
    """Return a template whose parameters of the old form `{"default": "x"}` are plain strings (protocol A18)."""
    parameters = template.get("parameters") if isinstance(template, Mapping) else None
    if not isinstance(template, Mapping) or not isinstance(parameters, list):
        return template
    return {**template, "parameters": [_plain(each) for each in parameters]}


def _plain(parameter: object) -> object:
    return parameter.get("default", parameter) if isinstance(parameter, Mapping) else parameter
