"""One connection to the broker with one channel in confirm mode, used by one thread and thrown away at the first error.

Every call has a deadline, a reading of the monotonic clock, and ends by it: the socket itself gets the time that is
left, because py-amqp's own time-outs start anew with each frame. A confirm counts only under the number of the very
publish that waits for it (py-amqp takes any confirm for the current one, so a late one would confirm the wrong
message).
"""

from __future__ import annotations

import os
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, time
from typing import Any

import amqp
import kombu
from kombu.exceptions import KombuError

from shared.errors import BrokerUnavailable, Unroutable
from shared.queue.address import shown
from shared.queue.envelope import OutboundMessage
from shared.queue.topology import QueueDepth

_CONNECT_S = 2.0
"""Most time for one step of connecting (TCP, TLS, each answer of the handshake)."""
LOST = (amqp.exceptions.AMQPError, KombuError, OSError, AttributeError, struct.error)
"""What a broken connection raises. AttributeError too: py-amqp touches fields that a lost connection has cleared."""


class Blocked(BrokerUnavailable):
    """The broker takes no publishes now: it is short of memory or disk."""


class Stale(BrokerUnavailable):
    """A connection that had worked before is broken: a fresh one may well work."""


class Conflict(BrokerUnavailable):
    """Something exists under that name that was made with other arguments."""


class Link:
    """A connection that belongs to the thread and process that opened it."""

    def __init__(self, url: str, *, ends: float, ca_file: str | None = None, name: str = "cascade") -> None:
        """Connect and put the channel into confirm mode. Raises BrokerUnavailable."""
        self.pid = os.getpid()
        self.used_at = monotonic()
        self.blocked = False
        self.fresh = True
        self._shown = shown(url)
        self._returned: str | None = None
        self._published = 0
        self._acked = 0
        self._nacked = 0
        self._wire: Any = None
        connection = kombu.Connection(
            url,
            heartbeat=0,  # nobody would tick it between two publishes; idle connections are dropped instead
            connect_timeout=max(0.05, min(_CONNECT_S, ends - monotonic())),
            ssl=_tls(ca_file) if url.startswith("amqps:") else False,
            transport_options={
                "on_blocked": self._on_blocked,
                "on_unblocked": self._on_unblocked,
                "client_properties": {"connection_name": name},
            },
        )
        with self._guard(ends, connecting=True):
            connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
            # From here on the connection beneath: kombu's own would silently connect anew where this one is lost.
            self._wire = connection.connection
            with self._limited(ends):
                self._channel = connection.channel()
                self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._on_ack)
            self._channel.events["basic_nack"].add(self._on_nack)
            self._producer = kombu.Producer(self._channel, auto_declare=False, on_return=self._on_return)

    def publish(self, message: OutboundMessage, *, ends: float) -> None:
        """Return once the broker has confirmed. Raises BrokerUnavailable, Unroutable; then the link is used up."""
        with self._guard(ends):
            self._returned = None
            self._published += 1
            with self._limited(ends):
                self._producer.publish(
                    message.body,
                    exchange=message.exchange,
                    routing_key=message.routing_key,
                    mandatory=message.mandatory,
                    content_type=message.content_type,
                    content_encoding="utf-8",
                    headers=dict(message.headers),
                    delivery_mode=2,
                    type=message.type,
                    message_id=message.message_id,
                    timestamp=int(time()),
                    **_given(user_id=message.user_id, correlation_id=message.correlation_id, reply_to=message.reply_to),
                )
            while self._acked < self._published:
                if self._nacked >= self._published:
                    raise BrokerUnavailable(f"the broker refused a message for {message.exchange}: queue full")
                if self.blocked:
                    raise Blocked("the broker takes no publishes now: it is short of memory or disk")
                self._wire.drain_events(timeout=_left(ends))
            if self._returned is not None:
                raise Unroutable(
                    f"{message.exchange} leads nowhere with key {message.routing_key!r} ({self._returned}):"
                    " the topology was not applied"
                )
        self._used()

    def depth(self, queue: str, *, ends: float) -> QueueDepth:
        """Ask for a queue's depth by a passive declare. Raises Unroutable where there is no such queue."""
        with self._guard(ends), self._limited(ends):
            answer = self._channel.queue_declare(queue, passive=True)
        self._used()
        return QueueDepth(messages=answer.message_count, consumers=answer.consumer_count)

    def ask_for_exchange(self, exchange: str, *, ends: float) -> None:
        """Return if the exchange exists and the broker answers. Raises Unroutable, BrokerUnavailable."""
        with self._guard(ends), self._limited(ends):
            self._channel.exchange_declare(exchange, "", passive=True)
        self._used()

    def declare_exchange(self, name: str, kind: str, *, ends: float) -> None:
        """Make a durable exchange where it is missing. Raises Conflict where it is of another kind."""
        with self._guard(ends), self._limited(ends):
            self._channel.exchange_declare(name, kind, durable=True, auto_delete=False)

    def declare_queue(self, name: str, arguments: Mapping[str, object], *, ends: float) -> None:
        """Make a durable queue where it is missing. Raises Conflict where it has other arguments."""
        with self._guard(ends), self._limited(ends):
            self._channel.queue_declare(name, durable=True, auto_delete=False, arguments=dict(arguments))

    def bind(self, queue: str, exchange: str, routing_key: str, *, ends: float) -> None:
        """Let a queue have what an exchange gets under a key."""
        with self._guard(ends), self._limited(ends):
            self._channel.queue_bind(queue, exchange, routing_key)

    def delete_queue(self, name: str, *, ends: float) -> None:
        """Delete a queue with all it holds."""
        with self._guard(ends), self._limited(ends):
            self._channel.queue_delete(name)

    def still_blocked(self) -> bool:
        """Read what has arrived, without waiting, and tell whether the broker still takes no publishes."""
        try:
            while self.blocked:
                self._wire.drain_events(timeout=0.001)
        except TimeoutError:
            return True
        except LOST:
            return False
        return False

    def close(self) -> None:
        """Say good-bye without waiting for an answer, then close the socket."""
        if self.pid != os.getpid():
            return  # a parent's socket: to close it in good order here would end the parent's connection
        try:
            with self._limited(monotonic() + 0.2):
                self._wire.send_method(amqp.spec.Connection.Close, "BsBB", (0, "", 0, 0))
        except (*LOST, TimeoutError):
            pass
        self.discard()

    def discard(self) -> None:
        """Close the socket, whatever state the connection is in."""
        wire, self._wire = self._wire, None
        if wire is None or self.pid != os.getpid():
            return
        if wire.connected:
            wire.sock.settimeout(0.2)  # the good-bye of TLS would wait for an answer
        wire.collect()

    @contextmanager
    def _guard(self, ends: float, *, connecting: bool = False) -> Iterator[None]:
        """Translate the library's exceptions, and close the socket at any: what comes late must find nobody."""
        worked_before = not self.fresh
        try:
            _left(ends)
            yield
        except BrokerUnavailable as error:
            if not isinstance(error, Blocked):
                self.discard()
            raise
        except TimeoutError as error:
            self.discard()
            what = "no connection" if connecting else "no answer"
            raise BrokerUnavailable(f"{self._shown}: {what} in time") from error
        except LOST as error:
            self.discard()
            raise _translated(error, self._shown, worked_before=worked_before) from error
        except BaseException:
            self.discard()
            raise

    @contextmanager
    def _limited(self, ends: float) -> Iterator[None]:
        """Bound reading and writing on the socket by the time left."""
        socket = self._wire.sock
        socket.settimeout(_left(ends))
        try:
            yield
        finally:
            if socket.fileno() >= 0:
                socket.settimeout(None)

    def _used(self) -> None:
        self.fresh = False
        self.used_at = monotonic()

    def _on_ack(self, tag: int, _multiple: bool) -> None:
        self._acked = max(self._acked, tag)

    def _on_nack(self, tag: int, _multiple: bool) -> None:
        self._nacked = max(self._nacked, tag)

    def _on_return(self, error: Any, *_where_and_what: object) -> None:
        self._returned = str(getattr(error, "reply_text", error))

    def _on_blocked(self, _reason: str) -> None:
        self.blocked = True

    def _on_unblocked(self) -> None:
        self.blocked = False


def _left(ends: float) -> float:
    """Seconds until the deadline. Raises TimeoutError when it is over."""
    if (left := ends - monotonic()) <= 0:
        raise TimeoutError
    return left


def _given(**properties: str | None) -> dict[str, str]:
    return {name: value for name, value in properties.items() if value is not None}


def _tls(ca_file: str | None) -> dict[str, object]:
    # Without words py-amqp compares no host name. None as the name means the one in the URL.
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None, "ca_certs": ca_file}


def _translated(error: BaseException, where: str, *, worked_before: bool) -> BrokerUnavailable:
    text = f"{where}: {type(error).__name__}: {error}"
    if isinstance(error, amqp.exceptions.NotFound):
        return Unroutable(text)
    if isinstance(error, amqp.exceptions.PreconditionFailed):
        return Conflict(text)
    if isinstance(error, amqp.exceptions.ChannelError) or not worked_before:
        return BrokerUnavailable(text)
    return Stale(text)
