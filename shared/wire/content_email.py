"""What emails carry."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.wire.content_pieces import Filled


class EmailText(Struct, kw_only=True):
    """A plain text."""

    text: Filled


class HtmlBody(Struct, kw_only=True):
    """A page."""

    body: Filled


class EmailHtml(Struct, kw_only=True):
    """A page of HTML."""

    html: HtmlBody


class TextPart(Struct, kw_only=True, tag_field="type", tag="text"):
    """The plain text of an email in several forms."""

    text: Filled


class HtmlPart(Struct, kw_only=True, tag_field="type", tag="html"):
    """The page of an email in several forms."""

    body: Filled


class EmailContent(Struct, kw_only=True):
    """The same words in several forms; the reader's program chooses one."""

    content: Annotated[list[TextPart | HtmlPart], Meta(min_length=1)]


class Copied(Struct, kw_only=True):
    """Somebody who gets a copy."""

    address: Filled
    name: str | UnsetType = UNSET


class EmailOptions(Struct, kw_only=True):
    """Subject and headers."""

    subject: Filled
    importance: Literal["High", "Normal", "Low"] | UnsetType = UNSET
    priority: Literal["Non-Urgent", "Normal", "Urgent"] | UnsetType = UNSET
    sensitivity: Literal["Personal", "Private", "Company-Confidential"] | UnsetType = UNSET
    cc: list[Copied] | UnsetType = UNSET
    bcc: list[Copied] | UnsetType = UNSET
