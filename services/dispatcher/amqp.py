"""The engine's Inbox and Broker on RabbitMQ: pika on one I/O thread, two connections, and a mailbox in between.

    amqp = Amqp(url, name="dispatcher-1")
    amqp.start()
    ...                          # the engine: amqp.wait, take, ack, publish, consume, depth, connected
    amqp.close(drain_s=5.0)

pika's connections belong to one thread, and theirs does nothing else: so heartbeats go out however long the engine's
commits take. The engine's calls leave a request and return. One connection consumes and one publishes, because a broker
that is short of memory stops reading from those who publish, and acks must go on.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from time import monotonic

import structlog
from pika.adapters.select_connection import IOLoop
from pika.adapters.utils.selector_ioloop_adapter import SelectorIOServicesAdapter
from pika.connection import Connection

from services.dispatcher.amqp_consumer import Consumers
from services.dispatcher.amqp_depth import Depths
from services.dispatcher.amqp_inbox import Mailbox
from services.dispatcher.amqp_relay import Relay
from services.dispatcher.amqp_session import HEARTBEAT_S, Session, User
from services.dispatcher.ports import Arrivals, CallAnswer, UpdateEnded
from shared.queue.address import nodes, user_of
from shared.store.records import OutboxRow

_TICK_S = 0.1
_RENEW_IDLE_S = 30.0
_GOOD_BYE_S = 2.0
"""For closing in good order; a broker that is short of memory does not even read our good-bye."""

_log = structlog.get_logger()


class Amqp:
    """Implements Inbox and Broker."""

    def __init__(
        self,
        url: str,
        *,
        name: str,
        ca_file: str | None = None,
        heartbeat_s: int = HEARTBEAT_S,
        renew_idle_s: float = _RENEW_IDLE_S,
    ) -> None:
        """`url` may name several nodes, separated by semicolons. `ca_file` is for amqps://; None means the system's.

        Nothing is opened before `start`. Raises ConfigError where the URL is none.
        """
        nodes(url)
        self._url = url
        self._name = name
        self._ca_file = ca_file
        self._heartbeat_s = heartbeat_s
        self._mailbox = Mailbox()
        self._watched: frozenset[str] = frozenset()
        self._consumers = Consumers(self._mailbox, renew_idle_s=renew_idle_s)
        self._depths = Depths(
            queues=lambda: self._watched | self._consumers.queues,
            seen=self._consumers.depth_seen,
            cut=self._cut_consuming,
        )
        self._relay = Relay(self._mailbox, user_id=user_of(url), blocked=self._is_blocked, cut=self._cut_publishing)
        self._consuming: Session | None = None
        self._publishing: Session | None = None
        self._loop: IOLoop | None = None
        self._requests: deque[Callable[[], None]] = deque()
        self._asked = False
        self._lock = threading.Lock()
        self._close_by: float | None = None
        self._good_bye_by: float | None = None
        self._thread = threading.Thread(target=self._run, name="amqp", daemon=True)

    def start(self) -> None:
        """Start the I/O thread; it connects, and goes on connecting, by itself."""
        self._thread.start()

    def close(self, *, drain_s: float) -> None:
        """Send the acks that were asked for, wait at most `drain_s` for confirms, close, and end the thread.

        What is unacked then is delivered to somebody else; rows without a confirm come back as failed.
        """
        self._request(lambda: self._begin_close(monotonic() + drain_s))
        if self._thread.ident is not None:
            self._thread.join(drain_s + 2 * _GOOD_BYE_S)

    # Inbox

    def wait(self, until: float) -> None:
        """Return when something has arrived, or at monotonic time `until`."""
        self._mailbox.wait(until)

    def take(self) -> Arrivals:
        """Return what has arrived, at once and without waiting for more."""
        return self._mailbox.take()

    def deliver_answer(self, answer: CallAnswer) -> None:
        """Post what came of a call; sender threads do."""
        self._mailbox.deliver_answer(answer)

    def deliver_update(self, ended: UpdateEnded) -> None:
        """Post what came of an update; its own threads do."""
        self._mailbox.deliver_update(ended)

    def wake(self) -> None:
        """Let `wait` return although nothing has arrived."""
        self._mailbox.wake()

    # Broker

    def ack(self, tokens: Collection[int]) -> None:
        """Acknowledge deliveries; tokens of a lost connection are nothing."""
        held = tuple(tokens)
        if held:
            self._request(lambda: self._consumers.ack(held))

    def publish(self, rows: Sequence[OutboxRow]) -> None:
        """Publish with pipelined confirms; each `row_id` comes back as confirmed or failed within some 5 s."""
        held = tuple(rows)
        if held:
            self._request(lambda: self._relay.put(held))

    def consume(self, prefetch: Mapping[str, int]) -> None:
        """Consume exactly these queues with these prefetches; others are cancelled (their unacked stay in hand).

        Raises ValueError for a prefetch below 1: the broker would take 0 for "without limit".
        """
        if bad := {queue: value for queue, value in prefetch.items() if value < 1}:
            raise ValueError(f"a prefetch is at least 1: {bad}")
        wanted = dict(prefetch)
        self._request(lambda: self._consumers.want(wanted))

    def depth(self, queue: str) -> int | None:
        """Return the last known count of ready messages, at most some seconds old; None if unknown."""
        if queue not in self._watched:
            self._watched |= {queue}
        return self._depths.known.get(queue)

    @property
    def connected(self) -> bool:
        """True while consuming and publishing are possible."""
        return self._consuming is not None and self._consuming.up and self._relay.ready

    # What follows happens on the I/O thread.

    def _run(self) -> None:
        while self._good_bye_by is None:
            try:
                self._live()
            except Exception:  # noqa: BLE001  the outermost loop of this thread: whatever it was, connect anew
                _log.exception("amqp.failed")
            finally:
                self._forget_connections()
            if self._good_bye_by is None:
                threading.Event().wait(random.uniform(0.1, 1.0))

    def _live(self) -> None:
        loop = IOLoop()
        services = SelectorIOServicesAdapter(loop)
        consuming = self._consuming = self._session("consumes", _Both(self._consumers, self._depths), services)
        publishing = self._publishing = self._session("publishes", self._relay, services)
        with self._lock:
            self._loop = loop
        loop.add_callback(self._serve_requests)
        loop.add_callback(self._tick)
        try:
            loop.start()
        finally:
            with self._lock:
                self._loop = None
            if not (consuming.over and publishing.over):
                # The loop broke off: let it run once more, for closing the sockets.
                consuming.abort("broken off")
                publishing.abort("broken off")
                loop.call_later(_TICK_S, loop.stop)
                loop.start()
            loop.close()

    def _session(self, does: str, user: User, services: SelectorIOServicesAdapter) -> Session:
        return Session(
            url=self._url,
            name=f"{self._name} {does}",
            user=user,
            services=services,
            ca_file=self._ca_file,
            heartbeat_s=self._heartbeat_s,
        )

    def _request(self, action: Callable[[], None]) -> None:
        """Leave a request for the I/O thread; one wake-up serves all that are left until it comes round."""
        self._requests.append(action)
        with self._lock:
            if not self._asked and self._loop is not None:
                self._asked = True
                self._loop.add_callback_threadsafe(self._serve_requests)

    def _serve_requests(self) -> None:
        with self._lock:
            self._asked = False
        while self._requests:
            self._requests.popleft()()

    def _tick(self) -> None:
        if self._consuming is None or self._publishing is None or self._loop is None:
            return
        self._loop.call_later(_TICK_S, self._tick)
        self._consuming.tick()
        self._publishing.tick()
        self._consumers.tick()
        self._depths.tick()
        self._relay.tick()
        self._close_further(self._consuming, self._publishing)

    def _begin_close(self, drain_by: float) -> None:
        self._close_by = drain_by

    def _close_further(self, consuming: Session, publishing: Session) -> None:
        now = monotonic()
        if self._close_by is not None and self._good_bye_by is None and (self._relay.idle or now >= self._close_by):
            self._good_bye_by = now + _GOOD_BYE_S
            consuming.close()
            publishing.close()
        if self._good_bye_by is None or self._loop is None:
            return
        if consuming.over and publishing.over:
            self._loop.stop()
        elif now >= self._good_bye_by:
            consuming.abort("no good-bye in time")
            publishing.abort("no good-bye in time")

    def _forget_connections(self) -> None:
        self._consumers.connection_down()
        self._depths.connection_down()
        self._relay.connection_down()
        if self._good_bye_by is not None:
            self._relay.give_up()
        self._consuming = self._publishing = None

    def _is_blocked(self) -> bool:
        return self._publishing is not None and self._publishing.blocked

    def _cut_consuming(self, reason: str) -> None:
        if self._consuming is not None:
            self._consuming.abort(reason)

    def _cut_publishing(self, reason: str) -> None:
        if self._publishing is not None:
            self._publishing.abort(reason)


class _Both:
    """Two users of one connection."""

    def __init__(self, first: Consumers, second: Depths) -> None:
        self._users = (first, second)

    def connection_up(self, connection: Connection) -> None:
        for user in self._users:
            user.connection_up(connection)

    def connection_down(self) -> None:
        for user in self._users:
            user.connection_down()
