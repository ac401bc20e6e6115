"""The engine's five ports: Inbox, Store, Broker, Senders, Clock. The engine knows nothing else of the outside.

Real adapters: `amqp.py` (Inbox and Broker, pika on a thread of its own), `senders.py`, `shared.store`.
The simulation implements all five in one thread with seeded crashes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.model import Message, Problem, Workflow
from shared.outcomes import CallOutcome
from shared.store.records import OutboxRow
from shared.wire.envelopes import MessageUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message as the broker handed it over, not yet acknowledged."""

    token: int
    """Names it for the ack; never reused, also over reconnections: an ack of a lost connection's is nothing."""
    queue: str
    exchange: str
    routing_key: str
    type: str | None
    message_id: str | None
    user_id: str | None
    reply_to: str | None
    correlation_id: str | None
    content_type: str | None
    content_encoding: str | None
    headers: Mapping[str, object]
    body: bytes
    redelivered: bool = False
    received_at: float = 0.0
    """Monotonic time of arrival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTicket:
    """One claimed call on its way to a sender."""

    workflow_id: str
    step: int
    attempt: int
    reference: str
    account: str
    message: Message
    ttl: int | None
    claimed_at: float
    """Store time of the claim: names this claim when its answer comes."""
    tenant: str = ""
    """Whose it is: ids inside the message are looked up among the messages of this tenant alone."""
    whole: Workflow | None = None
    """The workflow that this call hands over as it is; None: `message` alone is sent."""
    claimed_monotonic: float
    """Monotonic time just before the commit of the claim: older than 5 s before the first byte = Stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswer:
    """What came of a ticket."""

    ticket: CallTicket
    outcome: CallOutcome
    ended_monotonic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWish:
    """A message that is to be marked read, or revoked, with the delivery that said so."""

    update: MessageUpdate
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateEnded:
    """What came of a wish."""

    wish: UpdateWish
    problem: Problem | None
    """Why it was given up; None where it was done."""
    workflow_id: str | None = None
    """Of a message that was sent through us; None of an inbound or an unknown one."""
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Everything that came in since the last look."""

    deliveries: tuple[Delivery, ...] = ()
    answers: tuple[CallAnswer, ...] = ()
    updates: tuple[UpdateEnded, ...] = ()
    confirmed: tuple[int, ...] = ()
    """Outbox row ids whose publish the broker confirmed (or, not mandatory, took and dropped)."""
    failed: tuple[int, ...] = ()
    """Outbox row ids that were returned, nacked, or whose confirm was lost: they stay and are tried again."""
    lost_tokens: frozenset[int] = field(default_factory=frozenset)
    """Tokens of a lost connection: the broker delivers those messages again; drop what is unclaimed in hand."""


class Inbox(Protocol):
    """Where everything arrives. The engine blocks nowhere else."""

    def wait(self, until: float) -> None:
        """Return when something has arrived, or at monotonic time `until`."""

    def take(self) -> Arrivals:
        """Return what has arrived, at once and without waiting for more."""


class Broker(Protocol):
    """What the engine asks of RabbitMQ. No call blocks; results come through the Inbox."""

    def ack(self, tokens: Collection[int]) -> None:
        """Acknowledge deliveries; tokens of a lost connection are nothing."""

    def publish(self, rows: Sequence[OutboxRow]) -> None:
        """Publish with pipelined confirms; each `row_id` comes back as confirmed or failed."""

    def consume(self, prefetch: Mapping[str, int]) -> None:
        """Consume exactly these queues with these prefetches; others are cancelled (their unacked stay in hand)."""

    def depth(self, queue: str) -> int | None:
        """Return the last known count of ready messages (a passive declare a few seconds old), None if unknown."""

    @property
    def connected(self) -> bool:
        """True while consuming and publishing are possible."""


class Senders(Protocol):
    """The pools of threads that call the provider; answers come through the Inbox."""

    def free(self, channel: str) -> int:
        """Return how many slots of a channel's pool are free."""

    def submit(self, tickets: Sequence[CallTicket]) -> None:
        """Start calls. The caller took care that slots are free."""

    def update(self, wish: UpdateWish) -> None:
        """Begin an update of one message; its end comes through the Inbox. While draining it is left to others."""

    @property
    def in_flight(self) -> int:
        """How many calls are running or waiting for their thread."""


class Clock(Protocol):
    """Time that never goes back, in seconds: for deadlines inside one process. Decisions use store time."""

    def monotonic(self) -> float:
        """Return the reading."""
