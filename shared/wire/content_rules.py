"""Rules of content that look at more than one member, or at what no schema can say: by channel and type.

They are asked beside the structs of `content` and look only at what has the right type, so that each fault is told
once and by its own member.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.errors import Fault
from shared.wire.content_viber import DURATION, FILE_SIZE
from shared.wire.places import Place

Members = Mapping[str, object]

# Always the whole string: `$` alone would let a trailing newline pass, and \d the digits of every alphabet.
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_DIALLED = re.compile(r"\+?[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One message, taken apart for the rules."""

    place: Place
    """Where `members` stand: the message itself in v1, `message.content` in v0.1."""
    members: Members
    options_place: Place
    options: Members
    """Empty where there are none, or no object."""

    def inner(self, name: str) -> Members:
        """Return a member that is an object; an empty one where it is not."""
        value = self.members.get(name)
        return value if isinstance(value, Mapping) else {}


Rule = Callable[[Parts], Iterator[Fault]]


def rule_faults(channel: str, kind: str, parts: Parts) -> Iterator[Fault]:
    """Name what breaks the rules of a channel and type."""
    for rule in (*_RULES.get((channel, ""), ()), *_RULES.get((channel, kind), ())):
        yield from rule(parts)


def _tag(parts: Parts) -> Iterator[Fault]:
    if parts.options.get("category") == "message_tag" and "tag" not in parts.options:
        yield parts.options_place.member("tag").fault("required", "is required where the category is message_tag")


def _video_numbers(parts: Parts) -> Iterator[Fault]:
    # The provider's own libraries send them as numbers or as strings (protocol A17).
    for name, most, form in (("duration", 600, DURATION), ("file_size", 200, FILE_SIZE)):
        value = parts.options.get(name)
        if isinstance(value, str) and not (
            value.isascii() and value.isdigit() and len(value) <= 3 and 1 <= int(value) <= most
        ):
            yield parts.options_place.member(name).fault("range", f"must be {form.description}")


def _sticker(parts: Parts) -> Iterator[Fault]:
    sticker = parts.inner("sticker")
    place = parts.place.member("sticker")
    if "sticker" in parts.members and isinstance(parts.members["sticker"], Mapping):
        if "url" in sticker and "id" in sticker:
            yield place.fault("exclusive", "must have a url or an id, not both")
        elif "url" not in sticker and "id" not in sticker:
            yield place.fault("required", "must have a url or an id")
    identity = sticker.get("id")
    if isinstance(identity, str) and not _UUID.fullmatch(identity):
        yield place.member("id").fault("uuid", "must be a UUID")


def _reaction(parts: Parts) -> Iterator[Fault]:
    reaction = parts.inner("reaction")
    place = parts.place.member("reaction").member("emoji")
    if reaction.get("action") == "react" and "emoji" not in reaction:
        yield place.fault("required", "is required where the action is react")
    elif reaction.get("action") == "unreact" and "emoji" in reaction:
        yield place.fault("unsupported", "can't stand where the action is unreact")


def _card(parts: Parts) -> Iterator[Fault]:
    orientation, card = parts.options.get("card_orientation"), parts.inner("card")
    if orientation == "VERTICAL" and card and "media_height" not in card:
        place = parts.place.member("card").member("media_height")
        yield place.fault("required", "is required where the card_orientation is VERTICAL")
    if orientation == "HORIZONTAL" and "image_alignment" not in parts.options:
        place = parts.options_place.member("image_alignment")
        yield place.fault("required", "is required where the card_orientation is HORIZONTAL")


def _card_suggestions(parts: Parts) -> Iterator[Fault]:
    yield from _suggestions_of(parts.place.member("card"), parts.inner("card"))


def _carousel_suggestions(parts: Parts) -> Iterator[Fault]:
    place, cards = parts.place.member("carousel"), parts.members.get("carousel")
    if isinstance(cards, Mapping):
        place, cards = place.member("cards"), cards.get("cards")
    for index, card in enumerate(cards[:10] if isinstance(cards, list) else ()):
        if isinstance(card, Mapping):
            yield from _suggestions_of(place.item(index), card)


def _own_suggestions(parts: Parts) -> Iterator[Fault]:
    yield from _suggestions_of(parts.place, parts.members)


def _suggestions_of(place: Place, members: Members) -> Iterator[Fault]:
    listed = members.get("suggestions")
    for index, suggestion in enumerate(listed[:11] if isinstance(listed, list) else ()):
        if isinstance(suggestion, Mapping):
            yield from _suggestion(place.member("suggestions").item(index), suggestion)


def _suggestion(place: Place, suggestion: Members) -> Iterator[Fault]:
    kind, number = suggestion.get("type"), suggestion.get("phone_number")
    if kind == "dial" and isinstance(number, str) and not _DIALLED.fullmatch(number):
        reason = "must be an E.164 number of 7 to 15 digits, with or without +"
        yield place.member("phone_number").fault("recipient", reason)
    if kind == "create_calendar_event":
        for name in ("start_time", "end_time"):
            time = suggestion.get(name)
            if isinstance(time, str) and not _is_time(time):
                yield place.member(name).fault("time", "must be a date and time in ISO 8601")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


# Of a channel and type; an empty type means all of the channel.
_RULES: Mapping[tuple[str, str], tuple[Rule, ...]] = {
    ("messenger", ""): (_tag,),
    ("viber_service", "video"): (_video_numbers,),
    ("whatsapp", "sticker"): (_sticker,),
    ("whatsapp", "reaction"): (_reaction,),
    ("rcs", "text"): (_own_suggestions,),
    ("rcs", "card"): (_card, _card_suggestions),
    ("rcs", "carousel"): (_own_suggestions, _carousel_suggestions),
}
