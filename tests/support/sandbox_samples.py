"""A good body for each row of the sandbox's tables, written from the provider's pages and from nothing else."""

from typing import Any

PHONE, MEDIA, UUID = "447700900123", "https://media.example.com/file", "0c9d6f0a-3b1c-4a56-9a10-6b7c8d9e0f11"
_CARD = {"title": "Hat", "text": "A red hat", "media_url": MEDIA}
_BUTTON = {"text": "Yes", "postback_data": "yes"}
SUGGESTIONS: list[dict[str, Any]] = [
    {"type": "reply", **_BUTTON},
    {"type": "dial", **_BUTTON, "phone_number": "+447700900000", "fallback_url": MEDIA},
    {"type": "view_location", **_BUTTON, "latitude": "51.5", "longitude": "-0.12", "pin_label": "Here"},
    {"type": "share_location", **_BUTTON},
    {"type": "open_url", **_BUTTON, "url": MEDIA, "description": "A page"},
    {"type": "open_url_in_webview", **_BUTTON, "url": MEDIA, "view_mode": "TALL"},
    {
        "type": "create_calendar_event",
        **_BUTTON,
        "start_time": "2026-03-02T10:00:00Z",
        "end_time": "2026-03-02T11:00:00Z",
        "title": "Visit",
    },
]

V1_CONTENT: dict[tuple[str, str], dict[str, Any]] = {
    ("sms", "text"): {"text": "Hello", "ttl": 600, "sms": {"encoding_type": "auto", "entity_id": "7"}},
    ("mms", "text"): {"text": "Hello", "ttl": 300},
    ("mms", "image"): {"image": {"url": MEDIA, "caption": "A hat"}, "trusted_recipient": True},
    ("mms", "vcard"): {"vcard": {"url": MEDIA}},
    ("mms", "audio"): {"audio": {"url": MEDIA}},
    ("mms", "video"): {"video": {"url": MEDIA, "caption": "A hat"}},
    ("mms", "file"): {"file": {"url": MEDIA}},
    ("mms", "content"): {
        "content": [{"type": "image", "url": MEDIA}, {"type": "vcard", "url": MEDIA, "caption": "Me"}]
    },
    ("viber_service", "text"): {
        "text": "Hello",
        "viber_service": {"ttl": 30, "category": "promotion", "action": {"url": MEDIA, "text": "Look"}},
    },
    ("viber_service", "image"): {"image": {"url": MEDIA, "caption": "A hat"}, "viber_service": {"type": "template"}},
    ("viber_service", "video"): {
        "video": {"url": MEDIA, "thumb_url": MEDIA, "caption": "A hat"},
        "viber_service": {"duration": "600", "file_size": 200},
    },
    ("viber_service", "file"): {"file": {"url": MEDIA, "name": "prices.pdf"}},
    ("viber_service", "template"): {"template": {"name": "welcome", "parameters": ["Ada"]}},
    ("messenger", "text"): {"text": "Hello", "messenger": {"category": "message_tag", "tag": "EVENT"}},
    ("messenger", "image"): {"image": {"url": MEDIA}},
    ("messenger", "audio"): {"audio": {"url": MEDIA}},
    ("messenger", "video"): {"video": {"url": MEDIA}, "messenger": {"category": "update"}},
    ("messenger", "file"): {"file": {"url": MEDIA}},
    ("messenger", "custom"): {"custom": {"attachment": {"type": "template"}}},
    ("rcs", "text"): {"text": "Hello", "suggestions": SUGGESTIONS, "rcs": {"category": "transaction"}},
    ("rcs", "image"): {"image": {"url": MEDIA}, "ttl": 20},
    ("rcs", "video"): {"video": {"url": MEDIA}},
    ("rcs", "file"): {"file": {"url": MEDIA}},
    ("rcs", "card"): {
        "card": {**_CARD, "media_height": "TALL", "suggestions": SUGGESTIONS[:4]},
        "rcs": {"card_orientation": "VERTICAL"},
    },
    ("rcs", "carousel"): {"carousel": {"cards": [_CARD, {**_CARD, "title": "Coat"}]}, "rcs": {"card_width": "SMALL"}},
    ("rcs", "custom"): {"custom": {"contentMessage": {}}},
    ("whatsapp", "text"): {"text": "Hello", "context": {"message_uuid": UUID}},
    ("whatsapp", "image"): {"image": {"url": MEDIA, "caption": "A hat"}},
    ("whatsapp", "audio"): {"audio": {"url": MEDIA}, "ttl": 60},
    ("whatsapp", "video"): {"video": {"url": MEDIA, "caption": "A hat"}},
    ("whatsapp", "file"): {"file": {"url": MEDIA, "caption": "Prices", "name": "prices.pdf"}},
    ("whatsapp", "template"): {
        "template": {"name": "space:welcome", "parameters": ["Ada"], "buttons": []},
        "whatsapp": {"policy": "deterministic", "locale": "en_GB"},
    },
    ("whatsapp", "sticker"): {"sticker": {"url": MEDIA}},
    ("whatsapp", "reaction"): {
        "reaction": {"action": "react", "emoji": "👍"},
        "context": {"message_uuid": UUID},
    },
    ("whatsapp", "custom"): {"custom": {"type": "contacts"}},
    ("email", "text"): {"text": "Hello", "email": {"subject": "News", "importance": "High"}},
    ("email", "html"): {"html": {"body": "<p>Hello</p>"}, "email": {"subject": "News"}},
    ("email", "content"): {
        "content": [{"type": "text", "text": "Hello"}, {"type": "html", "body": "<p>Hello</p>"}],
        "email": {"subject": "News", "priority": "Urgent", "sensitivity": "Private"},
    },
}
_V1_ENDS = {"messenger": ("psid-17", "page-1"), "email": ("ada@example.com", "Acme <news@example.com>")}

V0_1_MESSAGES: dict[tuple[str, str], dict[str, Any]] = {
    ("sms", "text"): {"content": {"type": "text", "text": "Hello"}},
    ("mms", "image"): {"content": {"type": "image", "image": {"url": MEDIA, "caption": "A hat"}}},
    ("viber_service_msg", "text"): {
        "content": {"type": "text", "text": "Hello"},
        "viber_service_msg": {"category": "transaction", "ttl": 600, "type": "string"},
    },
    ("viber_service_msg", "image"): {"content": {"type": "image", "image": {"url": MEDIA}}},
    ("viber_service_msg", "template"): {
        "content": {"type": "template", "template": {"name": "welcome", "parameters": ["Ada", {"default": "x"}]}}
    },
    ("messenger", "text"): {"content": {"type": "text", "text": "Hello"}, "messenger": {"category": "response"}},
    ("messenger", "image"): {"content": {"type": "image", "image": {"url": MEDIA}}},
    ("messenger", "audio"): {"content": {"type": "audio", "audio": {"url": MEDIA}}},
    ("messenger", "video"): {"content": {"type": "video", "video": {"url": MEDIA}}},
    ("messenger", "file"): {"content": {"type": "file", "file": {"url": MEDIA}}},
    ("messenger", "custom"): {"content": {"type": "custom", "custom": {"attachment": {}}}},
    ("whatsapp", "text"): {"content": {"type": "text", "text": "Hello"}},
    ("whatsapp", "template"): {
        "content": {"type": "template", "template": {"name": "space:welcome", "parameters": ["Ada"]}},
        "whatsapp": {"policy": "deterministic", "locale": "en-GB"},
    },
    ("whatsapp", "image"): {"content": {"type": "image", "image": {"url": MEDIA, "caption": "A hat"}}},
    ("whatsapp", "audio"): {"content": {"type": "audio", "audio": {"url": MEDIA}}},
    ("whatsapp", "video"): {"content": {"type": "video", "video": {"url": MEDIA}}},
    ("whatsapp", "file"): {"content": {"type": "file", "file": {"url": MEDIA, "caption": "Prices"}}},
    ("whatsapp", "custom"): {"content": {"type": "custom", "custom": {"type": "location"}}},
}
_V0_1_ENDS = {
    "messenger": ({"id": "psid-17"}, {"id": "page-1"}),
    "viber_service_msg": ({"number": PHONE}, {"id": "16273"}),
}


def v1_sample(channel: str, kind: str, to: str | None = None) -> dict[str, Any]:
    """Give a good v1 body, to a recipient of one's own if wanted."""
    usual, sender = _V1_ENDS.get(channel, (PHONE, "447700900001"))
    ends = {"to": to or usual, "from": sender}
    return {"channel": channel, "message_type": kind, **ends, **V1_CONTENT[channel, kind]}


def v0_1_sample(channel: str, kind: str, to: str | None = None) -> dict[str, Any]:
    """Give a good v0.1 body, to a recipient of one's own if wanted."""
    usual, sender = _V0_1_ENDS.get(channel, ({"number": PHONE}, {"number": "447700900001"}))
    (key,) = usual
    ends = {"to": {"type": channel, key: to or usual[key]}, "from": {"type": channel, **sender}}
    return {**ends, "message": V0_1_MESSAGES[channel, kind]}
