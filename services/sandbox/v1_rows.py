"""THE table of v1: one row for each channel and message type (protocol 2.2). Another type is another row.

Messenger, Viber and email are here; the larger families have a file each. Two rows that the provider's v1 pages leave
out are kept because its mapping from v0.1 has them (protocol 3): Messenger's custom and Viber's template.
"""

from collections.abc import Mapping
from typing import Final

from services.sandbox import v1_rcs, v1_sms_mms, v1_whatsapp
from services.sandbox.schema_parts import (
    ADDRESS,
    CHANNEL_ID,
    PHONE,
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
    one_of_kinds,
    text,
    whole,
)
from services.sandbox.v1_row import Row


def _messenger(**content: Schema) -> Row:
    return Row(recipient=CHANNEL_ID, sender=CHANNEL_ID, content=content, options={"messenger": messenger_options()})


_VIBER_OPTIONS: Final[Mapping[str, Schema]] = {
    "category": choice("transaction", "promotion"),
    "ttl": whole(30, 259_200),
    "type": text(),
}
_ACTION: Final = closed({"url": ADDRESS, "text": text(1, 30)})


def _viber(options: Schema, **content: Schema) -> Row:
    return Row(recipient=PHONE, sender=CHANNEL_ID, content=content, options={"viber_service": options})


def _figure(maximum: int, pattern: str) -> Schema:
    """A whole number from 1, which some clients write as a string (protocol A17)."""
    return either(
        f"must be an integer from 1 to {maximum}, or a string of one",
        {"type": "integer", "minimum": 1, "maximum": maximum},
        {"type": "string", "pattern": f"^(?:{pattern})$"},
    )


_PLAIN: Final = closed({}, _VIBER_OPTIONS)
_CALLS_TO_ACTION: Final = closed({}, {**_VIBER_OPTIONS, "action": _ACTION})
_VIBER_VIDEO: Final = closed(
    {
        "duration": _figure(600, "[1-9][0-9]?|[1-5][0-9]{2}|600"),
        "file_size": _figure(200, "[1-9][0-9]?|1[0-9]{2}|200"),
    },
    _VIBER_OPTIONS,
)

_MAIL: Final = r"[^\s@<>]+@[^\s@<>]+"
_COPIES: Final = listing(closed({"name": text(), "address": matching(_MAIL, "must be an email address")}), 1, 100)
_EMAIL_OPTIONS: Final = closed(
    {"subject": text()},
    {
        "importance": choice("High", "Normal", "Low"),
        "priority": choice("Non-Urgent", "Normal", "Urgent"),
        "sensitivity": choice("Personal", "Private", "Company-Confidential"),
        "cc": _COPIES,
        "bcc": _COPIES,
    },
)


def _email(**content: Schema) -> Row:
    return Row(
        recipient=matching(_MAIL, "must be an email address"),
        sender=matching(rf"{_MAIL}|[^<>]*<{_MAIL}>", "must be an email address, perhaps with a name before it"),
        content={**content, "email": _EMAIL_OPTIONS},
    )


ROWS: Final[Mapping[tuple[str, str], Row]] = {
    **v1_sms_mms.ROWS,
    ("viber_service", "text"): _viber(_CALLS_TO_ACTION, text=text(1, 1000)),
    ("viber_service", "image"): _viber(_CALLS_TO_ACTION, image=media(3000)),
    ("viber_service", "video"): Row(
        recipient=PHONE,
        sender=CHANNEL_ID,
        content={
            "video": closed({"url": ADDRESS, "thumb_url": {**ADDRESS, "maxLength": 1000}}, {"caption": text(1, 1000)}),
            "viber_service": _VIBER_VIDEO,
        },
    ),
    ("viber_service", "file"): _viber(_PLAIN, file=media(name=25)),
    ("viber_service", "template"): _viber(
        _PLAIN,
        template=closed({"name": text()}, {"parameters": listing(leaf("must be a string", type="string"), 0, 100)}),
    ),
    ("messenger", "text"): _messenger(text=text(1, 640)),
    ("messenger", "image"): _messenger(image=media()),
    ("messenger", "audio"): _messenger(audio=media()),
    ("messenger", "video"): _messenger(video=media()),
    ("messenger", "file"): _messenger(file=media()),
    ("messenger", "custom"): _messenger(custom=free()),
    **v1_rcs.ROWS,
    **v1_whatsapp.ROWS,
    ("email", "text"): _email(text=text()),
    ("email", "html"): _email(html=closed({"body": text()})),
    ("email", "content"): _email(
        content=listing(one_of_kinds({"text": ({"text": text()}, {}), "html": ({"body": text()}, {})}), 1, 100)
    ),
}

CHANNELS: Final = tuple(dict.fromkeys(channel for channel, _ in ROWS))
