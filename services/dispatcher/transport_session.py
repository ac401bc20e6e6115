"""Sessions that make timed exchanges, and what their TLS trusts: no retries, redirects, proxies, netrc or cookies."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from ssl import SSLContext, create_default_context
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from services.dispatcher.transport_timed import NETWORK_ERRORS, Exchange, TimedPool, TimedTlsPool, exchanging
from shared.errors import ConfigError


class _TimedAdapter(HTTPAdapter):
    def __init__(self, trusted: SSLContext) -> None:
        self._trusted = trusted
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._trusted)
        self.poolmanager.pool_classes_by_scheme = {"http": TimedPool, "https": TimedTlsPool}

    def cert_verify(self, *args: object, **kwargs: object) -> None:
        """Leave the trust to our context: requests would read the public certificates again for each connection."""


def trusting(ca_file: str | None = None) -> SSLContext:
    """Return what TLS connections trust: the public certificates, and those in `ca_file` beside them.

    Verification is always on, TLS 1.2 the least. Raises ConfigError where the file can't be read. Making one costs
    tens of milliseconds: make one for a process.
    """
    context = create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise ConfigError(f"the CA file {ca_file} can't be read: {error}") from error
    return context


class TimedSession(requests.Session):
    """A session for one thread: timed connections, no retries, redirects, proxies, netrc or cookies."""

    def __init__(self, trusted: SSLContext) -> None:
        """`trusted`: see `trusting`; many sessions may share one."""
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", _TimedAdapter(trusted))
        self.mount("http://", _TimedAdapter(trusted))

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
