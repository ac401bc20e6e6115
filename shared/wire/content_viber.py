"""What Viber Service Messages carry."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.channels import text_maximum
from shared.wire.content_pieces import Url, text_meta

Category = Annotated[Literal["transaction", "promotion"], Meta(description="transaction or promotion")]
TtlSeconds = Annotated[int, Meta(ge=30, le=259_200, description="a whole number of seconds, 30 to 259200")]
_Digits = Annotated[str, Meta(max_length=3, extra_json_schema={"pattern": "^[0-9]{1,3}$"})]
DURATION = Meta(description="a whole number of seconds, 1 to 600, as a number or a string of digits")
FILE_SIZE = Meta(description="a whole number of megabytes, 1 to 200, as a number or a string of digits")
Duration = Annotated[Annotated[int, Meta(ge=1, le=600)] | _Digits, DURATION]
FileSize = Annotated[Annotated[int, Meta(ge=1, le=200)] | _Digits, FILE_SIZE]


class ViberText(Struct, kw_only=True):
    """A text."""

    text: Annotated[str, text_meta(text_maximum("viber_service", "text"))]


class ViberVideoFile(Struct, kw_only=True):
    """A video with the picture that stands for it."""

    url: Url
    thumb_url: Annotated[str, Meta(min_length=1, max_length=1000, description="a URL of 1 to 1000 characters")]
    caption: Annotated[str, text_meta(1000)] | UnsetType = UNSET


class ViberVideo(Struct, kw_only=True):
    """A video."""

    video: ViberVideoFile


class ViberNamedFile(Struct, kw_only=True):
    """A file and the name it is shown under."""

    url: Url
    name: Annotated[str, text_meta(25)] | UnsetType = UNSET


class ViberFile(Struct, kw_only=True):
    """A file."""

    file: ViberNamedFile


class ViberAction(Struct, kw_only=True):
    """A button under the message."""

    url: Url
    text: Annotated[str, text_meta(30)]


class ViberOptions(Struct, kw_only=True):
    """What kind of message it is, and for how long it may be delivered."""

    category: Category | UnsetType = UNSET
    ttl: TtlSeconds | UnsetType = UNSET
    type: Annotated[str, Meta(description="a string, such as template")] | UnsetType = UNSET
    action: ViberAction | UnsetType = UNSET


class ViberVideoOptions(Struct, kw_only=True):
    """The options of a video; its length and size are required."""

    duration: Duration
    file_size: FileSize
    category: Category | UnsetType = UNSET
    ttl: TtlSeconds | UnsetType = UNSET
    type: Annotated[str, Meta(description="a string, such as template")] | UnsetType = UNSET
    action: ViberAction | UnsetType = UNSET


class OldViberOptions(Struct, kw_only=True):
    """The options in v0.1 and beta bodies."""

    category: Category | UnsetType = UNSET
    ttl: TtlSeconds | UnsetType = UNSET
    type: Annotated[str, Meta(description="a string, such as template")] | UnsetType = UNSET
