"""A message as its caller wrote it, in words that all generations share: what the rest of the sandbox works with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from services.sandbox.bodies import Generation
from services.sandbox.v0_1_rows import ADDRESSES, CHANNEL_NAMES

StatusVersion = Literal["v0.1", "v1"]
_OLD_NAMES: Final = {new: old for old, new in CHANNEL_NAMES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One message. `channel` goes by its v1 name, `kind` is its message type, `content` what it says.

    `status_url` None = the application's. `status_version` is the form of its status webhooks. `body` is as it came.
    """

    generation: Generation
    channel: str
    kind: str
    to: str
    sender: str
    client_ref: str | None
    content: object
    body: Mapping[str, Any]
    status_url: str | None = None
    status_version: StatusVersion = "v0.1"


def v1_draft(body: Mapping[str, Any]) -> Draft:
    """Read a v1 body that was found good. A channel that v0.1 never had has v1 statuses always (protocol A36)."""
    channel, kind = body["channel"], body["message_type"]
    old = body.get("webhook_version") == "v0.1" and _OLD_NAMES.get(channel, channel) in ADDRESSES
    return Draft(
        generation="v1",
        channel=channel,
        kind=kind,
        to=body["to"],
        sender=body["from"],
        client_ref=body.get("client_ref"),
        content=body.get(kind),
        body=body,
        status_url=body.get("webhook_url"),
        status_version="v0.1" if old else "v1",
    )


def v0_1_draft(body: Mapping[str, Any], generation: Generation) -> Draft:
    """Read a v0.1 or beta message, or an item of a workflow, that was found good."""
    name, content = body["to"]["type"], body["message"]["content"]
    address = ADDRESSES[name]
    return Draft(
        generation=generation,
        channel=CHANNEL_NAMES.get(name, name),
        kind=content["type"],
        to=body["to"][address.to[0]],
        sender=body["from"][address.sender[0]],
        # The older generation knew no reference: where one is let pass, nothing is done with it.
        client_ref=body.get("client_ref") if generation == "v0.1" else None,
        content=content[content["type"]],
        body=body,
    )


def nested(channel: str, to: str, sender: str) -> dict[str, object]:
    """Write both ends of a message as v0.1 does: `{"to": {"type", "number" or "id"}, "from": ...}`."""
    name = _OLD_NAMES.get(channel, channel)
    address = ADDRESSES[name]
    return {"to": {"type": name, address.to[0]: to}, "from": {"type": name, address.sender[0]: sender}}


def old_name(channel: str) -> str:
    """Give the name that v0.1 has for a channel."""
    return _OLD_NAMES.get(channel, channel)


def spoken_of(body: Mapping[str, Any] | None) -> dict[str, object]:
    """Give `channel`, `to`, `from` and `client_ref` of a body of any generation, good or not; None where it has none.

    Of a workflow it is the first message.
    """
    whole: Mapping[str, Any] = body or {}
    items = whole.get("workflow")
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else whole
    to, sender = first.get("to"), first.get("from")
    channel = first.get("channel")
    if isinstance(to, dict):
        channel = CHANNEL_NAMES.get(str(to.get("type")), to.get("type"))
    return {
        "channel": channel,
        "to": _end(to),
        "from": _end(sender),
        "client_ref": first.get("client_ref"),
    }


def _end(value: object) -> object:
    return value.get("number", value.get("id")) if isinstance(value, dict) else value
