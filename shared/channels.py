"""THE table of channels and message types: limits, TTL ranges, and which receipts a channel can give.

A new channel or type is a row here and golden files; nothing else. Sources: the provider's own limits, the loosest
where its documents differ; useful TTL minima from semantics 9.
"""

from __future__ import annotations

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
    EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ttl:
    """Range of a channel's time to live in seconds."""

    minimum: int
    """What the provider takes at all."""
    useful: int
    """Below this a message is likely to die before it had a chance; used unless less is asked for."""
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageType:
    """One row of the channel x type matrix."""

    name: str
    content: str
    """The v1 member that carries it."""
    text_maximum: int | None = None
    """Most characters of a text; None where the type has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to reach a person."""

    name: str
    v0_1_name: str | None
    """Its `type` in v0.1 and beta bodies; None where these generations do not have it."""
    recipient: Address
    v0_1_recipient: str
    """Member of `to` that holds the recipient in v0.1: "number" or "id"."""
    v0_1_sender: str
    types: tuple[MessageType, ...]
    receipts: frozenset[Status]
    """Positive receipts it can give."""
    delivery: Delivery
    """Default of `delivery`: at_least_once where an early `submitted` settles most doubts (semantics 8)."""
    ttl: Ttl | None = None

    def type_named(self, name: str) -> MessageType | None:
        """Return the row of a message type, None where the channel has none of that name."""
        return next((row for row in self.types if row.name == name), None)


_ALL = frozenset({Status.SUBMITTED, Status.DELIVERED, Status.READ})
_NO_READ = frozenset({Status.SUBMITTED, Status.DELIVERED})

CHANNELS: Mapping[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel(
            name="sms",
            v0_1_name="sms",
            recipient=Address.NUMBER,
            v0_1_recipient="number",
            v0_1_sender="number",
            types=(MessageType(name="text", content="text", text_maximum=3200),),
            receipts=_NO_READ,
            delivery=Delivery.AT_LEAST_ONCE,
            ttl=Ttl(minimum=20, useful=1800, maximum=604_800),
        ),
        Channel(
            name="viber_service",
            v0_1_name="viber_service_msg",
            recipient=Address.NUMBER,
            v0_1_recipient="number",
            v0_1_sender="id",
            types=(MessageType(name="text", content="text", text_maximum=1000),),
            receipts=_ALL,
            delivery=Delivery.AT_LEAST_ONCE,
            ttl=Ttl(minimum=30, useful=30, maximum=259_200),
        ),
        Channel(
            name="messenger",
            v0_1_name="messenger",
            recipient=Address.ID,
            v0_1_recipient="id",
            v0_1_sender="id",
            types=(MessageType(name="text", content="text", text_maximum=640),),
            receipts=_ALL,
            delivery=Delivery.AT_MOST_ONCE,
        ),
    )
}

QUEUED_CHANNELS = ("sms", "mms", "rcs", "whatsapp", "viber_service", "messenger", "email")
"""Channels that have queues and metrics; the order is the one of docs and tables."""


def person_of(channel: str, recipient: str, named: str | None) -> str:
    """Return whom a step addresses: `named` where the request names a person, else number or channel and id."""
    if named is not None:
        return f"person:{named}"
    row = CHANNELS[channel]
    return f"number:{recipient}" if row.recipient is Address.NUMBER else f"{channel}:{recipient}"


def same_person(first: str, second: str) -> bool:
    """Tell whether two persons count as one: equal, or of kinds that can't be compared (semantics 2)."""
    if first == second:
        return True
    kinds = first.partition(":")[0], second.partition(":")[0]
    return kinds[0] != kinds[1] and "person" not in kinds
