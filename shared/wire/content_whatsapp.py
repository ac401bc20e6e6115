"""What WhatsApp carries."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.channels import text_maximum
from shared.wire.content_pieces import Caption, Filled, Url, text_meta

Policy = Annotated[
    Literal["deterministic"], Meta(description="deterministic, the only policy since the channel dropped 'fallback'")
]
Locale = Annotated[str, Meta(min_length=2, description="a language such as en-GB or en_GB")]


class WhatsAppText(Struct, kw_only=True):
    """A text."""

    text: Annotated[str, text_meta(text_maximum("whatsapp", "text"))]


class NamedFile(Struct, kw_only=True):
    """A file with a caption and the name it is shown under."""

    url: Url
    caption: Caption | UnsetType = UNSET
    name: Filled | UnsetType = UNSET


class WhatsAppFile(Struct, kw_only=True):
    """A file."""

    file: NamedFile


class Sticker(Struct, kw_only=True):
    """A sticker by the address of its file or by its id: exactly one of them."""

    url: Url | UnsetType = UNSET
    id: Annotated[str, Meta(description="a UUID")] | UnsetType = UNSET


class WhatsAppSticker(Struct, kw_only=True):
    """A sticker."""

    sticker: Sticker


class Reaction(Struct, kw_only=True):
    """A reaction to the message that `context` names: put (with an emoji) or taken away (without)."""

    action: Literal["react", "unreact"]
    emoji: Filled | UnsetType = UNSET


class WhatsAppReaction(Struct, kw_only=True):
    """A reaction."""

    reaction: Reaction


class WhatsAppContext(Struct, kw_only=True):
    """The message that this one answers."""

    message_uuid: Filled


class WithContext(Struct, kw_only=True):
    """Stands beside the content: the message that is quoted."""

    context: WhatsAppContext | UnsetType = UNSET


class WithRequiredContext(Struct, kw_only=True):
    """Stands beside a reaction: the message that it is about."""

    context: WhatsAppContext


class WhatsAppOptions(Struct, kw_only=True):
    """How a template's language is chosen; of no meaning for other types."""

    policy: Policy | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET


class WhatsAppTemplateOptions(Struct, kw_only=True):
    """How a template's language is chosen."""

    locale: Locale
    policy: Policy | UnsetType = UNSET
