"""What a person may tap under an RCS message. Their answers come back as inbound messages with `postback_data`.

Where the provider's documents differ on whether a member is required, it is not.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.wire.content_pieces import Filled, Url

_Description = Annotated[str, Meta(min_length=1, max_length=500, description="a string of 1 to 500 characters")]


class Suggestion(Struct, kw_only=True, tag_field="type"):
    """What all suggestions have."""

    text: Annotated[str, Meta(min_length=1, max_length=25, description="a string of 1 to 25 characters")]
    postback_data: Filled


class Reply(Suggestion, kw_only=True, tag="reply"):
    """Answer with the text."""


class Dial(Suggestion, kw_only=True, tag="dial"):
    """Call a number."""

    phone_number: Annotated[str, Meta(description="an E.164 number of 7 to 15 digits, with or without +")]
    fallback_url: Url | UnsetType = UNSET


class ViewLocation(Suggestion, kw_only=True, tag="view_location"):
    """Show a place on a map."""

    latitude: Filled
    longitude: Filled
    pin_label: Filled
    fallback_url: Url | UnsetType = UNSET


class ShareLocation(Suggestion, kw_only=True, tag="share_location"):
    """Tell where one is."""


class OpenUrl(Suggestion, kw_only=True, tag="open_url"):
    """Open an address in the browser."""

    url: Url
    description: _Description | UnsetType = UNSET


class OpenUrlInWebview(Suggestion, kw_only=True, tag="open_url_in_webview"):
    """Open an address inside the messaging app."""

    url: Url
    description: _Description | UnsetType = UNSET
    view_mode: Literal["FULL", "TALL", "HALF"] | UnsetType = UNSET


class CreateCalendarEvent(Suggestion, kw_only=True, tag="create_calendar_event"):
    """Put a date into the calendar."""

    start_time: Annotated[str, Meta(description="a date and time in ISO 8601")]
    end_time: Annotated[str, Meta(description="a date and time in ISO 8601")]
    title: Annotated[str, Meta(min_length=1, max_length=100, description="a string of 1 to 100 characters")]
    description: _Description | UnsetType = UNSET
    fallback_url: Url | UnsetType = UNSET


AnySuggestion = Reply | Dial | ViewLocation | ShareLocation | OpenUrl | OpenUrlInWebview | CreateCalendarEvent
