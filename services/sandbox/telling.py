"""Say in a few lines what a message shows on a phone, whatever its type. Pure; nothing is escaped here."""

from collections.abc import Mapping
from typing import Any, Final

_LONGEST: Final = 2000
_MEDIA: Final = ("image", "audio", "video", "file", "vcard", "sticker")


def told(body: Mapping[str, Any]) -> str:
    """Give the lines of a message that was taken, from the body it came in."""
    content: Any = body
    if isinstance(body.get("message"), Mapping):
        content = body["message"].get("content") or {}
    lines = [*_lines(content), *_buttons(content.get("suggestions"))]
    kind = content.get("message_type") or content.get("type")
    return "\n".join(lines)[:_LONGEST] or f"({kind})"


def _lines(content: Mapping[str, Any]) -> list[str]:
    lines = []
    if isinstance(email := content.get("email"), Mapping) and email.get("subject"):
        lines.append(str(email["subject"]))
    if content.get("text"):
        lines.append(str(content["text"]))
    for kind in _MEDIA:
        if isinstance(content.get(kind), Mapping):
            lines += _media(kind, content[kind])
    if isinstance(content.get("card"), Mapping):
        lines += _card(content["card"])
    for card in _cards(content.get("carousel")):
        lines += _card(card)
    if isinstance(content.get("content"), list):
        for part in content["content"]:
            lines += _part(part)
    return lines + _others(content)


def _media(kind: str, value: Mapping[str, Any]) -> list[str]:
    address = value.get("url") or value.get("id") or ""
    named = f"[{kind}] {value['name']} {address}" if value.get("name") else f"[{kind}] {address}"
    return [named, str(value["caption"])] if value.get("caption") else [named]


def _card(card: Mapping[str, Any]) -> list[str]:
    lines = [str(card[name]) for name in ("title", "text") if card.get(name)]
    return [*lines, f"[image] {card.get('media_url', '')}", *_buttons(card.get("suggestions"))]


def _cards(carousel: object) -> list[Mapping[str, Any]]:
    cards = carousel.get("cards") if isinstance(carousel, Mapping) else carousel
    return [card for card in cards if isinstance(card, Mapping)] if isinstance(cards, list) else []


def _part(part: object) -> list[str]:
    if not isinstance(part, Mapping):
        return []
    if part.get("url"):
        return _media(str(part.get("type")), part)
    return [str(part.get("text") or part.get("body") or "")]


def _buttons(suggestions: object) -> list[str]:
    if not isinstance(suggestions, list):
        return []
    return [f"[ {one.get('text', '')} ]" for one in suggestions if isinstance(one, Mapping)]


def _others(content: Mapping[str, Any]) -> list[str]:
    """Tell the types that are neither text nor a file."""
    lines = []
    if isinstance(template := content.get("template"), Mapping):
        filled = [
            str(value.get("default", "") if isinstance(value, Mapping) else value)
            for value in template.get("parameters") or ()
        ]
        lines.append(f"[template] {template.get('name', '')}" + (f": {', '.join(filled)}" if filled else ""))
    if isinstance(reaction := content.get("reaction"), Mapping):
        lines.append(str(reaction.get("emoji") or "(takes the reaction back)"))
    if isinstance(page := content.get("html"), Mapping):
        lines.append(str(page.get("body", "")))
    if "custom" in content:
        lines.append("[custom]")
    return lines
