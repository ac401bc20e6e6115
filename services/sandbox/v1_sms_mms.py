"""SMS and MMS in v1 (protocol 2.2)."""

from collections.abc import Mapping
from typing import Final

from services.sandbox.schema_parts import (
    ADDRESS,
    PHONE,
    SENDER_NUMBER,
    SMS_SENDER,
    Schema,
    choice,
    closed,
    flag,
    listing,
    media,
    one_of_kinds,
    text,
    whole,
)
from services.sandbox.v1_row import Row

_CAPTION: Final = 3000
_MMS_OPTIONS: Final[Mapping[str, Schema]] = {"ttl": whole(300, 259_200), "trusted_recipient": flag()}
_ATTACHED: Final = ("image", "audio", "video", "vcard", "file")

_SMS_OPTIONS: Final = closed(
    {},
    {
        "encoding_type": choice("text", "unicode", "auto"),
        "content_id": text(),
        "entity_id": text(),
        "pool_id": text(),
        "trusted_recipient": flag(),
    },
)


def _mms(**content: Schema) -> Row:
    return Row(recipient=PHONE, sender=SENDER_NUMBER, content=content, options=_MMS_OPTIONS)


ROWS: Final[Mapping[tuple[str, str], Row]] = {
    ("sms", "text"): Row(
        recipient=PHONE,
        sender=SMS_SENDER,
        content={"text": text(1, 3200)},
        options={"ttl": whole(1, 604_800), "trusted_recipient": flag(), "sms": _SMS_OPTIONS},
    ),
    ("mms", "text"): _mms(text=text(1, 1000)),
    ("mms", "image"): _mms(image=media(_CAPTION)),
    ("mms", "vcard"): _mms(vcard=media(_CAPTION)),
    ("mms", "audio"): _mms(audio=media(_CAPTION)),
    ("mms", "video"): _mms(video=media(_CAPTION)),
    ("mms", "file"): _mms(file=media(_CAPTION)),
    ("mms", "content"): _mms(
        content=listing(
            one_of_kinds({kind: ({"url": ADDRESS}, {"caption": text(1, _CAPTION)}) for kind in _ATTACHED}), 1, 100
        )
    ),
}
