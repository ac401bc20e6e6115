"""What SMS and MMS carry."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.channels import text_maximum
from shared.wire.content_pieces import Caption, CaptionedFile, NotBlank, Url, text_meta


class SmsText(Struct, kw_only=True):
    """A text."""

    text: Annotated[str, text_meta(text_maximum("sms", "text"))]


class SmsOptions(Struct, kw_only=True):
    """How an SMS is sent."""

    encoding_type: Literal["text", "unicode", "auto"] | UnsetType = UNSET
    content_id: NotBlank | UnsetType = UNSET
    """Of the registered template, where a country asks for it."""
    entity_id: NotBlank | UnsetType = UNSET
    """Of the registered business, where a country asks for it."""
    pool_id: NotBlank | UnsetType = UNSET
    trusted_recipient: bool | UnsetType = UNSET


class TrustedRecipient(Struct, kw_only=True):
    """Stands beside the content of SMS, MMS and RCS."""

    trusted_recipient: Annotated[bool, Meta(description="true or false")] | UnsetType = UNSET


class MmsText(Struct, kw_only=True):
    """A text."""

    text: Annotated[str, text_meta(text_maximum("mms", "text"))]


class MmsImage(Struct, kw_only=True):
    """An image with a caption."""

    image: CaptionedFile


class MmsVcard(Struct, kw_only=True):
    """A contact card."""

    vcard: CaptionedFile


class MmsAudio(Struct, kw_only=True):
    """A sound with a caption."""

    audio: CaptionedFile


class MmsVideo(Struct, kw_only=True):
    """A video with a caption."""

    video: CaptionedFile


class MmsFile(Struct, kw_only=True):
    """A file with a caption."""

    file: CaptionedFile


class MmsPart(Struct, kw_only=True):
    """One of several files of an MMS."""

    type: Literal["image", "audio", "video", "vcard", "file"]
    url: Url
    caption: Caption | UnsetType = UNSET


class MmsContent(Struct, kw_only=True):
    """Several files in one MMS."""

    content: Annotated[list[MmsPart], Meta(min_length=1)]
