"""The rules that a message must keep whatever its generation, by the table of channels.

They look at the decoded body itself and only at what has the right type, so they can name their faults beside those of
the schema. Rows in `shared.channels` are what they know; nothing here names a channel but `TTL_AMONG_OPTIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from shared.channels import Address, Channel, MessageType
from shared.errors import Fault
from shared.wire.own_fields import OWN_WORDS
from shared.wire.places import Place, shown

ENVELOPE = frozenset(
    {"to", "from", "channel", "message_type", "client_ref", "webhook_url", "webhook_version", "ttl", "failover"}
)
"""Members of the flat v1 body that are no content."""
NO_CONTENT = ENVELOPE | OWN_WORDS
"""Never in `Message.content`, whatever a body nests where."""
TTL_AMONG_OPTIONS = frozenset({"viber_service"})
"""Channels whose time to live stands in their options object."""
WEBHOOK_VERSIONS = ("v0.1", "v1")

# Always the whole string: `$` alone would let a trailing newline pass, and \d the digits of every alphabet.
_NUMBER = re.compile(r"[1-9][0-9]{6,14}")
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f\\]+", re.IGNORECASE)


def channel_faults(place: Place, channel: object, known: Iterable[str]) -> Iterator[Fault]:
    """Name a channel that is not in `known`, the names of this generation."""
    names = tuple(known)
    if isinstance(channel, str) and channel not in names:
        yield place.fault("unknown_channel", f"unknown: {shown(channel)}; one of {', '.join(names)}")


def recipient_faults(place: Place, row: Channel, recipient: object) -> Iterator[Fault]:
    """Name a recipient that the channel can't reach."""
    if not isinstance(recipient, str):
        return
    if row.recipient is Address.NUMBER:
        if not _NUMBER.fullmatch(recipient):
            reason = "must be 7 to 15 digits of an E.164 number, without +, 00 or another leading zero"
            yield place.fault("recipient", reason)
    elif row.recipient is Address.ID:
        yield from id_faults(place, recipient)


def id_faults(place: Place, value: object) -> Iterator[Fault]:
    """Name an id or a sender that no channel takes."""
    if isinstance(value, str) and not (1 <= len(value) <= 50 and value.strip()):
        yield place.fault("length", "must be 1 to 50 characters, not all of them blank")


def type_faults(place: Place, row: Channel, kind: object) -> Iterator[Fault]:
    """Name a message type that the channel does not have."""
    if isinstance(kind, str) and row.type_named(kind) is None:
        names = ", ".join(each.name for each in row.types)
        yield place.fault("unknown_type", f"unknown: {shown(kind)}; {row.name} has {names}")


def content_faults(place: Place, row: MessageType, members: Mapping[str, object]) -> Iterator[Fault]:
    """Name content that is missing, empty or too long; `place` is where `members` stand."""
    place = place.member(row.content)
    if row.content not in members:
        yield place.fault("required", "is required")
        return
    value = members[row.content]
    if row.text_maximum is not None:
        if not isinstance(value, str):
            yield place.fault("type", "must be a string")
        elif not 1 <= len(value) <= row.text_maximum:
            yield place.fault("length", f"must be 1 to {row.text_maximum} characters, has {len(value)}")


def ttl_faults(place: Place, row: Channel, ttl: object) -> Iterator[Fault]:
    """Name a time to live out of the channel's range, or one on a channel that has none."""
    if row.ttl is None:
        yield place.fault("unsupported", f"{row.name} messages have no time to live")
    elif type(ttl) is not int or not row.ttl.minimum <= ttl <= row.ttl.maximum:
        bounds = f"{row.ttl.minimum} to {row.ttl.maximum}"
        yield place.fault("range", f"must be a whole number of seconds, {bounds} on {row.name}")


def options_faults(place: Place, row: Channel, options: object) -> Iterator[Fault]:
    """Name a channel's options that are no object, or hold a bad time to live."""
    if not isinstance(options, Mapping):
        yield place.fault("type", "must be an object")
    elif row.name in TTL_AMONG_OPTIONS and "ttl" in options:
        yield from ttl_faults(place.member("ttl"), row, options["ttl"])


def webhook_faults(place: Place, step: Mapping[str, object]) -> Iterator[Fault]:
    """Name an address or a form of status webhooks that can't be used."""
    url = step.get("webhook_url")
    if isinstance(url, str) and len(url) <= 2000 and not _is_web_address(url):
        yield place.member("webhook_url").fault("url", "must be an http or https URL with a host")
    version = step.get("webhook_version")
    if isinstance(version, str) and version not in WEBHOOK_VERSIONS:
        yield place.member("webhook_version").fault("enum", f"must be one of {', '.join(WEBHOOK_VERSIONS)}")


def take_ttl(row: Channel, content: dict[str, object], beside: object) -> int | None:
    """Take the time to live out of `content`, where the channel keeps it; else it is the one `beside` it, or None."""
    options = content.get(row.name)
    if row.name in TTL_AMONG_OPTIONS and isinstance(options, Mapping) and "ttl" in options:
        kept = {key: value for key, value in options.items() if key != "ttl"}
        content.pop(row.name)
        if kept:
            content[row.name] = kept
        beside = options["ttl"]
    return beside if isinstance(beside, int) else None


def _is_web_address(url: str) -> bool:
    if not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        return False
