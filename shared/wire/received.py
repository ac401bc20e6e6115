"""What GET answers of a message that somebody wrote to us. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from shared.wire.times import rfc3339
from shared.wire.webhook_bodies import Time, Uuid


class ReceivedView(Struct, kw_only=True):
    """`GET /v1/messages/{id}` of an inbound message."""

    message_uuid: Uuid
    direction: Literal["inbound"]
    channel: str
    to: str
    sender: str = msgspec.field(name="from")
    received_at: Time
    webhook: Annotated[Raw, Meta(description="the body of the webhook", extra_json_schema={"type": "object"})]


def received_view(
    *, message_uuid: str, channel: str, sender: str, recipient: str, received_at: float, webhook: bytes
) -> bytes:
    """Return the JSON of an inbound message.

    `sender`: the person. `received_at`: seconds since the epoch. `webhook`: the JSON that the caller was told, or would
    have been at an inbound address.
    """
    return msgspec.json.encode(
        ReceivedView(
            message_uuid=message_uuid,
            direction="inbound",
            channel=channel,
            to=recipient,
            sender=sender,
            received_at=rfc3339(received_at),
            webhook=Raw(webhook),
        )
    )
