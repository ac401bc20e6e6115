"""One connection to the broker, kept alive: opened, watched, and opened again with growing pauses when it is lost.

Lives on the I/O thread; nothing in it may be called from elsewhere. Whoever uses the connection is told when it is up
and when it is gone, each once, and never sees a connection that is not open.
"""

from __future__ import annotations

import random
import ssl
from time import monotonic
from typing import Protocol

import pika
import pika.exceptions
import structlog
from pika.adapters.utils.selector_ioloop_adapter import SelectorIOServicesAdapter
from pika.connection import Connection

from shared.queue.address import nodes, shown

HEARTBEAT_S = 10
_CONNECT_S = 3.0
"""For TCP, and again for everything up to the open connection."""
_BLOCKED_S = 30.0
_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_PROVEN_AFTER_S = 5.0
"""A connection that lasted so long ends a row of failures."""

_log = structlog.get_logger()


class User(Protocol):
    """Who uses the connection."""

    def connection_up(self, connection: Connection) -> None:
        """Take an open connection."""

    def connection_down(self) -> None:
        """Forget it: it is gone, with everything that was under way on it."""


class Session:
    """A connection by name, for one user."""

    def __init__(
        self,
        *,
        url: str,
        name: str,
        user: User,
        services: SelectorIOServicesAdapter,
        ca_file: str | None = None,
        heartbeat_s: int = HEARTBEAT_S,
    ) -> None:
        """Connect at the first tick. Raises ConfigError where `url` is none."""
        self.up = False
        self.blocked = False
        self._nodes = nodes(url)
        self._name = name
        self._user = user
        self._services = services
        self._ca_file = ca_file
        self._heartbeat_s = heartbeat_s
        self._connection: Connection | None = None
        self._tried_at = 0.0
        self._opened_at = 0.0
        self._next_try_at = 0.0
        self._failures = 0
        self._closing = False
        self._cut = False

    @property
    def over(self) -> bool:
        """True when it was told to close and has."""
        return self._closing and self._connection is None

    def tick(self) -> None:
        """Open the connection if there is none and its time has come."""
        if self._connection is None and not self._closing and monotonic() >= self._next_try_at:
            self._connect()

    def close(self) -> None:
        """Close in good order, so that the acks before it arrive; `over` tells when."""
        self._closing = True
        if self._connection is None:
            return
        if self.up:
            self._down()
            self._connection.close()
        else:
            self.abort("closed while opening")

    def abort(self, reason: str) -> None:
        """Cut the connection: the broker, or the way to it, no longer answers."""
        if self._connection is not None and not self._cut:
            self._cut = True
            # pika's own way when heartbeats fail; `close()` would wait for an answer that does not come.
            self._connection._terminate_stream(pika.exceptions.StreamLostError(reason))  # noqa: SLF001
            self._down()

    def _connect(self) -> None:
        url = random.choice(self._nodes)
        self._cut = False
        self._tried_at = monotonic()
        self._connection = pika.SelectConnection(
            self._parameters(url),
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_end,
            on_close_callback=self._on_end,
            custom_ioloop=self._services,
        )

    def _parameters(self, url: str) -> pika.URLParameters:
        parameters = pika.URLParameters(url)
        parameters.heartbeat = self._heartbeat_s
        parameters.blocked_connection_timeout = _BLOCKED_S
        parameters.socket_timeout = _CONNECT_S
        parameters.stack_timeout = 2 * _CONNECT_S
        parameters.connection_attempts = 1
        parameters.client_properties = {"connection_name": self._name}
        if parameters.ssl_options is not None and self._ca_file is not None:
            context = ssl.create_default_context(cafile=self._ca_file)
            parameters.ssl_options = pika.SSLOptions(context, parameters.host)
        return parameters

    def _on_open(self, connection: Connection) -> None:
        if connection is not self._connection or connection is None or self._closing or self._cut:
            return
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        self._opened_at = monotonic()
        self.up = True
        _log.info("broker.connected", connection=self._name)
        self._user.connection_up(connection)

    def _on_end(self, connection: Connection, reason: object) -> None:
        if connection is not self._connection:
            return
        if monotonic() - self._opened_at >= _PROVEN_AFTER_S and self._opened_at > self._tried_at:
            self._failures = 0
        self._connection = None
        # Full jitter: dispatchers that lost the broker together do not come back together.
        longest = min(_LONGEST_PAUSE_S, _PAUSE_S * 2**self._failures)
        pause = random.uniform(0.0, longest)
        self._failures = min(self._failures + 1, 10)
        self._next_try_at = monotonic() + pause
        if not self._closing:
            where = ", ".join(shown(node) for node in self._nodes)
            _log.warning(
                "broker.lost", connection=self._name, broker=where, reason=repr(reason), pause_s=round(pause, 2)
            )
        self._down()

    def _down(self) -> None:
        self.blocked = False
        if self.up:
            self.up = False
            self._user.connection_down()

    def _on_blocked(self, connection: Connection, _method: object) -> None:
        if connection is self._connection:
            self.blocked = True
            _log.warning("broker.blocked", connection=self._name)

    def _on_unblocked(self, connection: Connection, _method: object) -> None:
        if connection is self._connection:
            self.blocked = False
            _log.info("broker.unblocked", connection=self._name)
