"""What the ingress needs of broker and store. The real ones are in `shared.queue.publisher` and `shared.store`."""

from __future__ import annotations

from typing import Protocol

from shared.model import Entry
from shared.queue.envelope import OutboundMessage
from shared.queue.topology import QueueDepth
from shared.store.directory import Directory
from shared.store.records import Controls, Stored


class Publisher(Protocol):
    """Publishes with a confirm; any thread may call it."""

    def publish(self, message: OutboundMessage) -> None:
        """Return once the broker has confirmed. Raises BrokerUnavailable: it may or may not have been stored."""

    def depth(self, queue: str) -> QueueDepth:
        """Return what a passive declare tells. Raises BrokerUnavailable, Unroutable where there is no such queue."""

    def healthy(self) -> bool:
        """Tell whether a publish would very likely be confirmed now."""


class IngressStore(Protocol):
    """The part of a store that the ingress reads; it writes nothing."""

    def directory(self) -> Directory:
        """Return who may call, and whom we call. Raises StoreUnavailable."""

    def controls(self) -> Controls:
        """Return stops and pauses. Raises StoreUnavailable."""

    def find(self, workflow_id: str) -> Stored | None:
        """Return a workflow, None where it is not there. Raises StoreUnavailable."""

    def timeline(self, workflow_id: str) -> tuple[Entry, ...]:
        """Return its journal in order; empty where it is not there. Raises StoreUnavailable."""
