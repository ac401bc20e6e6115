"""RCS in v1: texts, files, cards and carousels with their suggestions (protocol 2.2)."""

from collections.abc import Mapping
from typing import Final

from services.sandbox.schema_parts import (
    ADDRESS,
    PHONE,
    Schema,
    choice,
    closed,
    flag,
    free,
    listing,
    matching,
    media,
    needs,
    one_of_kinds,
    text,
    when,
    whole,
)
from services.sandbox.v1_row import Row

_SENDER: Final = matching("[A-Za-z0-9_&-]{1,100}", "must be an agent's name of letters, digits, - _ and &")
_BUTTON: Final[Mapping[str, Schema]] = {"text": text(1, 25), "postback_data": text()}
_DEGREES: Final = matching(r"[+-]?[0-9]{1,3}(?:\.[0-9]+)?", "must be a string of degrees")
_MOMENT: Final = matching(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?",
    "must be a time in ISO 8601",
)
_OPENS: Final = ({**_BUTTON, "url": ADDRESS}, {"description": text(1, 500)})
_SUGGESTION: Final = one_of_kinds(
    {
        "reply": (_BUTTON, {}),
        "dial": (
            {**_BUTTON, "phone_number": matching(r"\+?[1-9][0-9]{6,14}", "must be a phone number")},
            {"fallback_url": ADDRESS},
        ),
        "view_location": (
            {**_BUTTON, "latitude": _DEGREES, "longitude": _DEGREES, "pin_label": text()},
            {"fallback_url": ADDRESS},
        ),
        "share_location": (_BUTTON, {}),
        "open_url": _OPENS,
        "open_url_in_webview": (_OPENS[0], {**_OPENS[1], "view_mode": choice("FULL", "TALL", "HALF")}),
        "create_calendar_event": (
            {**_BUTTON, "start_time": _MOMENT, "end_time": _MOMENT, "title": text(1, 100)},
            {"description": text(1, 500), "fallback_url": ADDRESS},
        ),
    }
)
_SUGGESTIONS: Final = listing(_SUGGESTION, 1, 11)

_CARD: Final = closed(
    {"title": text(1, 200), "text": text(1, 2000), "media_url": ADDRESS},
    {
        "media_description": text(),
        "media_height": choice("SHORT", "MEDIUM", "TALL"),
        "thumbnail_url": ADDRESS,
        "media_force_refresh": flag(),
        "suggestions": listing(_SUGGESTION, 1, 4),
    },
)
_CARDS: Final = listing(_CARD, 2, 10)
# One SDK writes the cards bare, all the others inside an object (protocol A16).
_CAROUSEL: Final[Schema] = {
    "description": "must be an object with 2 to 10 cards, or the list of them",
    "type": ["object", "array"],
    "allOf": [
        {"if": {"type": "array"}, "then": _CARDS},
        {"if": {"type": "object"}, "then": closed({"cards": _CARDS})},
    ],
}
_ORIENTATION: Final = "rcs.card_orientation"
_CARD_RULES: Final = (
    when(_ORIENTATION, "VERTICAL", needs("card.media_height", "where the card is VERTICAL")),
    when(_ORIENTATION, "HORIZONTAL", needs("rcs.image_alignment", "where the card is HORIZONTAL")),
)

_CATEGORY: Final = choice("authentication", "transaction", "promotion", "service-request", "acknowledgement")


def _rcs(
    *,
    rcs: Mapping[str, Schema] | None = None,
    rules: tuple[Schema, ...] = (),
    suggests: bool = False,
    **content: Schema,
) -> Row:
    options = {
        "ttl": whole(20, 259_200),
        "trusted_recipient": flag(),
        "rcs": closed({}, {"category": _CATEGORY, **(rcs or {})}),
    }
    if suggests:
        options["suggestions"] = _SUGGESTIONS
    return Row(recipient=PHONE, sender=_SENDER, content=content, options=options, rules=rules)


ROWS: Final[Mapping[tuple[str, str], Row]] = {
    ("rcs", "text"): _rcs(text=text(1, 3072), suggests=True),
    ("rcs", "image"): _rcs(image=media()),
    ("rcs", "video"): _rcs(video=media()),
    ("rcs", "file"): _rcs(file=media()),
    ("rcs", "card"): _rcs(
        card=_CARD,
        rcs={
            "card_orientation": choice("VERTICAL", "HORIZONTAL"),
            "image_alignment": choice("LEFT", "RIGHT"),
        },
        rules=_CARD_RULES,
    ),
    ("rcs", "carousel"): _rcs(carousel=_CAROUSEL, rcs={"card_width": choice("SMALL", "MEDIUM")}, suggests=True),
    ("rcs", "custom"): _rcs(custom=free()),
}
