"""Requests to read and to try, one or more of every kind. Each keeps all rules: a test sends them."""

from __future__ import annotations

from collections.abc import Mapping

from shared.wire.requests import StartType
from shared.wire.schemas import Schema

_NUMBER, _SENDER, _VIBER = "447700900000", "447700900001", "16273"
_TEXT = "Your parcel arrives today."


def _old_text(channel: str, sender: Mapping[str, str], text: str = _TEXT) -> Schema:
    return {
        "from": {"type": channel, **sender},
        "to": {"type": channel, "number": _NUMBER},
        "message": {"content": {"type": "text", "text": text}},
    }


_BY_SMS = _old_text("sms", {"number": _SENDER})
_BY_VIBER = _old_text("viber_service_msg", {"id": _VIBER})
_WORKFLOW: Schema = {
    "template": "failover",
    "workflow": [{**_BY_VIBER, "failover": {"expiry_time": 600, "condition_status": "delivered"}}, _BY_SMS],
}
_SMS: Schema = {"channel": "sms", "message_type": "text", "to": _NUMBER, "from": "Parcels", "text": _TEXT}

EXAMPLES: Mapping[StartType, Mapping[str, Schema]] = {
    StartType.MESSAGE_V1: {
        "sms": {"summary": "One SMS", "value": {**_SMS, "client_ref": "order-17", "ttl": 3600}},
        "failover": {
            "summary": "Viber, and SMS when it was not delivered within ten minutes",
            "value": {
                "channel": "viber_service",
                "message_type": "text",
                "to": _NUMBER,
                "from": _VIBER,
                "text": _TEXT,
                "client_ref": "order-17",
                "expiry_time": 600,
                "failover": [_SMS],
            },
        },
        "rcs-card": {
            "summary": "A card on RCS with two things to tap",
            "value": {
                "channel": "rcs",
                "message_type": "card",
                "to": _NUMBER,
                "from": "Parcels",
                "card": {
                    "title": "Your parcel",
                    "text": _TEXT,
                    "media_url": "https://parcels.example/van.jpg",
                    "suggestions": [
                        {"type": "reply", "text": "I am in", "postback_data": "in"},
                        {"type": "dial", "text": "Call us", "postback_data": "call", "phone_number": _SENDER},
                    ],
                },
            },
        },
        "whatsapp-template": {
            "summary": "A template on WhatsApp, and SMS where it can't be delivered",
            "value": {
                "channel": "whatsapp",
                "message_type": "template",
                "to": _NUMBER,
                "from": _SENDER,
                "template": {"name": "parcels:arrives", "parameters": ["today"]},
                "whatsapp": {"policy": "deterministic", "locale": "en_GB"},
                "failover": [_SMS],
            },
        },
        "email": {
            "summary": "An email in HTML",
            "value": {
                "channel": "email",
                "message_type": "html",
                "to": "person@home.example",
                "from": "Parcels <desk@parcels.example>",
                "html": {"body": "<p>Your parcel arrives today.</p>"},
                "email": {"subject": "Your parcel"},
            },
        },
    },
    StartType.MESSAGE_V0_1: {"sms": {"summary": "One SMS", "value": {**_BY_SMS, "client_ref": "order-17"}}},
    StartType.WORKFLOW_V0_1: {
        "failover": {"summary": "Viber, and SMS when it was not delivered within ten minutes", "value": _WORKFLOW},
        "own-words": {
            "summary": "The same, started within the hour and ahead of others",
            "value": {**_WORKFLOW, "valid_for": 3600, "priority": "high"},
        },
    },
    StartType.WORKFLOW_BETA: {
        "failover": {"summary": "Viber, and SMS when it was not delivered within ten minutes", "value": _WORKFLOW}
    },
}
