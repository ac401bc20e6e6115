"""Ask how many messages wait in the queues, every two seconds; and thereby whether the broker still answers.

A passive declare is the only question that AMQP has. Where there is no such queue the broker closes the channel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic

from pika.channel import Channel
from pika.connection import Connection
from pika.frame import Method

_EVERY_S = 2.0
_ANSWER_S = 8.0
"""A broker that leaves a question open for so long is gone, whatever its socket says."""


class Depths:
    """Lives on the I/O thread, on the connection that consumes; `known` may be read from others."""

    def __init__(
        self, *, queues: Callable[[], frozenset[str]], seen: Callable[[str, int], None], cut: Callable[[str], None]
    ) -> None:
        self.known: dict[str, int] = {}
        """Ready messages by queue; queues that don't exist or were never asked for are absent."""
        self._queues = queues
        self._seen = seen
        self._cut = cut
        self._connection: Connection | None = None
        self._channel: Channel | None = None
        self._open = False
        self._to_ask: deque[str] = deque()
        self._asked: str | None = None
        self._asked_at = 0.0
        self._round_at = 0.0

    def connection_up(self, connection: Connection) -> None:
        self._connection = connection
        self._round_at = 0.0

    def connection_down(self) -> None:
        self._connection = self._channel = self._asked = None
        self._open = False
        self._to_ask.clear()
        self.known.clear()

    def tick(self) -> None:
        now = monotonic()
        if self._connection is None or not self._connection.is_open:
            return
        # The opening of the channel is a question, too: a broker may fall silent between the two.
        if (self._asked is not None or self._opening) and now - self._asked_at > _ANSWER_S:
            self._cut(
                "no answer to a passive declare" if self._asked is not None else "no answer to a channel's opening"
            )
            return
        if self._channel is not None and self._open and not self._channel.is_open:
            self._on_close(self._channel, "found closed")
        if now >= self._round_at:
            self._round_at = now + _EVERY_S
            self._to_ask = deque(sorted(self._queues()))
        self._ask()

    @property
    def _opening(self) -> bool:
        return self._channel is not None and not self._open

    def _ask(self) -> None:
        if self._asked is not None or not self._to_ask or self._connection is None:
            return
        if self._channel is None:
            self._asked_at = monotonic()
            self._channel = self._connection.channel(on_open_callback=self._on_open)
            self._channel.add_on_close_callback(self._on_close)
        if self._open:
            queue = self._asked = self._to_ask.popleft()
            self._asked_at = monotonic()
            self._channel.queue_declare(queue, passive=True, callback=lambda frame: self._on_answer(queue, frame))

    def _on_open(self, channel: Channel) -> None:
        if channel is self._channel:
            self._open = True
            self._ask()

    def _on_answer(self, queue: str, frame: Method) -> None:
        if queue == self._asked:
            self.known[queue] = frame.method.message_count
            self._asked = None
            self._seen(queue, frame.method.message_count)
            self._ask()

    def _on_close(self, channel: Channel, _reason: object) -> None:
        if channel is not self._channel:
            return
        if self._asked is not None:
            self.known.pop(self._asked, None)
        self._channel = self._asked = None
        self._open = False
