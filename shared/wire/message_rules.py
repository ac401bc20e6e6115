"""The rules that a message must keep whatever its generation and type, by the table of channels.

They look at the decoded body itself and only at what has the right type, so they can name their faults beside those of
the structs. Rows in `shared.channels` are what they know; nothing here names a channel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from shared.channels import Address, Channel, MessageType, Sender, is_number
from shared.errors import Fault
from shared.wire.own_fields import OWN_WORDS
from shared.wire.places import Place, shown
from shared.wire.v1_bodies import WEBHOOK_VERSIONS

ENVELOPE = frozenset(
    {"to", "from", "channel", "message_type", "client_ref", "webhook_url", "webhook_version", "ttl", "failover"}
)
"""Members of the flat v1 body that are no content."""
NO_CONTENT = ENVELOPE | OWN_WORDS
"""Never in `Message.content`, whatever a body nests where."""

# Always the whole string: `$` alone would let a trailing newline pass, and \d the digits of every alphabet.
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f\\]+", re.IGNORECASE)
_AGENT = re.compile(r"[A-Za-z0-9_&-]+")
_EMAIL = re.compile(r"[^\s@<>,;\x00-\x1f\x7f]{1,64}@[^\s@<>,;\x00-\x1f\x7f]{1,253}")
_MAILBOX = re.compile(r"(?P<name>[^<>\x00-\x1f\x7f]{0,200}?) *<(?P<address>[^<>]+)>")
_ID_MAXIMUM = 128
"""Characters of a WhatsApp id that is no number; those seen have 23."""
_EMAIL_MAXIMUM = 254


def channel_faults(place: Place, channel: object, known: Iterable[str]) -> Iterator[Fault]:
    """Name a channel that is not in `known`, the names of this generation."""
    names = tuple(known)
    if isinstance(channel, str) and channel not in names:
        yield place.fault("unknown_channel", f"is unknown: {shown(channel)}; one of {', '.join(names)}")


def recipient_faults(place: Place, kind: Address, recipient: object) -> Iterator[Fault]:
    """Name a recipient that the channel can't reach."""
    if not isinstance(recipient, str):
        return
    if kind is Address.ID:
        yield from id_faults(place, recipient)
    elif kind is Address.EMAIL:
        if not _is_email(recipient):
            yield place.fault("recipient", f"must be one email address of at most {_EMAIL_MAXIMUM} characters")
    elif not is_number(recipient):
        reason = "must be 7 to 15 digits of an E.164 number, without +, 00 or another leading zero"
        if kind is Address.NUMBER:
            yield place.fault("recipient", reason)
        elif not _is_own_id(recipient):
            yield place.fault("recipient", f"{reason}, or an id of the channel such as US.13491208655302741918")


def sender_faults(place: Place, kind: Sender, sender: object) -> Iterator[Fault]:
    """Name a sender that the channel does not take."""
    if not isinstance(sender, str):
        return
    if kind is Sender.NAME:
        yield from id_faults(place, sender)
    elif kind is Sender.AGENT:
        if not _AGENT.fullmatch(sender):
            yield place.fault("sender", "must be of letters, digits, '-', '_' and '&' only")
    else:
        named = _MAILBOX.fullmatch(sender)
        if not _is_email(sender if named is None else named["address"]):
            yield place.fault("sender", "must be an email address, or a name and the address in <>")


def id_faults(place: Place, value: object) -> Iterator[Fault]:
    """Name an id or a name of a sender that no channel takes."""
    if isinstance(value, str) and not (1 <= len(value) <= 50 and value.strip()):
        yield place.fault("length", "must be 1 to 50 characters, not all of them blank")


def type_faults(place: Place, channel: str, kind: object, known: Iterable[MessageType]) -> Iterator[Fault]:
    """Name a message type that is not in `known`; `channel` is what its generation calls the channel."""
    names = tuple(each.name for each in known)
    if isinstance(kind, str) and kind not in names:
        yield place.fault("unknown_type", f"is unknown: {shown(kind)}; {channel} has {', '.join(names)}")


def ttl_faults(place: Place, row: Channel, kind: MessageType | None, ttl: object) -> Iterator[Fault]:
    """Name a time to live out of the channel's range, or one on a channel that has none."""
    if row.ttl is None:
        if kind is None or not kind.passes_ttl:
            yield place.fault("unsupported", f"is not possible: {row.name} messages have no time to live")
    elif type(ttl) is not int or not row.ttl.minimum <= ttl <= row.ttl.maximum:
        bounds = f"{row.ttl.minimum} to {row.ttl.maximum}"
        yield place.fault("range", f"must be a whole number of seconds, {bounds} on {row.name}")


def options_faults(place: Place, row: Channel, options: object) -> Iterator[Fault]:
    """Name a bad time to live among a channel's options."""
    if row.ttl_among_options and isinstance(options, Mapping) and "ttl" in options:
        yield from ttl_faults(place.member("ttl"), row, None, options["ttl"])


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
    if row.ttl_among_options and isinstance(options, Mapping) and "ttl" in options:
        kept = {key: value for key, value in options.items() if key != "ttl"}
        content.pop(row.name)
        if kept:
            content[row.name] = kept
        beside = options["ttl"]
    return beside if isinstance(beside, int) else None


def _is_email(text: str) -> bool:
    return len(text) <= _EMAIL_MAXIMUM and _EMAIL.fullmatch(text) is not None


def _is_own_id(text: str) -> bool:
    # A number gone wrong (+44..., 00 44 ...) is no id: ids of the channel begin with a country's letters.
    return len(text) <= _ID_MAXIMUM and text.isprintable() and " " not in text and any(map(str.isalpha, text))


def _is_web_address(url: str) -> bool:
    if not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        return False
