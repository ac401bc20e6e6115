"""What the ingress needs of the broker. The real one is `shared.queue.publisher`."""

from __future__ import annotations

from typing import Protocol

from shared.queue.envelope import OutboundMessage
from shared.queue.topology import QueueDepth


class Publisher(Protocol):
    """Publishes with a confirm; any thread may call it."""

    def publish(self, message: OutboundMessage) -> None:
        """Return once the broker has confirmed. Raises BrokerUnavailable: it may or may not have been stored."""

    def depth(self, queue: str) -> QueueDepth:
        """Return what a passive declare tells. Raises BrokerUnavailable, Unroutable where there is no such queue."""
