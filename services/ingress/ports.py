"""What the ingress needs of broker and store. The real ones are in `shared.queue.publisher` and `shared.store`."""

from __future__ import annotations

from typing import Protocol

from shared.model import Entry
from shared.queue.envelope import OutboundMessage
from shared.queue.topology import QueueDepth
from shared.store.directory import Directory
from shared.store.records import Controls, InboundRow, Stored
from shared.store.records_requests import KeyedRequest, SearchPage, SearchQuery, TakenKey


class Publisher(Protocol):
    """Publishes with a confirm; any thread may call it."""

    def publish(self, message: OutboundMessage) -> None:
        """Return once the broker has confirmed. Raises BrokerUnavailable: it may or may not have been stored."""

    def depth(self, queue: str) -> QueueDepth:
        """Return what a passive declare tells. Raises BrokerUnavailable, Unroutable where there is no such queue."""

    def healthy(self) -> bool:
        """Tell whether a publish would very likely be confirmed now."""


class IngressStore(Protocol):
    """The part of a store that the ingress uses; it writes nothing but the keys of repeated requests."""

    def directory(self) -> Directory:
        """Return who may call, and whom we call. Raises StoreUnavailable."""

    def controls(self) -> Controls:
        """Return stops and pauses. Raises StoreUnavailable."""

    def find(self, workflow_id: str) -> Stored | None:
        """Return a workflow, None where it is not there. Raises StoreUnavailable."""

    def timeline(self, workflow_id: str) -> tuple[Entry, ...]:
        """Return its journal in order; empty where it is not there. Raises StoreUnavailable."""

    def find_inbound(self, provider_uuid: str) -> tuple[InboundRow, ...]:
        """Return the inbound messages of that id, at most one of each account. Raises StoreUnavailable."""

    def search(self, query: SearchQuery) -> SearchPage:
        """Return workflows, newest first. Raises StoreUnavailable."""

    def take_key(self, request: KeyedRequest) -> TakenKey:
        """Write a key that is new; tell what an old one stands for. Raises StoreUnavailable."""

    def answer_key(self, *, tenant: str, key: str, workflow_id: str, answer: bytes) -> None:
        """Keep the answer. Raises StoreUnavailable."""

    def give_back_key(self, *, tenant: str, key: str, workflow_id: str) -> None:
        """Let the next one who asks take over at once. Raises StoreUnavailable."""

    def purge_keys(self) -> int:
        """Delete old keys; returns how many. Raises StoreUnavailable."""
