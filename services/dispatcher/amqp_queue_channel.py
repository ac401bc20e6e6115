"""One queue's channel, from its opening to the last ack of what was delivered on it. Lives on the I/O thread."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Protocol

from pika.channel import Channel
from pika.connection import Connection
from pika.spec import Basic, BasicProperties


class Owner(Protocol):
    """Who is told what happens on a channel."""

    def tick(self) -> None:
        """Look again at what is and what is wanted."""

    def consuming(self, channel: QueueChannel) -> None:
        """The broker has accepted the consumer."""

    def delivered(self, channel: QueueChannel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        """A message came."""

    def cancelled(self, channel: QueueChannel) -> None:
        """The broker cancelled the consumer."""

    def closed(self, channel: QueueChannel, reason: object) -> None:
        """The channel is closed."""


class QueueChannel:
    """A channel that consumes one queue, with one consumer at a time."""

    def __init__(self, queue: str, owner: Owner) -> None:
        self.queue = queue
        self.in_hand: dict[int, int] = {}
        """Token to the broker's delivery tag; both rise."""
        self._owner = owner
        self._channel: Channel | None = None
        self._open = False
        self._consumer: str | None = None
        self._cancels = 0
        self._prefetch = 0
        self._quiet_since = 0.0
        """Since when nothing came: the last message, or the beginning of consuming."""
        self._waited_since: float | None = None

    @property
    def gone(self) -> bool:
        return self._channel is not None and self._open and not self._channel.is_open

    @property
    def finished(self) -> bool:
        """True once nothing of it is in hand and nothing more can come."""
        return self.gone or not (self.in_hand or self._cancels)

    def open(self, connection: Connection) -> None:
        self._channel = connection.channel(on_open_callback=self._on_open)
        self._channel.add_on_close_callback(lambda _channel, reason: self._owner.closed(self, reason))
        self._channel.add_on_cancel_callback(lambda _method: self._owner.cancelled(self))

    def close(self) -> None:
        if self._channel is not None and self._channel.is_open:
            self._channel.close()

    def consume(self, prefetch: int) -> None:
        """Have this prefetch; 0 stops consuming. Nothing happens before the channel is open."""
        if self._channel is None or not self._open or prefetch == self._prefetch:
            return
        if self._consumer is not None:
            self._cancel(self._channel, self._consumer)
            self._consumer = None
        if prefetch:
            self._quiet_since = monotonic()
            # A prefetch is its consumer's for good: another one needs another consumer.
            self._channel.basic_qos(prefetch_count=prefetch)
            self._consumer = self._channel.basic_consume(
                self.queue, self._on_message, callback=lambda _frame: self._owner.consuming(self)
            )
        self._prefetch = prefetch

    def take(self, token: int, tag: int) -> None:
        """Have a message in hand."""
        self.in_hand[token] = tag
        self._quiet_since = monotonic()

    def doubtful(self, ready: int, *, renew_idle_s: float) -> bool:
        """Tell, at every look at the queue, whether this consumer may have been left behind.

        `ready` messages wait there as they did at the last look, and we have room; or nothing came for so long, and
        nothing is in hand, that making sure costs nothing.
        """
        waiting = self._consumer is not None and ready > 0 and len(self.in_hand) < self._prefetch
        before, self._waited_since = self._waited_since, self._quiet_since if waiting else None
        in_vain = waiting and before == self._quiet_since
        idle = self._consumer is not None and not self.in_hand and monotonic() - self._quiet_since > renew_idle_s
        return in_vain or idle

    def ack(self, tokens: Iterable[int]) -> None:
        """Acknowledge, with one frame for all that are the oldest in hand."""
        if self._channel is None or not self._channel.is_open:
            return
        acked = set(tokens)
        oldest = 0
        for token in list(self.in_hand):
            if token not in acked:
                break
            oldest = self.in_hand.pop(token)
            acked.discard(token)
        if oldest:
            self._channel.basic_ack(oldest, multiple=True)
        for token in sorted(acked):
            self._channel.basic_ack(self.in_hand.pop(token))

    def _cancel(self, channel: Channel, consumer: str) -> None:
        self._cancels += 1
        channel.basic_cancel(consumer, callback=self._on_cancelled)
        # pika would send back, with a requeue, what is still on its way to us: and returns count towards the delivery
        # limit. Unmarked, the consumer takes it in hand until the broker has confirmed the cancel.
        channel._cancelled.discard(consumer)  # noqa: SLF001

    def _on_cancelled(self, _frame: object) -> None:
        self._cancels -= 1
        self._owner.tick()

    def _on_open(self, _channel: Channel) -> None:
        self._open = True
        self._owner.tick()

    def _on_message(self, _channel: Channel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        self._owner.delivered(self, method, properties, body)
