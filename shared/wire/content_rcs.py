"""What RCS carries: text and files, cards and carousels, each with suggestions to tap."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.channels import text_maximum
from shared.wire.content_pieces import Filled, Url, text_meta
from shared.wire.content_rcs_suggestions import AnySuggestion

Suggestions = Annotated[list[AnySuggestion], Meta(max_length=11)]
CardSuggestions = Annotated[list[AnySuggestion], Meta(max_length=4)]


class RcsText(Struct, kw_only=True):
    """A text with up to 11 suggestions."""

    text: Annotated[str, text_meta(text_maximum("rcs", "text"))]
    suggestions: Suggestions | UnsetType = UNSET


class RcsCard(Struct, kw_only=True):
    """A picture or video with a title, a text and up to 4 suggestions."""

    title: Annotated[str, text_meta(200)]
    text: Annotated[str, text_meta(2000)]
    media_url: Url
    media_description: Filled | UnsetType = UNSET
    media_height: Literal["SHORT", "MEDIUM", "TALL"] | UnsetType = UNSET
    thumbnail_url: Url | UnsetType = UNSET
    media_force_refresh: bool | UnsetType = UNSET
    suggestions: CardSuggestions | UnsetType = UNSET


class RcsCardContent(Struct, kw_only=True):
    """A card."""

    card: RcsCard


_Cards = Annotated[list[RcsCard], Meta(min_length=2, max_length=10)]


class RcsCarousel(Struct, kw_only=True):
    """Two to ten cards to leaf through."""

    cards: _Cards


class RcsCarouselContent(Struct, kw_only=True):
    """A carousel, as an object with `cards` or as the bare list of them, with up to 11 suggestions below."""

    carousel: RcsCarousel | _Cards
    suggestions: Suggestions | UnsetType = UNSET


class RcsOptions(Struct, kw_only=True):
    """What kind of message it is, and how cards are laid out."""

    # The provider's own library for Node writes the last word; the one before it is right.
    category: (
        Literal["authentication", "transaction", "promotion", "service-request", "acknowledgement", "acknoledgement"]
        | UnsetType
    ) = UNSET
    card_orientation: Literal["VERTICAL", "HORIZONTAL"] | UnsetType = UNSET
    image_alignment: Literal["LEFT", "RIGHT"] | UnsetType = UNSET
    card_width: Literal["SMALL", "MEDIUM"] | UnsetType = UNSET
