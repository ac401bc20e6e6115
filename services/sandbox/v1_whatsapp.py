"""WhatsApp in v1 (protocol 2.2): any message may answer another one, which it names in its context."""

from collections.abc import Mapping
from typing import Final

from services.sandbox.schema_parts import (
    ADDRESS,
    SENDER_NUMBER,
    UUID,
    Schema,
    choice,
    closed,
    forbidden,
    free,
    leaf,
    listing,
    matching,
    media,
    needs,
    text,
    when,
    whole,
)
from services.sandbox.v1_row import Row

# A number, or the id that a business knows a person by.
_RECIPIENT: Final = matching(r"[1-9][0-9]{6,14}|[A-Za-z]\S{0,99}", "must be 7 to 15 digits, or an id")
_CONTEXT: Final = closed({"message_uuid": UUID})
_CAPTION: Final = 3000
_LOCALE: Final = matching("[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*", "must be a language such as en_GB")
_POLICY: Final = choice("deterministic")

_TEMPLATE: Final[Schema] = {
    # What else a template has goes on to WhatsApp as it is.
    **closed({"name": text()}, {"parameters": listing(leaf("must be a string", type="string"), 0, 100)}),
    "additionalProperties": True,
}
_STICKER: Final[Schema] = {
    **closed({}, {"url": ADDRESS, "id": UUID}),
    "description": "must have exactly one of url and id",
    "minProperties": 1,
    "maxProperties": 1,
}
_REACTION: Final = closed(
    {"action": choice("react", "unreact")},
    {"emoji": text(1, 20)},
    when("action", "react", needs("emoji", "where the action is react")),
    when("action", "unreact", {"properties": {"emoji": forbidden("belongs to the action react alone")}}),
)


def _whatsapp(
    needed: Mapping[str, Schema] | None = None, optional: Mapping[str, Schema] | None = None, **content: Schema
) -> Row:
    return Row(
        recipient=_RECIPIENT,
        sender=SENDER_NUMBER,
        content={**content, **(needed or {})},
        options={"context": _CONTEXT, "category": text(1, 50), **(optional or {})},
    )


# One SDK lets these two types have a time to live.
_TTL: Final[Mapping[str, Schema]] = {"ttl": whole(1, 604_800)}

ROWS: Final[Mapping[tuple[str, str], Row]] = {
    ("whatsapp", "text"): _whatsapp(text=text(1, 4096)),
    ("whatsapp", "image"): _whatsapp(image=media(_CAPTION)),
    ("whatsapp", "audio"): _whatsapp(audio=media(), optional=_TTL),
    ("whatsapp", "video"): _whatsapp(video=media(_CAPTION), optional=_TTL),
    ("whatsapp", "file"): _whatsapp(file=media(_CAPTION, 1000)),
    ("whatsapp", "template"): _whatsapp(
        template=_TEMPLATE,
        needed={"whatsapp": closed({"locale": _LOCALE}, {"policy": _POLICY, "category": text(1, 50)})},
    ),
    ("whatsapp", "sticker"): _whatsapp(sticker=_STICKER),
    ("whatsapp", "reaction"): _whatsapp(reaction=_REACTION, needed={"context": _CONTEXT}),
    ("whatsapp", "custom"): _whatsapp(custom=free()),
}
