"""What somebody writes where a test says only of which type it is (protocol 5.5). Pure."""

from collections.abc import Mapping
from typing import Any, Final

_PLACE: Final = "https://media.example.com"

_V1: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"text": "Hello"},
    "image": {"image": {"url": f"{_PLACE}/picture.jpg", "name": "picture.jpg", "caption": "A hat"}},
    "audio": {"audio": {"url": f"{_PLACE}/voice.mp3"}},
    "video": {"video": {"url": f"{_PLACE}/film.mp4", "caption": "A walk"}},
    "file": {"file": {"url": f"{_PLACE}/paper.pdf", "name": "paper.pdf"}},
    "vcard": {"vcard": {"url": f"{_PLACE}/ada.vcf"}},
    "sticker": {"sticker": {"url": f"{_PLACE}/smile.webp"}},
    "location": {"location": {"lat": 51.5, "long": -0.12, "name": "Tower", "address": "1 River Road"}},
    "reply": {"reply": {"id": "yes", "title": "Yes", "description": "I agree"}},
    "button": {"button": {"payload": "yes", "subtype": "quick_reply", "text": "Yes"}},
    "reaction": {"reaction": {"action": "react", "emoji": "👍"}},
    "order": {
        "order": {
            "catalog_id": "4711",
            "product_items": [
                {"product_retailer_id": "hat-1", "quantity": "2", "item_price": "12.50", "currency": "EUR"}
            ],
        }
    },
    "contact": {"contact": {"name": {"formatted_name": "Ada"}, "phones": [{"phone": "447700900999"}]}},
    "content": {
        "content": [
            {"type": "image", "url": f"{_PLACE}/one.jpg", "caption": "One"},
            {"type": "image", "url": f"{_PLACE}/two.jpg"},
        ]
    },
    "custom": {"custom": {"type": "of its own"}},
    "unsupported": {"provider_message": "This type of message can't be shown"},
}
KINDS: Final = tuple(_V1)

# Places are written in three ways: v0.1 has its numbers as strings.
_PLACES: Final[Mapping[str, Mapping[str, str | float]]] = {
    "v0.1": {"longitude": "-0.12", "latitude": "51.5", "name": "Tower", "address": "1 River Road"},
    "beta": {"lat": 51.5, "long": -0.12, "url": f"{_PLACE}/map"},
}
# Files had an address and a caption, and no name of their own.
_OLD_MEMBERS: Final = frozenset({"url", "caption"})


def usual_content(kind: str, generation: str = "v1") -> dict[str, Any]:
    """Give the members of a flat v1 body, or for another generation those of `message.content`."""
    content = dict(_V1.get(kind, {}))
    if generation == "v1":
        return content
    if kind == "location":
        return {kind: dict(_PLACES[generation])}
    value = content.get(kind)
    if isinstance(value, dict) and "url" in value:
        return {kind: {name: inside for name, inside in value.items() if name in _OLD_MEMBERS}}
    return content
