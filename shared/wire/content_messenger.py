"""What Messenger carries."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Struct, UnsetType

from shared.channels import text_maximum
from shared.wire.content_pieces import Filled, text_meta


class MessengerText(Struct, kw_only=True):
    """A text."""

    text: Annotated[str, text_meta(text_maximum("messenger", "text"))]


class MessengerOptions(Struct, kw_only=True):
    """Why the message is sent; `message_tag` needs a tag."""

    category: Literal["response", "update", "message_tag"] | UnsetType = UNSET
    tag: Filled | UnsetType = UNSET
