"""Send one callback to an address that a caller chose: signed, timed, and never into our own network.

The address is judged when it is connected to, on the resolved IP, so a name that changes its mind gains nothing.
requests-hardened gives the list of ranges; its adapter is not used, because it knows no exceptions but "loopback",
tries one address of several, and keeps no total deadline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import gaierror
from ssl import SSLContext, SSLError
from uuid import uuid4

from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES
from standardwebhooks.webhooks import Webhook
from urllib3.exceptions import SSLError as Urllib3SSLError

from services.dispatcher.callback_plan import Reply
from services.dispatcher.transport_session import TimedSession
from services.dispatcher.transport_timed import NETWORK_ERRORS, AddressRefusedError, Exchange, causes
from shared.errors import ConfigError
from shared.store.records import CallbackRow
from shared.vonage.answers import retry_after
from shared.vonage.fields import web_address
from shared.vonage.signing import signature_header

Network = IPv4Network | IPv6Network

_SILENCES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (AddressRefusedError, "refused: the address lies inside a network that callbacks may not reach"),
    (TimeoutError, "no answer in time"),
    (gaierror, "no answer: the name of the address could not be resolved"),
    ((SSLError, Urllib3SSLError), "no answer: no TLS connection came about"),
    (ConnectionRefusedError, "no answer: the connection was refused"),
)
_BROKEN = "no answer: the connection broke"
_OLD_FORMS = (ip_network("::/96"), ip_network("::ffff:0:0:0/96"), ip_network("fec0::/10"))
"""IPv4 addresses in the retired forms `::127.0.0.1` and `::ffff:0:127.0.0.1` (RFC 2765), and the retired addresses of
a site: nobody's public ones."""
_LARGEST_ANSWER = 4096
"""Bytes read of an answer, so that its connection can be used again; nobody looks at them."""


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Read networks such as 127.0.0.0/8; raises ConfigError naming the one that is none."""
    try:
        return tuple(ip_network(name) for name in names)
    except ValueError as error:
        raise ConfigError(f"a network for callbacks: {error}") from error


def may_be_called(address: str, allowed: Sequence[Network]) -> bool:
    """Tell whether an IP address is public, or inside a network that the operator allows."""
    ip: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if any(ip in network for network in allowed):
        return True
    if any(ip in network for network in (*EXTRA_BLOCKED_NET_RANGES, *_OLD_FORMS)):
        return False
    return ip.is_global and not ip.is_multicast


class CallbackClient:
    """Posts callbacks for one thread."""

    def __init__(
        self,
        *,
        trusted: SSLContext,
        allowed_networks: Sequence[Network],
        user_agent: str,
        connect_s: float = 3.0,
        total_s: float = 18.0,
        session_s: float = 300.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """`total_s`: 3 s to connect and 15 s for the answer, as the provider waits for its callers."""
        self._trusted = trusted
        self._allowed = tuple(allowed_networks)
        self._user_agent = user_agent
        self._connect_s = connect_s
        self._total_s = total_s
        self._session_s = session_s
        self._wall_clock = wall_clock
        self._session = TimedSession(trusted)
        self._made_at = time.monotonic()

    def post(self, row: CallbackRow, secret: str) -> Reply:
        """Send `row` once, signed with the caller's signature secret."""
        if web_address(row.url) is None:
            return Reply(error="the address is no http or https address", hopeless=True)
        now = self._wall_clock()
        try:
            headers = self._headers(row, secret, now)
        except ValueError as error:
            return Reply(error=f"can't be signed: {error}", ours=True)
        exchange = Exchange(
            ends_at=time.monotonic() + self._total_s, connect_s=self._connect_s, admits=self._may_be_called
        )
        try:
            status, answered, _ = self._fresh_session().exchange(
                exchange, "POST", row.url, headers=headers, body=row.body, largest=_LARGEST_ANSWER
            )
        except NETWORK_ERRORS as error:
            return _silence(error)
        asked = retry_after(answered, now) if status in (429, 503) else None
        return Reply(status=status, error=None if 200 <= status < 300 else f"HTTP {status}", retry_after_s=asked)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _headers(self, row: CallbackRow, secret: str, now: float) -> dict[str, str]:
        # A secret may be written as Standard Webhooks write theirs; else its bytes are the key.
        standard = Webhook(secret if secret.startswith("whsec_") else secret.encode())
        return {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": self._user_agent,
            "Authorization": signature_header(
                row.body,
                secret=secret,
                api_key=row.key,
                application_id=row.application_id,
                now=now,
                jti=str(uuid4()),
            ),
            "webhook-id": row.callback_id,
            "webhook-timestamp": str(int(now)),
            "webhook-signature": standard.sign(
                row.callback_id, datetime.fromtimestamp(int(now), UTC), row.body.decode()
            ),
        }

    def _may_be_called(self, address: str) -> bool:
        return may_be_called(address, self._allowed)

    def _fresh_session(self) -> TimedSession:
        if time.monotonic() > self._made_at + self._session_s:
            self._session.close()
            self._session, self._made_at = TimedSession(self._trusted), time.monotonic()
        return self._session


def _silence(error: BaseException) -> Reply:
    known = tuple(causes(error))
    found = (words for kind, words in _SILENCES if any(isinstance(each, kind) for each in known))
    return Reply(error=next(found, _BROKEN))
