"""What a message of each channel and type looks like: one row a type, in the order of `shared.channels`.

A row names the struct of its content, that of the channel's options, and what v1 lets stand beside them. The bodies of
each generation are made of these (`v1_bodies`, `v0_1_bodies`), and with them the checks and the schemas. Rules that
need more than one member at a time are in `content_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from shared.wire import content_email as email
from shared.wire import content_messenger as messenger
from shared.wire import content_pieces as pieces
from shared.wire import content_rcs as rcs
from shared.wire import content_sms_mms as sms_mms
from shared.wire import content_viber as viber
from shared.wire import content_whatsapp as whatsapp

Key = tuple[str, str]
"""Channel and message type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The structs of one row."""

    content: type[Struct]
    """One member, named as in the table of channels, and for RCS the suggestions beside it."""
    options: type[Struct] | None = None
    """Of the object under the channel's name; None where the channel has none."""
    needs_options: bool = False
    beside: type[Struct] | None = None
    """Members of the v1 body beside content and options."""
    old_options: type[Struct] | None = None
    """Options in v0.1 and beta bodies, where they differ; they are never needed then."""


def _sms(content: type[Struct]) -> Shape:
    return Shape(content=content, options=sms_mms.SmsOptions, beside=sms_mms.TrustedRecipient)


def _mms(content: type[Struct]) -> Shape:
    return Shape(content=content, beside=sms_mms.TrustedRecipient)


def _rcs(content: type[Struct]) -> Shape:
    return Shape(content=content, options=rcs.RcsOptions, beside=sms_mms.TrustedRecipient)


def _whatsapp(content: type[Struct]) -> Shape:
    return Shape(content=content, options=whatsapp.WhatsAppOptions, beside=whatsapp.WithContext)


def _viber(content: type[Struct]) -> Shape:
    return Shape(content=content, options=viber.ViberOptions, old_options=viber.OldViberOptions)


def _messenger(content: type[Struct]) -> Shape:
    return Shape(content=content, options=messenger.MessengerOptions)


def _email(content: type[Struct]) -> Shape:
    return Shape(content=content, options=email.EmailOptions, needs_options=True)


SHAPES: Mapping[Key, Shape] = {
    ("sms", "text"): _sms(sms_mms.SmsText),
    ("mms", "text"): _mms(sms_mms.MmsText),
    ("mms", "image"): _mms(sms_mms.MmsImage),
    ("mms", "vcard"): _mms(sms_mms.MmsVcard),
    ("mms", "audio"): _mms(sms_mms.MmsAudio),
    ("mms", "video"): _mms(sms_mms.MmsVideo),
    ("mms", "file"): _mms(sms_mms.MmsFile),
    ("mms", "content"): _mms(sms_mms.MmsContent),
    ("rcs", "text"): _rcs(rcs.RcsText),
    ("rcs", "image"): _rcs(pieces.ImageContent),
    ("rcs", "video"): _rcs(pieces.VideoContent),
    ("rcs", "file"): _rcs(pieces.FileContent),
    ("rcs", "card"): _rcs(rcs.RcsCardContent),
    ("rcs", "carousel"): _rcs(rcs.RcsCarouselContent),
    ("rcs", "custom"): _rcs(pieces.CustomContent),
    ("whatsapp", "text"): _whatsapp(whatsapp.WhatsAppText),
    ("whatsapp", "image"): _whatsapp(pieces.CaptionedImageContent),
    ("whatsapp", "audio"): _whatsapp(pieces.AudioContent),
    ("whatsapp", "video"): _whatsapp(pieces.CaptionedVideoContent),
    ("whatsapp", "file"): _whatsapp(whatsapp.WhatsAppFile),
    ("whatsapp", "template"): Shape(
        content=pieces.TemplateContent,
        options=whatsapp.WhatsAppTemplateOptions,
        needs_options=True,
        beside=whatsapp.WithContext,
        old_options=whatsapp.WhatsAppOptions,
    ),
    ("whatsapp", "sticker"): _whatsapp(whatsapp.WhatsAppSticker),
    ("whatsapp", "reaction"): Shape(
        content=whatsapp.WhatsAppReaction, options=whatsapp.WhatsAppOptions, beside=whatsapp.WithRequiredContext
    ),
    ("whatsapp", "custom"): _whatsapp(pieces.CustomContent),
    ("viber_service", "text"): _viber(viber.ViberText),
    ("viber_service", "image"): _viber(pieces.CaptionedImageContent),
    ("viber_service", "video"): Shape(content=viber.ViberVideo, options=viber.ViberVideoOptions, needs_options=True),
    ("viber_service", "file"): _viber(viber.ViberFile),
    ("viber_service", "template"): _viber(pieces.TemplateContent),
    ("messenger", "text"): _messenger(messenger.MessengerText),
    ("messenger", "image"): _messenger(pieces.ImageContent),
    ("messenger", "audio"): _messenger(pieces.AudioContent),
    ("messenger", "video"): _messenger(pieces.VideoContent),
    ("messenger", "file"): _messenger(pieces.FileContent),
    ("messenger", "custom"): _messenger(pieces.CustomContent),
    ("email", "text"): _email(email.EmailText),
    ("email", "html"): _email(email.EmailHtml),
    ("email", "content"): _email(email.EmailContent),
}
"""Every row of the matrix."""


def title_of(key: Key) -> str:
    """Return the name of a row in schemas: "ViberServiceText" and the like."""
    return "".join(word.capitalize() for word in "_".join(key).split("_"))


def fields_of(*structs: type[Struct]) -> Iterator[tuple[str, object, object]]:
    """Return the fields of structs as `msgspec.defstruct` takes them: structs can't inherit from several others."""
    for struct in structs:
        for each in msgspec.structs.fields(struct):
            default = msgspec.NODEFAULT if each.required else each.default
            yield each.name, each.type, msgspec.field(name=each.encode_name, default=default)
