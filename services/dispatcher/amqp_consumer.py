"""Consume queues: each on a channel of its own, so that the broker's word against one does not silence the others.

A delivery has a token that is never used again. The broker's own numbers begin anew with each channel, and an ack under
an old number would end a new channel; a token of a channel that is gone is nothing.

What was delivered stays in hand until it is acked, also when its consumer is cancelled, by us or by the broker. Nothing
is ever sent back to a queue from here: each return counts towards the delivery limit (architecture 7).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from itertools import count
from time import monotonic

import structlog
from pika.connection import Connection
from pika.spec import Basic, BasicProperties

from services.dispatcher.amqp_inbox import Mailbox
from services.dispatcher.amqp_queue_channel import QueueChannel
from services.dispatcher.ports import Delivery

_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0

_log = structlog.get_logger()


class Consumers:
    """All consumers of a dispatcher. Lives on the I/O thread."""

    def __init__(self, mailbox: Mailbox, *, renew_idle_s: float) -> None:
        """`renew_idle_s`: a consumer that got nothing for so long is made anew, to be sure of it."""
        self._mailbox = mailbox
        self._renew_idle_s = renew_idle_s
        self._tokens = count(1)
        self._wanted: dict[str, int] = {}
        self._connection: Connection | None = None
        self._current: dict[str, QueueChannel] = {}
        self._retired: list[QueueChannel] = []
        self._pauses: dict[str, _Pause] = {}
        self._of_token: dict[int, QueueChannel] = {}

    @property
    def queues(self) -> frozenset[str]:
        """Queues that are to be consumed."""
        return frozenset(self._wanted)

    def want(self, prefetch: Mapping[str, int]) -> None:
        """Consume exactly these queues with these prefetches (at least 1: none would mean without limit)."""
        self._wanted = dict(prefetch)
        self.tick()

    def ack(self, tokens: Collection[int]) -> None:
        """Acknowledge; tokens of channels that are gone are nothing."""
        by_channel: dict[QueueChannel, list[int]] = {}
        for token in tokens:
            if (channel := self._of_token.pop(token, None)) is not None:
                by_channel.setdefault(channel, []).append(token)
        for channel, its_tokens in by_channel.items():
            channel.ack(its_tokens)

    def connection_up(self, connection: Connection) -> None:
        self._connection = connection
        self._pauses.clear()
        self.tick()

    def connection_down(self) -> None:
        self._connection = None
        for channel in (*self._current.values(), *self._retired):
            self._lose(channel)
        self._current.clear()
        self._retired.clear()

    def tick(self) -> None:
        """Compare what is with what is wanted, and mend it."""
        # A channel may be closed by the broker while its connection goes on as if nothing had happened.
        for queue, channel in list(self._current.items()):
            if channel.gone:
                self._closed(queue, channel, "found closed")
        for channel in [each for each in self._retired if each.finished]:
            self._retired.remove(channel)
            self._lose(channel)
            channel.close()
        if self._connection is None or not self._connection.is_open:
            return
        for queue in {*self._wanted, *self._current}:
            self._mend(queue, self._wanted.get(queue, 0))

    def _mend(self, queue: str, prefetch: int) -> None:
        channel = self._current.get(queue)
        if channel is not None:
            channel.consume(prefetch)
        elif prefetch and monotonic() >= self._pause(queue).until and self._connection is not None:
            self._current[queue] = QueueChannel(queue, self)
            self._current[queue].open(self._connection)

    def _pause(self, queue: str) -> _Pause:
        return self._pauses.setdefault(queue, _Pause())

    def depth_seen(self, queue: str, ready: int) -> None:
        """Learn how many messages wait in a queue; where ours may be a consumer that was left behind, consume it anew.

        A quorum queue that is deleted and declared again at once keeps its consumers by name, but what it sends them
        the broker's own channel drops as seen before (RabbitMQ 3.10): as many messages as were read of the old queue
        hang unacknowledged with nobody. Closing the channel gives them back.
        """
        channel = self._current.get(queue)
        if channel is not None and channel.doubtful(ready, renew_idle_s=self._renew_idle_s):
            if ready:
                _log.warning("consumer.left_behind", queue=queue, ready=ready)
            channel.consume(0)
            del self._current[queue]
            self._retired.append(channel)
            self.tick()

    # What a channel tells.

    def consuming(self, channel: QueueChannel) -> None:
        self._pauses.pop(channel.queue, None)

    def delivered(self, channel: QueueChannel, method: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
        token = next(self._tokens)
        channel.take(token, method.delivery_tag)
        self._of_token[token] = channel
        self._mailbox.deliver(
            Delivery(
                token=token,
                queue=channel.queue,
                exchange=method.exchange,
                routing_key=method.routing_key,
                type=properties.type,
                message_id=properties.message_id,
                user_id=properties.user_id,
                reply_to=properties.reply_to,
                correlation_id=properties.correlation_id,
                content_type=properties.content_type,
                content_encoding=properties.content_encoding,
                headers=properties.headers or {},
                body=body,
                redelivered=method.redelivered,
                received_at=monotonic(),
            )
        )

    def cancelled(self, channel: QueueChannel) -> None:
        """The broker cancelled the consumer: its queue was deleted, or lost its leader. What is in hand stays good."""
        if self._current.get(channel.queue) is channel:
            _log.warning("consumer.cancelled", queue=channel.queue)
            del self._current[channel.queue]
            self._retired.append(channel)
            self._pause(channel.queue).longer()

    def closed(self, channel: QueueChannel, reason: object) -> None:
        """The channel is closed; what was in hand on it is delivered again."""
        if self._current.get(channel.queue) is channel:
            self._closed(channel.queue, channel, reason)
        elif channel in self._retired:
            self._retired.remove(channel)
            self._lose(channel)

    def _closed(self, queue: str, channel: QueueChannel, reason: object) -> None:
        _log.warning("consumer.closed", queue=queue, reason=str(reason))
        del self._current[queue]
        self._lose(channel)
        self._pause(queue).longer()

    def _lose(self, channel: QueueChannel) -> None:
        for token in channel.in_hand:
            self._of_token.pop(token, None)
        self._mailbox.lose(list(channel.in_hand))
        channel.in_hand.clear()


class _Pause:
    """How long a queue is left alone after a failure."""

    def __init__(self) -> None:
        self.until = 0.0
        self._failures = 0

    def longer(self) -> None:
        self.until = monotonic() + random.uniform(0.0, min(_LONGEST_PAUSE_S, _PAUSE_S * 2**self._failures))
        self._failures = min(self._failures + 1, 10)
