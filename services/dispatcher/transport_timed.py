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
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
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


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Timed


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTls


class _TimedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class TimedSession(requests.Session):
    """A session for one thread: timed connections, no retries, redirects, proxies, netrc or cookies."""

    def __init__(self, *, ca_bundle: str | None = None) -> None:
        """`ca_bundle`: path of the certificates to trust in place of the public ones; None trusts those."""
        super().__init__()
        self.trust_env = False
        self.verify = ca_bundle or True
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", _TimedAdapter(pool_connections=4, pool_maxsize=1, max_retries=0))
        self.mount("http://", _TimedAdapter(pool_connections=4, pool_maxsize=1, max_retries=0))

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Never look where an answer points to: requests reads the whole body first, also when it may not follow."""
        return None

    def exchange(
        self, exchange: Exchange, method: str, url: str, *, headers: dict[str, str], body: bytes, largest: int
    ) -> tuple[int, dict[str, str], bytes]:
        """Make one request; return status, headers and at most `largest` bytes of the body.

        Raises TooLateError, or one of `NETWORK_ERRORS` where no status came in time. A body that broke off or was
        too slow is returned as far as it came: the status alone is evidence.
        """
        with exchanging(exchange):
            answer = self.request(
                method,
                url,
                data=body,
                headers=headers,
                # Keeps requests from taking credentials out of the address, over our own header.
                auth=_unchanged,
                timeout=(exchange.connect_s, exchange.left()),
                allow_redirects=False,
                stream=True,
            )
            try:
                return answer.status_code, dict(answer.headers), _body_of(answer, largest)
            finally:
                answer.close()


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _body_of(answer: requests.Response, largest: int) -> bytes:
    read = bytearray()
    try:
        while len(read) <= largest:
            part = answer.raw.read1(largest + 1 - len(read), decode_content=False)
            if not part:
                break
            read += part
    except NETWORK_ERRORS:
        pass
    return bytes(read[:largest])


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
