"""A RabbitMQ in memory, as far as the engine can tell: queues, prefetch, acks, confirms, lost connections.

It delivers again what was not acknowledged, and in a storm it also delivers twice, out of order, and loses confirms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from services.dispatcher.ports import Arrivals, CallAnswer, Delivery, UpdateEnded
from shared.queue.topology import BINDINGS, DEAD, EXCHANGES, QUEUES, STEPS
from shared.store.records import OutboxRow

QUEUES_OF_STEPS = frozenset(binding.queue for binding in BINDINGS if binding.exchange == STEPS)
_TOPICS = frozenset(exchange.name for exchange in EXCHANGES if exchange.kind != "direct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A message on the broker."""

    exchange: str
    routing_key: str
    type: str
    message_id: str
    body: bytes
    user_id: str | None = None
    reply_to: str | None = None
    correlation_id: str | None = None
    headers: Mapping[str, object] = field(default_factory=dict)
    content_type: str = "application/json"
    redelivered: bool = False


class Weather(Protocol):
    """What the broker must know of its world."""

    stormy: bool
    now: float


class Rabbit:
    """The broker."""

    def __init__(self, world: Weather) -> None:
        self.world = world
        self.queues: dict[str, deque[Published]] = {queue.name: deque() for queue in QUEUES}
        self.unbound: list[Published] = []
        """Events and answers: nobody of ours binds to them, the invariants read them."""
        self.connections: list[Connection] = []
        self.others_wait = 0
        """Messages in each queue that are about no workflow of the test: the queue is busy."""
        self._token = 0

    def publish(self, message: Published) -> None:
        """Route a message."""
        routed = False
        for binding in BINDINGS:
            matches = binding.routing_key == message.routing_key or binding.exchange in _TOPICS
            if binding.exchange == message.exchange and matches:
                self.queues[binding.queue].append(message)
                routed = True
        if not routed:
            self.unbound.append(message)

    def next_token(self) -> int:
        """Return a token that was never given out."""
        self._token += 1
        return self._token

    def consumed(self, queue: str) -> bool:
        """Tell whether somebody reads a queue."""
        return any(queue in connection.prefetch and connection.connected for connection in self.connections)

    def quiet(self, *, but_steps: bool) -> bool:
        """Return True when no queue of work holds anything and nothing is unacknowledged.

        `but_steps`: those of the channels do not count. Behind a stop a stale step message may wait for ever.
        """
        left_out = {DEAD, *(QUEUES_OF_STEPS if but_steps else ())}
        work = (messages for name, messages in self.queues.items() if name not in left_out)
        return not any(work) and not any(connection.unacked for connection in self.connections)


class Connection:
    """The engine's Inbox and Broker in one life of a process."""

    def __init__(self, rabbit: Rabbit, random: Random) -> None:
        self._rabbit = rabbit
        self._random = random
        self.prefetch: dict[str, int] = {}
        self.unacked: dict[int, tuple[str, Published]] = {}
        self.connected = True
        self._answers: list[CallAnswer] = []
        self._updates: list[UpdateEnded] = []
        self._confirmed: list[int] = []
        self._failed: list[int] = []
        self._lost: set[int] = set()
        rabbit.connections.append(self)

    # Inbox

    def wait(self, until: float) -> None:
        """The world decides when a turn is due."""

    @property
    def has_arrivals(self) -> bool:
        """True when `take` would return something."""
        if self._answers or self._updates or self._confirmed or self._failed or self._lost:
            return True
        return self.connected and any(self._rabbit.queues[queue] and self._room(queue) > 0 for queue in self.prefetch)

    def take(self) -> Arrivals:
        """See the port."""
        arrivals = Arrivals(
            deliveries=tuple(self._deliveries()),
            answers=tuple(self._answers),
            updates=tuple(self._updates),
            confirmed=tuple(self._confirmed),
            failed=tuple(self._failed),
            lost_tokens=frozenset(self._lost),
        )
        self._answers, self._updates, self._confirmed, self._failed, self._lost = [], [], [], [], set()
        return arrivals

    def answer(self, answer: CallAnswer) -> None:
        """Take an answer of a sender."""
        self._answers.append(answer)

    def updated(self, ended: UpdateEnded) -> None:
        """Take the end of an update."""
        self._updates.append(ended)

    # Broker

    def ack(self, tokens: Collection[int]) -> None:
        """See the port."""
        for token in tokens:
            self.unacked.pop(token, None)

    def publish(self, rows: Sequence[OutboxRow]) -> None:
        """See the port. In a storm some are lost before they arrive, some after."""
        for row in rows:
            chance = self._random.random() if self._rabbit.world.stormy else 1.0
            if not self.connected or chance < 0.03:
                self._failed.append(row.row_id)
                continue
            self._rabbit.publish(
                Published(
                    exchange=row.exchange,
                    routing_key=row.routing_key,
                    type=row.type,
                    message_id=row.message_id,
                    body=row.body,
                    user_id="cascade-dispatcher",
                    correlation_id=row.correlation_id,
                    headers=row.headers,
                )
            )
            (self._failed if chance < 0.06 else self._confirmed).append(row.row_id)

    def consume(self, prefetch: Mapping[str, int]) -> None:
        """See the port."""
        self.prefetch = dict(prefetch)

    def depth(self, queue: str) -> int | None:
        """See the port."""
        return len(self._rabbit.queues[queue]) + self._rabbit.others_wait if self.connected else None

    # What the world does to it

    def cut(self) -> None:
        """Lose the connection: everything unacknowledged is delivered again."""
        self._lost |= self.unacked.keys()
        self._requeue()
        self.connected = False

    def mend(self) -> None:
        """Connect again."""
        self.connected = True

    def die(self) -> None:
        """The process is gone, and what only it knew with it."""
        self._requeue()
        self.connected = False
        self.prefetch = {}
        self._rabbit.connections.remove(self)

    def _requeue(self) -> None:
        for queue, message in reversed(self.unacked.values()):
            self._rabbit.queues[queue].appendleft(replace(message, redelivered=True))
        self.unacked.clear()

    def _deliveries(self) -> Iterable[Delivery]:
        if not self.connected:
            return
        for queue in self.prefetch:
            waiting = self._rabbit.queues[queue]
            ordered = queue == "cascade.receipts"  # what reorders receipts is the provider: markers must stay behind
            for _ in range(min(self._room(queue), len(waiting))):
                if self._rabbit.world.stormy and not ordered and self._random.random() < 0.1:
                    waiting.rotate(-1)
                message = waiting.popleft()
                if self._rabbit.world.stormy and self._random.random() < 0.08:
                    waiting.append(message)
                token = self._rabbit.next_token()
                self.unacked[token] = (queue, message)
                yield _delivery(token, queue, message, self._rabbit.world.now)

    def _room(self, queue: str) -> int:
        held = sum(1 for name, _ in self.unacked.values() if name == queue)
        return self.prefetch[queue] - held


def _delivery(token: int, queue: str, message: Published, now: float) -> Delivery:
    return Delivery(
        token=token,
        queue=queue,
        exchange=message.exchange,
        routing_key=message.routing_key,
        type=message.type,
        message_id=message.message_id,
        user_id=message.user_id,
        reply_to=message.reply_to,
        correlation_id=message.correlation_id,
        content_type=message.content_type,
        content_encoding=None,
        headers=message.headers,
        body=message.body,
        redelivered=message.redelivered,
        received_at=now,
    )
