"""The `webhooks` of the OpenAPI document: what Cascade posts to callers, and how their answer is understood. Pure."""

from __future__ import annotations

from msgspec import Struct

from shared.wire.openapi_words import JSON
from shared.wire.schemas import Schema, reference
from shared.wire.webhook_bodies import (
    FinalReport,
    InboundWebhookV0_1,
    InboundWebhookV1,
    StatusWebhookV0_1,
    StatusWebhookV1,
)

_STATUS = "What became of a message. Once for each status of a message, and never a lower one after a higher."
_TO_STATUS = " It goes to the message's `webhook_url`, else to the application's status address, else to the tenant's."
_INBOUND = (
    "As the provider sent it; only a message of yours that it answers is named by the id and the reference you know,"
    " and `_self.href` leads to Cascade, or is left out where the deployment names no address of its own. It goes to"
    " the application's inbound address, else to the tenant's."
)
_WEBHOOKS: tuple[tuple[str, str, str, type[Struct]], ...] = (
    ("statusV1", "A status, in the v1 form", _STATUS + _TO_STATUS, StatusWebhookV1),
    ("statusV0_1", "A status, in the form of v0.1 and beta", _STATUS + _TO_STATUS, StatusWebhookV0_1),
    ("finalReport", "The end of a dispatch or workflow", "The one end, told once." + _TO_STATUS, FinalReport),
    ("inboundV1", "A message from a person, in the v1 form", _INBOUND, InboundWebhookV1),
    ("inboundV0_1", "A message from a person, in the v0.1 form", _INBOUND, InboundWebhookV0_1),
)
WEBHOOK_STRUCTS: tuple[type[Struct], ...] = tuple(struct for *_, struct in _WEBHOOKS)
_HEADERS = (
    ("webhook-id", "The same on every delivery of it: drop an id that was seen.", {"type": "string"}),
    ("webhook-timestamp", "When this delivery was signed, in seconds since 1970.", {"type": "string"}),
    ("webhook-signature", "As Standard Webhooks have it: `v1,` and a base64 HMAC-SHA256.", {"type": "string"}),
)
_ANSWERS: Schema = {
    "2XX": {"description": "Taken."},
    "429": {"description": "Not now. Sent again: after 5 s, then twice as long each time up to 15 min, for 24 h."},
    "5XX": {"description": "Not now; sent again in the same way. So is what found no answer within 15 s."},
    "default": {"description": "Not wanted: it is not sent again."},
}


def webhooks() -> Schema:
    """Return the section."""
    return {name: {"post": _operation(name, summary, about, struct)} for name, summary, about, struct in _WEBHOOKS}


def _operation(name: str, summary: str, about: str, struct: type[Struct]) -> Schema:
    return {
        "operationId": f"on{name[0].upper()}{name[1:]}",
        "summary": summary,
        "description": about,
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": description, "schema": schema}
            for header, description, schema in _HEADERS
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": reference(struct.__name__)}}},
        "responses": _ANSWERS,
        "security": [{"signature": []}],
    }
