"""The AsyncAPI 3.0 document: what other systems put on the broker and take from it (AMQP 0-9-1). Pure.

Seen from Cascade: it receives requests, and sends answers and events. How exchanges and queues are named comes from
the topology, what the messages hold from the structs.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.queue.topology import ANSWERS, DEFAULT_VHOST, EVENTS, EXCHANGES, INTAKE, SENDS
from shared.wire.announcements import Answer, Event
from shared.wire.asyncapi_messages import EVENT_NAMES, message_name, messages
from shared.wire.openapi import VERSION
from shared.wire.openapi_words import JSON
from shared.wire.requests import StartType
from shared.wire.schemas import Schema, parts

_ABOUT = """\
Plain AMQP 0-9-1 is the client: no package of Cascade's is needed. `cascade publisher add USER --tenant TENANT` makes a
broker user that may publish to `cascade.sends`, make and read queues whose names begin with `USER.`, and bind them to
its own answers and its tenant's events; nothing else.

A confirmed publish means kept. Publish with confirms, `mandatory` and `delivery_mode` 2. Messages above 256 KiB, ids
above 64 bytes and headers above 4 KiB are rejected. Events and answers come at least once: drop ids that were seen.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What Cascade sends, and where publishers find it."""

    message: str
    exchange: str
    address: str
    """Routing key."""
    queue: str
    """Usual name of a publisher's own queue, after its user and a dot."""
    about: str


_SIDES = (
    Side(
        message="Answer",
        exchange=ANSWERS,
        address="{user}.{rest}",
        queue="answers",
        about="What became of what a user published; that user alone may read it.",
    ),
    Side(
        message="Event",
        exchange=EVENTS,
        address="{tenant}.{event}",
        queue="events",
        about="What happened to the workflows of a tenant.",
    ),
)
_PARAMETERS: Mapping[str, Schema] = {
    "user": {"description": "The publisher's broker user."},
    "rest": {"description": "Whatever the publisher put after its user and a dot in `reply_to`."},
    "tenant": {"description": "One word; `cascade` for what concerns the deployment and no tenant."},
    "event": {"description": "The event's name; it has a dot itself, so `acme.message.*` are two words and a star."}
    | {"enum": list(EVENT_NAMES)},
}


@functools.cache
def asyncapi() -> Mapping[str, object]:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:cascade:queue",
        "info": {
            "title": "Cascade on the queue",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "servers": {
            "broker": {
                "host": "127.0.0.1:5672",
                "pathname": f"/{DEFAULT_VHOST}",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ 3.10 or newer; `cascade publisher add` prints the real address.",
                "security": [{"$ref": "#/components/securitySchemes/publisher"}],
            }
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "schemas": _plain(parts(Answer, Event)),
            "messages": messages(),
            "securitySchemes": {
                "publisher": {"type": "userPassword", "description": "A user made with `cascade publisher add`."}
            },
        },
    }


def _plain(node: Any) -> Any:
    """Return the parts with discriminators as AsyncAPI has them: the name of the member alone."""
    if isinstance(node, dict):
        chosen = node.get("discriminator")
        kept = {"discriminator": chosen["propertyName"]} if isinstance(chosen, dict) else {}
        return {key: _plain(value) for key, value in node.items()} | kept
    return [_plain(item) for item in node] if isinstance(node, list) else node


def _channels() -> Schema:
    channels: Schema = {}
    for start_type in StartType:
        name = message_name(start_type)
        channels[_channel_name(start_type)] = {
            "address": start_type.value,
            "description": f"The routing key; all of `{SENDS}` goes into the queue `{INTAKE}`.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            "bindings": _exchange(SENDS),
        }
    for side in _SIDES:
        own = {side.message: {"$ref": f"#/components/messages/{side.message}"}}
        channels[side.queue] = {
            "address": side.address,
            "description": side.about,
            "messages": own,
            "parameters": {name: _PARAMETERS[name] for name in _PARAMETERS if f"{{{name}}}" in side.address},
            "bindings": _exchange(side.exchange),
        }
        channels[f"{side.queue}Queue"] = {
            "address": f"{{user}}.{side.queue}",
            "description": f"The usual name of a publisher's own queue; it binds it to `{side.exchange}`.",
            "messages": own,
            "parameters": {"user": _PARAMETERS["user"]},
            "bindings": _queue(f"{{user}}.{side.queue}"),
        }
    channels["replies"] = {
        "address": None,
        "description": f"`{ANSWERS}` under the routing key that the publisher named in `reply_to`.",
        "messages": {"Answer": {"$ref": "#/components/messages/Answer"}},
        "bindings": _exchange(ANSWERS),
    }
    return channels


def _operations() -> Schema:
    operations: Schema = {}
    for start_type in StartType:
        channel = _channel_name(start_type)
        operations[f"take{message_name(start_type).removeprefix('Send')}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": f"Take a `{start_type.value}` and start it",
            "messages": [{"$ref": f"#/channels/{channel}/messages/{message_name(start_type)}"}],
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "ack": True, "bindingVersion": "0.3.0"}},
            "reply": {
                "address": {
                    "description": "The property `reply_to`, a routing key on the exchange of answers.",
                    "location": "$message.header#/reply_to",
                },
                "channel": {"$ref": "#/channels/replies"},
                "messages": [{"$ref": "#/channels/replies/messages/Answer"}],
            },
        }
    for side in _SIDES:
        operations[f"send{side.message}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{side.queue}"},
            "summary": side.about,
            "messages": [{"$ref": f"#/channels/{side.queue}/messages/{side.message}"}],
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": False, "bindingVersion": "0.3.0"}},
        }
    return operations


def _channel_name(start_type: StartType) -> str:
    return message_name(start_type)[0].lower() + message_name(start_type)[1:]


def _exchange(name: str) -> Schema:
    kind = next(exchange.kind for exchange in EXCHANGES if exchange.name == name)
    exchange = {"name": name, "type": kind, "durable": True, "autoDelete": False, "vhost": DEFAULT_VHOST}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}}


def _queue(name: str) -> Schema:
    queue = {"name": name, "durable": True, "exclusive": False, "autoDelete": False, "vhost": DEFAULT_VHOST}
    return {"amqp": {"is": "queue", "queue": queue, "bindingVersion": "0.3.0"}}
