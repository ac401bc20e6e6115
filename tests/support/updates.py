"""Wishes to update a message, as the broker delivers them."""

from __future__ import annotations

from services.dispatcher.ports import Delivery
from shared.queue import envelope
from shared.queue.topology import COMMAND_KEY, COMMANDS
from shared.wire.envelopes import MessageUpdate, write


def delivery_of(update: MessageUpdate, *, token: int = 1) -> Delivery:
    """Return the delivery that brings it."""
    return Delivery(
        token=token,
        queue=COMMANDS,
        exchange=COMMANDS,
        routing_key=COMMAND_KEY,
        type=envelope.COMMAND,
        message_id="command-1",
        user_id="cascade-ingress",
        reply_to=None,
        correlation_id=None,
        content_type="application/json",
        content_encoding=None,
        headers={},
        body=write(update),
    )
