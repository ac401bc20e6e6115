"""Wishes to update a message, as the broker delivers them, and stores that hold what they speak of."""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.ports import Delivery
from shared.model import Entry, What, Workflow
from shared.queue import envelope
from shared.queue.topology import COMMAND_KEY, COMMANDS
from shared.store.memory import MemoryStore
from shared.store.opening import open_memory_store
from shared.store.records import Batch, Change, InboundRow
from shared.wire.envelopes import MessageUpdate, write
from tests.support.plans import START

INBOUND = InboundRow(
    provider_uuid="in-1",
    tenant="acme",
    account="default",
    channel="whatsapp",
    sender="447700900001",
    recipient="Shop",
    region_url="https://api-eu.vonage.com/v1/messages/in-1",
    raw=b"{}",
    received_at=START,
)


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


def store_with(*workflows: Workflow) -> MemoryStore:
    """Return a store in memory with these workflows, and one inbound message."""
    store = open_memory_store(clock=lambda: START)
    fill(store, *workflows)
    return store


def fill(store: MemoryStore, *workflows: Workflow) -> None:
    """Put them into a store."""
    changes = tuple(
        Change(
            workflow=replace(each, sequence=1),
            version=None,
            wake_at=START,
            wake_ungated_at=START,
            account="default",
            entries=(Entry(sequence=1, at=START, by="cascade", what=What.ACCEPTED),),
        )
        for each in workflows
    )
    store.commit(Batch(changes=changes, inbound=(INBOUND,)))
