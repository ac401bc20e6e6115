"""Publish outbox rows with pipelined confirms: a thousand under way at once, each with a deadline of its own.

A row comes back once, as confirmed or as failed; failed means "not known to be stored", and it is published again under
the same message id. A channel that the broker closed, or a deadline that went by, takes the whole connection's rows
with it: which of them the broker has is not known. After that one row goes first, then two, then four: where one row is
what the broker takes offence at, the others get through all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from time import monotonic, time

import structlog
from pika.channel import Channel
from pika.connection import Connection
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from services.dispatcher.amqp_inbox import Mailbox
from shared.errors import WireError
from shared.queue.envelope import check_outbound, own_headers
from shared.store.records import OutboxRow

DEADLINE_S = 5.0
MOST_UNDER_WAY = 1_000
MOST_BYTES_UNDER_WAY = 8 * 1024 * 1024
_PAUSE_S = 0.2

_log = structlog.get_logger()


@dataclass(slots=True)
class _Flight:
    row: OutboxRow
    ends: float
    returned: bool = False


class Relay:
    """Lives on the I/O thread, on a connection that publishes and does nothing else."""

    def __init__(
        self, mailbox: Mailbox, *, user_id: str, blocked: Callable[[], bool], cut: Callable[[str], None]
    ) -> None:
        """`blocked` tells whether the broker takes no publishes; `cut` ends a connection that no longer answers."""
        self._mailbox = mailbox
        self._user_id = user_id
        self._blocked = blocked
        self._cut = cut
        self._connection: Connection | None = None
        self._channel: Channel | None = None
        self._ready = False
        self._open_at = 0.0
        self._waiting: deque[_Flight] = deque()
        self._under_way: dict[int, _Flight] = {}
        self._bytes_under_way = 0
        self._known: set[int] = set()
        self._tag = 0
        self._window = 1

    @property
    def ready(self) -> bool:
        """True while publishing is possible."""
        return self._ready and not self._blocked()

    @property
    def idle(self) -> bool:
        """True when every row has come back."""
        return not self._known

    def put(self, rows: Sequence[OutboxRow]) -> None:
        """Take rows to publish. One that is still under way is not taken twice."""
        ends = monotonic() + DEADLINE_S
        for row in rows:
            if row.row_id not in self._known:
                self._known.add(row.row_id)
                self._waiting.append(_Flight(row, ends))
        self._pump()

    def give_up(self) -> None:
        """Let everything that has not come back yet come back as failed."""
        self._fail([*self._land(list(self._under_way)), *self._waiting])
        self._waiting.clear()

    def connection_up(self, connection: Connection) -> None:
        self._connection = connection
        self._open_channel()

    def connection_down(self) -> None:
        self._connection = None
        self._channel_gone()

    def tick(self) -> None:
        """Give up what is over its deadline, open a channel where there is none, publish what waits."""
        now = monotonic()
        while self._waiting and self._waiting[0].ends <= now:
            self._fail([self._waiting.popleft()])
        late = [tag for tag, flight in self._under_way.items() if flight.ends <= now]
        if late:
            self._fail(self._land(late))
            if not self._blocked():
                # Blocked, the connection is the one that learns when it is over; its late confirms find nobody.
                _log.warning("relay.no_confirm", rows=len(late))
                self._cut("no confirm in time")
        if self._channel is not None and self._ready and not self._channel.is_open:
            self._channel_gone()
        if self._connection is not None and self._channel is None and now >= self._open_at:
            self._open_channel()
        self._pump()

    def _open_channel(self) -> None:
        if self._connection is None or not self._connection.is_open:
            return
        self._channel = self._connection.channel(on_open_callback=self._on_open)
        self._channel.add_on_close_callback(self._on_close)
        self._channel.add_on_return_callback(self._on_return)
        self._tag = 0
        self._window = 1

    def _on_open(self, channel: Channel) -> None:
        if self._channel is not None and channel is self._channel:
            self._channel.confirm_delivery(
                lambda frame: self._on_confirm(channel, frame), callback=lambda _frame: self._on_confirms_on(channel)
            )

    def _on_confirms_on(self, channel: Channel) -> None:
        if channel is self._channel:
            self._ready = True
            self._pump()

    def _on_close(self, channel: Channel, reason: object) -> None:
        if channel is self._channel:
            _log.error("relay.channel_closed", reason=str(reason), rows=len(self._under_way))
            self._channel_gone()

    def _channel_gone(self) -> None:
        self._channel = None
        self._ready = False
        self._open_at = monotonic() + _PAUSE_S
        self._fail(self._land(list(self._under_way)))

    def _pump(self) -> None:
        while (
            self._waiting
            and self.ready
            and len(self._under_way) < self._window
            and self._bytes_under_way < MOST_BYTES_UNDER_WAY
        ):
            self._publish(self._waiting.popleft())

    def _publish(self, flight: _Flight) -> None:
        row, channel = flight.row, self._channel
        headers = own_headers(row.headers)
        try:
            check_outbound(
                exchange=row.exchange,
                routing_key=row.routing_key,
                type=row.type,
                message_id=row.message_id,
                headers=headers,
                correlation_id=row.correlation_id,
            )
        except WireError as error:
            _log.error("relay.row_refused", row=row.row_id, type=row.type, error=str(error))
            self._fail([flight])
            return
        if channel is None:
            raise AssertionError("ready without a channel")
        properties = BasicProperties(
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            headers=headers,
            type=row.type,
            message_id=row.message_id,
            correlation_id=row.correlation_id,
            user_id=self._user_id,
            timestamp=int(time()),
        )
        self._tag += 1
        self._under_way[self._tag] = flight
        self._bytes_under_way += len(row.body)
        channel.basic_publish(row.exchange, row.routing_key, row.body, properties, mandatory=row.mandatory)

    def _on_return(self, _channel: Channel, method: Basic.Return, properties: BasicProperties, _body: bytes) -> None:
        """Mark what the broker has no queue for; the confirm that follows settles it. Only mandatory rows come back."""
        where = (method.exchange, method.routing_key, properties.message_id)
        for flight in self._under_way.values():
            row = flight.row
            if not flight.returned and (row.exchange, row.routing_key, row.message_id) == where:
                flight.returned = True
                _log.error(
                    "relay.returned", exchange=row.exchange, routing_key=row.routing_key, reason=method.reply_text
                )
                return

    def _on_confirm(self, channel: Channel, frame: Method) -> None:
        if channel is not self._channel:
            return
        tag, refused = frame.method.delivery_tag, isinstance(frame.method, Basic.Nack)
        tags = list(takewhile(lambda each: each <= tag, self._under_way)) if frame.method.multiple else [tag]
        settled = self._land(tags)
        good = [flight for flight in settled if not refused and not flight.returned]
        self._fail([flight for flight in settled if refused or flight.returned])
        self._forget(good)
        if good:
            self._mailbox.settle(confirmed=[flight.row.row_id for flight in good])
        self._window = min(MOST_UNDER_WAY, self._window + len(settled))
        self._pump()

    def _land(self, tags: Sequence[int]) -> list[_Flight]:
        """Take these out of those under way; a late confirm's is there no more."""
        landed = [flight for tag in tags if (flight := self._under_way.pop(tag, None)) is not None]
        self._bytes_under_way -= sum(len(flight.row.body) for flight in landed)
        return landed

    def _fail(self, flights: Sequence[_Flight]) -> None:
        self._forget(flights)
        if flights:
            self._mailbox.settle(failed=[flight.row.row_id for flight in flights])

    def _forget(self, flights: Sequence[_Flight]) -> None:
        self._known.difference_update(flight.row.row_id for flight in flights)
