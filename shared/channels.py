"""THE table of channels and message types: one row a type, with limits, TTL ranges, and the receipts a channel gives.

A new channel or type is a row here, its structs in `shared.wire.content`, and golden files; nothing else. Sources: the
provider's own limits, the loosest where its documents differ (protocol A11, A13, A14); useful TTL minima from
semantics 9. What a type's members look like is told by the structs, which take their longest texts from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.model import Delivery, Status


class Address(StrEnum):
    """What a recipient is on a channel."""

    NUMBER = "number"
    """E.164 digits without `+`: 7..15 digits, no leading zero."""
    ID = "id"
    """An opaque id of 1..50 characters."""
    NUMBER_OR_ID = "number_or_id"
    """A number as above, or an id of the channel's own that has a letter in it (WhatsApp: `US.1349...`)."""
    EMAIL = "email"
    """One bare address, at most 254 characters."""


class Sender(StrEnum):
    """What a sender may look like on a channel."""

    NAME = "name"
    """A number, a short code, a page's id or a name: 1..50 characters."""
    AGENT = "agent"
    """Letters, digits, `-`, `_` and `&`."""
    MAILBOX = "mailbox"
    """An address, or `Name <address>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ttl:
    """Range of a channel's time to live in seconds."""

    minimum: int
    """Of a caller's own: what the loosest of the provider's documents takes."""
    safe: int
    """What all of them take: we choose no less of our own."""
    useful: int
    """Below this a message is likely to die before it had a chance; used unless less is asked for."""
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageType:
    """One row of the channel x type matrix."""

    name: str
    content: str
    """The member that carries it: of the flat body in v1, of `message.content` in v0.1."""
    text_maximum: int | None = None
    """Most characters of a text; None where the type has none, or no limit is known."""
    in_v0_1: bool = False
    """True where v0.1 bodies can say it, and those of the beta where they have the channel."""
    passes_ttl: bool = False
    """A `ttl` is taken and goes to the provider as the caller gave it, though the channel has no range of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to reach a person."""

    name: str
    recipient: Address
    types: tuple[MessageType, ...]
    receipts: frozenset[Status]
    """Positive receipts it can give."""
    delivery: Delivery
    """Default of `delivery`: at_least_once where an early `submitted` settles most doubts (semantics 8)."""
    sender: Sender = Sender.NAME
    ttl: Ttl | None = None
    ttl_among_options: bool = False
    """True where the time to live stands in the channel's options and not beside them."""
    v0_1_name: str | None = None
    """Its `type` in v0.1 and beta bodies; None where these generations do not have it."""
    v0_1_recipient: str = "number"
    """Member of `to` that holds the recipient in v0.1: "number" or "id"."""
    v0_1_sender: str = "number"
    in_beta: bool = False

    def type_named(self, name: str) -> MessageType | None:
        """Return the row of a message type, None where the channel has none of that name."""
        return next((row for row in self.types if row.name == name), None)


def _type(
    name: str,
    content: str | None = None,
    *,
    text: int | None = None,
    in_v0_1: bool = False,
    passes_ttl: bool = False,
) -> MessageType:
    return MessageType(name=name, content=content or name, text_maximum=text, in_v0_1=in_v0_1, passes_ttl=passes_ttl)


_ALL = frozenset({Status.SUBMITTED, Status.DELIVERED, Status.READ})
_NO_READ = frozenset({Status.SUBMITTED, Status.DELIVERED})

CHANNELS: Mapping[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel(
            name="sms",
            v0_1_name="sms",
            in_beta=True,
            recipient=Address.NUMBER,
            types=(_type("text", text=3200, in_v0_1=True),),
            receipts=_NO_READ,
            delivery=Delivery.AT_LEAST_ONCE,
            ttl=Ttl(minimum=1, safe=20, useful=1800, maximum=604_800),
        ),
        Channel(
            name="mms",
            v0_1_name="mms",
            recipient=Address.NUMBER,
            types=(
                _type("text", text=1000),
                _type("image", in_v0_1=True),
                _type("vcard"),
                _type("audio"),
                _type("video"),
                _type("file"),
                _type("content"),
            ),
            receipts=_NO_READ,
            delivery=Delivery.AT_LEAST_ONCE,
            ttl=Ttl(minimum=300, safe=300, useful=300, maximum=259_200),
        ),
        Channel(
            name="rcs",
            recipient=Address.NUMBER,
            sender=Sender.AGENT,
            types=(
                _type("text", text=3072),
                _type("image"),
                _type("video"),
                _type("file"),
                _type("card"),
                _type("carousel"),
                _type("custom"),
            ),
            receipts=_ALL,
            delivery=Delivery.AT_LEAST_ONCE,
            ttl=Ttl(minimum=20, safe=20, useful=20, maximum=259_200),
        ),
        Channel(
            name="whatsapp",
            v0_1_name="whatsapp",
            in_beta=True,
            recipient=Address.NUMBER_OR_ID,
            types=(
                _type("text", text=4096, in_v0_1=True),
                _type("image", in_v0_1=True),
                _type("audio", in_v0_1=True, passes_ttl=True),
                _type("video", in_v0_1=True, passes_ttl=True),
                _type("file", in_v0_1=True),
                _type("template", in_v0_1=True),
                _type("sticker"),
                _type("reaction"),
                _type("custom", in_v0_1=True),
            ),
            receipts=_ALL,
            delivery=Delivery.AT_LEAST_ONCE,
        ),
        Channel(
            name="viber_service",
            v0_1_name="viber_service_msg",
            in_beta=True,
            recipient=Address.NUMBER,
            v0_1_sender="id",
            types=(
                _type("text", text=1000, in_v0_1=True),
                _type("image", in_v0_1=True),
                _type("video"),
                _type("file"),
                _type("template", in_v0_1=True),
            ),
            receipts=_ALL,
            delivery=Delivery.AT_LEAST_ONCE,
            ttl=Ttl(minimum=30, safe=30, useful=30, maximum=259_200),
            ttl_among_options=True,
        ),
        Channel(
            name="messenger",
            v0_1_name="messenger",
            in_beta=True,
            recipient=Address.ID,
            v0_1_recipient="id",
            v0_1_sender="id",
            types=(
                _type("text", text=640, in_v0_1=True),
                _type("image", in_v0_1=True),
                _type("audio", in_v0_1=True),
                _type("video", in_v0_1=True),
                _type("file", in_v0_1=True),
                _type("custom", in_v0_1=True),
            ),
            receipts=_ALL,
            delivery=Delivery.AT_MOST_ONCE,
        ),
        Channel(
            name="email",
            recipient=Address.EMAIL,
            sender=Sender.MAILBOX,
            types=(_type("text"), _type("html"), _type("content")),
            receipts=_ALL,
            delivery=Delivery.AT_MOST_ONCE,
        ),
    )
}

QUEUED_CHANNELS = ("sms", "mms", "rcs", "whatsapp", "viber_service", "messenger", "email")
"""Channels that have queues and metrics; the order is the one of docs and tables."""

_NUMBER = re.compile(r"[1-9][0-9]{6,14}")


def is_number(recipient: str) -> bool:
    """Tell whether it is an E.164 number in the provider's form: 7..15 ASCII digits, no `+`, no leading zero."""
    return _NUMBER.fullmatch(recipient) is not None


def text_maximum(channel: str, kind: str) -> int:
    """Return the most characters of a type's text. Raises KeyError where the table has no limit for it."""
    row = CHANNELS[channel].type_named(kind)
    if row is None or row.text_maximum is None:
        raise KeyError(f"{channel} {kind}")
    return row.text_maximum


def person_of(channel: str, recipient: str, named: str | None) -> str:
    """Return whom a step addresses: `named` where the request names a person, else number or channel and id.

    Two spellings of one email address are one person.
    """
    if named is not None:
        return f"person:{named}"
    kind = CHANNELS[channel].recipient
    if kind is Address.NUMBER or (kind is Address.NUMBER_OR_ID and is_number(recipient)):
        return f"number:{recipient}"
    return f"{channel}:{recipient.casefold() if kind is Address.EMAIL else recipient}"


def same_person(first: str, second: str) -> bool:
    """Tell whether two persons count as one: equal, or of kinds that can't be compared (semantics 2)."""
    if first == second:
        return True
    kinds = first.partition(":")[0], second.partition(":")[0]
    return kinds[0] != kinds[1] and "person" not in kinds
