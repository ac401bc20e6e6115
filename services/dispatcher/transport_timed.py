"""HTTP connections that keep one total deadline and know whether a byte of the request may have left.

Strategy: requests' own time-outs are per socket operation, so an answer that drips is never late. Here each read
and each write of a connection waits at most for what is left of the exchange's time; no watchdog thread is needed.
The connection also marks the moment before its first byte. So "provably not sent" is an observation, not a guess
from the kind of an exception, which is the same for a refused connection and for one that broke after the request.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.exceptions import HTTPError as Urllib3Error

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NETWORK_ERRORS = (requests.RequestException, Urllib3Error, http.client.HTTPException, OSError, UnicodeError)
"""Everything by which the stack below tells that an exchange did not work."""


class TooLateError(Exception):
    """The first byte was not written because `start_by` was over."""


class AddressRefusedError(OSError):
    """Every address behind the name is one that must not be called."""


class Exchange:
    """One request and its answer: what they may take, and how far they came."""

    def __init__(
        self,
        *,
        ends_at: float,
        connect_s: float,
        start_by: float | None = None,
        admits: Callable[[str], bool] | None = None,
    ) -> None:
        """`ends_at` and `start_by` are monotonic times; `admits` judges an IP address before it is called."""
        self.ends_at = ends_at
        self.connect_s = connect_s
        self.start_by = start_by
        self.admits = admits
        self.wrote = False
        """True from just before the first byte of the request. TLS handshakes do not count."""

    def left(self) -> float:
        """Return the seconds left; raises TimeoutError when there are none."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the total deadline of the exchange is over")
        return left

    def before_write(self) -> None:
        """Judge the age of the claim, right before the first byte."""
        if not self.wrote and self.start_by is not None and time.monotonic() > self.start_by:
            raise TooLateError
        self.wrote = True


_CURRENT: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def exchanging(exchange: Exchange) -> Iterator[Exchange]:
    """Make `exchange` the one that the connections used by this thread answer to."""
    token = _CURRENT.set(exchange)
    try:
        yield exchange
    finally:
        _CURRENT.reset(token)


class _TimedStream(io.RawIOBase):
    """A connection's incoming bytes, each read within what is left of the exchange."""

    def __init__(self, stream: io.RawIOBase, connected: socket.socket) -> None:
        self._stream = stream
        self._connected = connected

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._connected.settimeout(_CURRENT.get().left())
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _TimedAnswer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedStream(self.fp.detach(), sock))


class _Timed(HTTPConnection):
    """What plain and TLS connections have in common."""

    response_class = _TimedAnswer

    def _new_conn(self) -> socket.socket:
        exchange = _CURRENT.get()
        ends_at = time.monotonic() + min(exchange.connect_s, exchange.left())
        try:
            connected = _connect(self._dns_host, self.port or self.default_port, ends_at, exchange.admits)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from error
        except AddressRefusedError:
            raise
        except OSError as error:
            raise NewConnectionError(self, f"no connection to {self.host}: {error}") from error
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Bounds a TLS handshake; every read and write after it sets its own.
        connected.settimeout(min(exchange.connect_s, exchange.left()))
        return connected

    def send(self, data: Any) -> None:
        if self.sock is None:  # the one in the pool had been closed by the other side
            self.connect()
        exchange = _CURRENT.get()
        self.sock.settimeout(exchange.left())
        exchange.before_write()
        super().send(data)


class _TimedTls(_Timed, HTTPSConnection):
    pass


class TimedPool(HTTPConnectionPool):
    ConnectionCls = _Timed


class TimedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTls


def _connect(host: str, port: int, ends_at: float, admits: Callable[[str], bool] | None) -> socket.socket:
    """Connect to the first address that answers, all of them together within the time."""
    failure: OSError = AddressRefusedError(f"no address of {host} may be called")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if admits is not None and not admits(str(address[0])):
            continue
        connecting = socket.socket(family, kind, protocol)
        try:
            left = ends_at - time.monotonic()
            if left <= 0:
                raise TimeoutError("no time is left to connect")
            connecting.settimeout(left)
            connecting.connect(address)
        except OSError as error:
            connecting.close()
            failure = error
        else:
            return connecting
    raise failure


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with all that it wraps: requests and urllib3 keep causes in four different places."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and each not in seen and len(seen) < 32:
            seen.append(each)
            yield each
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
