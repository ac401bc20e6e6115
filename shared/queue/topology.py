"""Everything that exists on the broker, as data (architecture 5): exchanges, queues, bindings, policies.

The only argument of a queue is its type: arguments can't be changed later, policies can, by operators and while
messages flow. So limits, dead-lettering and overflow are policies here, of keys that RabbitMQ 3.10 and 4.x both know.

Users never share an exchange with those who may do more: CC and BCC headers send a message under other routing keys
of the same exchange, so a queue that must not be reached from outside hangs on an exchange of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.channels import QUEUED_CHANNELS

DEFAULT_VHOST = "cascade"

SENDS = "cascade.sends"
STEPS = "cascade.steps"
COMMANDS = "cascade.commands"
RECEIPTS = "cascade.receipts"
INBOUND = "cascade.inbound"
EVENTS = "cascade.events"
ANSWERS = "cascade.answers"
DEAD = "cascade.dead"
INTAKE = "cascade.intake"

COMMAND_KEY = "command"
RECEIPT_KEY = "receipt"
"""Status webhooks and markers: the marker must queue behind the receipts that were there first."""
INBOUND_KEY = "inbound"

ExchangeKind = Literal["topic", "direct", "fanout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: ExchangeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A durable quorum queue."""

    name: str
    arguments: Mapping[str, str] = field(default_factory=lambda: {"x-queue-type": "quorum"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What of an exchange goes into a queue."""

    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Settings of all queues whose name matches; at most one policy, that of the highest priority, is in force."""

    name: str
    pattern: str
    definition: Mapping[str, str | int]
    priority: int = 10
    apply_to: Literal["queues"] = "queues"
    """Not "quorum_queues": RabbitMQ 3.10 refuses that word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """What a passive declare tells."""

    messages: int
    """Ready ones; unacknowledged ones are not counted."""
    consumers: int


def step_queue(channel: str, *, goes_on: bool) -> str:
    """Return a channel's queue: of new work, or of work that goes on (fallbacks, retries, high priority)."""
    return f"cascade.{step_key(channel, goes_on=goes_on)}"


def step_key(channel: str, *, goes_on: bool) -> str:
    """Return the routing key on `cascade.steps` that leads to `step_queue()`."""
    return f"{'next' if goes_on else 'send'}.{channel}"


EXCHANGES = (
    Exchange(name=SENDS, kind="topic"),
    Exchange(name=STEPS, kind="direct"),
    Exchange(name=COMMANDS, kind="direct"),
    Exchange(name=RECEIPTS, kind="direct"),
    Exchange(name=EVENTS, kind="topic"),
    Exchange(name=ANSWERS, kind="topic"),
    Exchange(name=DEAD, kind="fanout"),
)

BINDINGS = (
    Binding(exchange=SENDS, queue=INTAKE, routing_key="#"),
    *(
        Binding(
            exchange=STEPS, queue=step_queue(channel, goes_on=goes_on), routing_key=step_key(channel, goes_on=goes_on)
        )
        for channel in QUEUED_CHANNELS
        for goes_on in (False, True)
    ),
    Binding(exchange=COMMANDS, queue=COMMANDS, routing_key=COMMAND_KEY),
    Binding(exchange=RECEIPTS, queue=RECEIPTS, routing_key=RECEIPT_KEY),
    Binding(exchange=RECEIPTS, queue=INBOUND, routing_key=INBOUND_KEY),
    Binding(exchange=DEAD, queue=DEAD, routing_key=""),
)

QUEUES = tuple(Queue(name=binding.queue) for binding in BINDINGS)

POLICIES = (
    Policy(
        name="cascade-work",
        pattern=r"^cascade\.(intake|commands|receipts|inbound|(send|next)\..+)$",
        definition={
            # Named, because 3.10 and 3.13 have no limit and 4.x has 20: without it poison would circle there for ever.
            "delivery-limit": 20,
            "dead-letter-exchange": DEAD,
            # Needs reject-publish beside it, else the broker falls back to at-most-once without a word.
            "dead-letter-strategy": "at-least-once",
            "overflow": "reject-publish",
            "max-length": 1_000_000,
        },
    ),
    Policy(
        name="cascade-dead",
        pattern=r"^cascade\.dead$",
        definition={
            # No dead-letter exchange of its own: a queue that is its own target never clears. And a limit so high
            # that looking at dead letters never uses it up, since 4.x drops what reaches its default of 20.
            "delivery-limit": 1_000_000,
            "overflow": "reject-publish",
            "max-length": 5_000_000,
        },
    ),
)
