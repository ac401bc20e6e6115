"""The messages of the AsyncAPI document: payload, AMQP properties and an example of each. Pure.

AsyncAPI keeps protocol headers out of `headers`, and its AMQP binding knows two properties only; so the properties
that matter here are a schema under `x-amqp-properties`.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.queue import envelope
from shared.wire.announcements import Answer, Event
from shared.wire.openapi_examples import EXAMPLES
from shared.wire.openapi_words import JSON
from shared.wire.requests import StartType
from shared.wire.schemas import STARTS, Schema, reference

EVENT_NAMES = (
    "workflow.accepted",
    "workflow.step_started",
    "workflow.final",
    "workflow.amended",
    "message.submitted",
    "message.delivered",
    "message.read",
    "message.rejected",
    "message.undeliverable",
    "inbound.received",
    "channel.stopped",
    "channel.resumed",
)
"""All there are; `channel.*` are told to operators, as events of the tenant `cascade`."""

_TITLES: Mapping[StartType, str] = {
    StartType.MESSAGE_V1: "A v1 message, with or without `failover`",
    StartType.MESSAGE_V0_1: "A message of v0.1 or beta",
    StartType.WORKFLOW_V0_1: "A Dispatch workflow",
    StartType.WORKFLOW_BETA: "A workflow of the beta",
}
_WORKFLOW_ID = "0196e0c0-5d3a-8b7c-9f21-6f0d2a41c700"


def message_name(start_type: StartType) -> str:
    """Return the name of a start among the messages."""
    return STARTS[start_type]


def messages() -> Schema:
    """Return `components.messages`."""
    starts: Schema = {message_name(each): _start(each) for each in STARTS}
    return starts | {"Answer": _answer(), "Event": _event()}


def _start(start_type: StartType) -> Schema:
    identifier = _text(
        "Required. Your idempotency key within the tenant: the same id and body again changes nothing, the same id and"
        " another body is rejected.",
        maxLength=envelope.MAXIMUM_ID_BYTES,
        minLength=1,
    )
    properties = {
        "type": {"const": start_type.value, "description": "Says what the body is."},
        "message_id": identifier,
        "user_id": _text("Required. Your broker user; the broker compares it with the connection."),
        "reply_to": _text(
            "Routing key on `cascade.answers` for the answer. It must begin with your user and a dot; none: no answer.",
            maxLength=255,
        ),
        "content_type": {"const": JSON},
        "content_encoding": {"enum": ["utf-8"], "description": "utf-8, or left out."},
        "delivery_mode": {"const": 2, "description": "Survives a restart of the broker."},
    }
    return {
        "name": start_type.value,
        "title": _TITLES[start_type],
        "contentType": JSON,
        "correlationId": {
            "description": "The `message_id`; the answer carries it as its `correlation_id`.",
            "location": "$message.header#/message_id",
        },
        "headers": {
            "type": "object",
            "description": (
                f"Yours to choose, at most {envelope.MAXIMUM_HEADERS_BYTES} bytes. Those that begin with `x-cascade-`"
                " are believed of the ingress alone."
            ),
        },
        "payload": reference(STARTS[start_type]),
        "bindings": _binding(start_type.value),
        "examples": [
            {"name": name, "summary": example["summary"], "payload": example["value"]}
            for name, example in EXAMPLES[start_type].items()
        ],
        "x-amqp-properties": _properties(properties, "type", "message_id", "user_id"),
    }


def _answer() -> Schema:
    accepted = {"answer": "accepted", "message_id": "order-17", "workflow_id": _WORKFLOW_ID}
    rejected = {
        "answer": "rejected",
        "message_id": "order-18",
        "reason": "invalid",
        "errors": [{"pointer": "/to", "name": "to", "reason": "must be 7 to 15 digits", "code": "pattern"}],
    }
    properties = {
        "type": {"const": envelope.ANSWER},
        "message_id": _text("The same on every delivery of this answer."),
        "correlation_id": _text("The `message_id` of what is answered."),
        "content_type": {"const": JSON},
        "delivery_mode": {"const": 2},
    }
    return {
        "name": envelope.ANSWER,
        "title": "What became of a message on `cascade.sends`",
        "summary": "What is rejected is kept in the dead letters, with the same reasons.",
        "contentType": JSON,
        "correlationId": {
            "description": "The `message_id` of what is answered; it is the `correlation_id` too.",
            "location": "$message.payload#/message_id",
        },
        "payload": reference(Answer.__name__),
        "bindings": _binding(envelope.ANSWER),
        "examples": [
            {"name": "accepted", "summary": "Taken, now or before", "payload": accepted},
            {"name": "rejected", "summary": "Not taken, with every fault of the body", "payload": rejected},
        ],
        "x-amqp-properties": _properties(properties, "type", "message_id", "correlation_id"),
    }


def _event() -> Schema:
    example = {
        "id": "5d3f3bde-8a1b-5f4e-9d7a-0c2b1a3e4f50",
        "event": "message.delivered",
        "at": "2026-03-02T09:15:04.120Z",
        "tenant": "acme",
        "workflow_id": _WORKFLOW_ID,
        "step": 1,
        "message_uuid": f"{_WORKFLOW_ID[:-2]}01",
        "client_ref": "order-17",
    }
    properties = {
        "type": {"const": envelope.EVENT},
        "message_id": _text("The event's `id`: the same on every delivery, so drop what was seen."),
        "content_type": {"const": JSON},
        "delivery_mode": {"const": 2},
    }
    return {
        "name": envelope.EVENT,
        "title": "Something happened to a workflow, a message or a channel",
        "contentType": JSON,
        "payload": reference(Event.__name__),
        "bindings": _binding(envelope.EVENT),
        "examples": [{"name": "delivered", "summary": "A message was delivered", "payload": example}],
        "x-amqp-properties": _properties(properties, "type", "message_id"),
    }


def _binding(message_type: str) -> Schema:
    return {"amqp": {"contentEncoding": "utf-8", "messageType": message_type, "bindingVersion": "0.3.0"}}


def _properties(properties: Mapping[str, object], *required: str) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def _text(description: str, **rules: int) -> Schema:
    return {"type": "string", **rules, "description": description}
