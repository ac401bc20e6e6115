"""Put what a caller wishes done about a message or workflow on the commands' exchange; a dispatcher does it."""

from __future__ import annotations

from uuid import uuid4

from services.ingress.house import House
from shared.queue import envelope, topology
from shared.wire.envelopes import Command, MessageUpdate, write


def publish_wish(here: House, wish: Command | MessageUpdate) -> None:
    """Return once the broker has confirmed. Raises BrokerUnavailable: it may or may not have been stored."""
    here.publisher.publish(
        envelope.OutboundMessage(
            exchange=topology.COMMANDS,
            routing_key=topology.COMMAND_KEY,
            type=envelope.COMMAND,
            message_id=str(uuid4()),
            body=write(wish),
            headers={envelope.TENANT: wish.tenant},
        )
    )
