"""THE table of v0.1 and beta: one row for each channel and content type (protocol 2.1). Another type is another row.

Where numbers and ids are named, v0.1 asks for 1 to 50 characters in its schema and for E.164 in its prose; a provider
delivers to E.164 only, so that is asked here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.sandbox.schema_parts import (
    CHANNEL_ID,
    PHONE,
    SENDER_NUMBER,
    SMS_SENDER,
    Schema,
    choice,
    closed,
    either,
    free,
    leaf,
    listing,
    matching,
    media,
    messenger_options,
    text,
    whole,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a channel's messages go to and come from: the member of `to` and of `from`, and what it must be."""

    to: tuple[str, Schema]
    sender: tuple[str, Schema]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`content` is the member that has the content type's name; `options` the object that has the channel's.

    `needs_options` says that v0.1 wants these options (beta does not); `beta` that the older generation has the row.
    """

    content: Schema
    options: Schema | None = None
    needs_options: bool = False
    beta: bool = True


ADDRESSES: Final[Mapping[str, Address]] = {
    "sms": Address(to=("number", PHONE), sender=("number", SMS_SENDER)),
    "mms": Address(to=("number", PHONE), sender=("number", SENDER_NUMBER)),
    "viber_service_msg": Address(to=("number", PHONE), sender=("id", CHANNEL_ID)),
    "messenger": Address(to=("id", CHANNEL_ID), sender=("id", CHANNEL_ID)),
    "whatsapp": Address(to=("number", PHONE), sender=("number", SENDER_NUMBER)),
}

_CAPTION: Final = 3000
_PARAMETER: Final = either(
    'must be a string, or {"default": string}',
    {"type": "string"},
    {
        "type": "object",
        "properties": {"default": {"type": "string"}},
        "required": ["default"],
        "additionalProperties": False,
    },
)
_TEMPLATE: Final = closed({"name": text()}, {"parameters": listing(_PARAMETER, 0, 100)})
_VIBER: Final = closed({}, {"category": choice("transaction", "promotion"), "ttl": whole(30, 259_200), "type": text()})
_MESSENGER: Final = messenger_options()
_WHATSAPP: Final = closed(
    {"locale": matching("[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})*", "must be a language such as en-GB")},
    {"policy": choice("deterministic")},
)

ROWS: Final[Mapping[tuple[str, str], Row]] = {
    ("sms", "text"): Row(content=text(1, 3200)),
    ("mms", "image"): Row(content=media(_CAPTION), beta=False),
    ("viber_service_msg", "text"): Row(content=text(1, 1000), options=_VIBER),
    ("viber_service_msg", "image"): Row(content=media(_CAPTION), options=_VIBER),
    ("viber_service_msg", "template"): Row(content=_TEMPLATE, options=_VIBER),
    ("messenger", "text"): Row(content=text(1, 640), options=_MESSENGER),
    ("messenger", "image"): Row(content=media(), options=_MESSENGER),
    ("messenger", "audio"): Row(content=media(), options=_MESSENGER),
    ("messenger", "video"): Row(content=media(), options=_MESSENGER),
    ("messenger", "file"): Row(content=media(), options=_MESSENGER),
    ("messenger", "custom"): Row(content=free(), options=_MESSENGER),
    ("whatsapp", "text"): Row(content=text(1, 4096)),
    ("whatsapp", "template"): Row(content=_TEMPLATE, options=_WHATSAPP, needs_options=True),
    ("whatsapp", "image"): Row(content=media(_CAPTION)),
    ("whatsapp", "audio"): Row(content=media()),
    ("whatsapp", "video"): Row(content=media(_CAPTION)),
    ("whatsapp", "file"): Row(content=media(_CAPTION, 1000)),
    ("whatsapp", "custom"): Row(content=free()),
}

FAILOVER: Final = closed({"expiry_time": whole(15, 86_400), "condition_status": choice("delivered", "read")})
# A name for what v0.1 and the ledger call differently.
CHANNEL_NAMES: Final[Mapping[str, str]] = {"viber_service_msg": "viber_service"}


def channels(generation: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(channel for (channel, _), row in ROWS.items() if row.beta or generation == "v0.1"))


def kinds(generation: str, channel: object) -> tuple[str, ...]:
    """Give the content types that a channel has in a generation."""
    rows = ((known, kind) for (known, kind), row in ROWS.items() if row.beta or generation == "v0.1")
    return tuple(kind for known, kind in rows if known == channel)


def row_schema(generation: str, channel: str, kind: str) -> Schema:
    """Write the schema of `{to, from, message}` for one row. Raises KeyError where there is no such row."""
    row, address = ROWS[channel, kind], ADDRESSES[channel]
    content = closed({"type": {}, kind: row.content})
    options = {} if row.options is None else {channel: row.options}
    strict = row.needs_options and generation == "v0.1"
    message = closed({"content": content, **(options if strict else {})}, {} if strict else options)
    here = leaf(f"must be {channel}, as the other side is", const=channel)
    return closed(
        {
            "to": closed({"type": here, address.to[0]: address.to[1]}),
            "from": closed({"type": here, address.sender[0]: address.sender[1]}),
            "message": message,
        },
        {"client_ref": text(1, 40)} if generation == "v0.1" else {},
    )
