"""Call the provider: one ticket in, one outcome out, within 15 seconds.

What an answer means is decided by `shared.vonage.answers`. Here it is only decided what *no* answer means: before
the first byte nothing can have left the house (`Busy`), after it anything can (`Unsure`) (semantics 5).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from socket import gaierror
from ssl import SSLError
from uuid import uuid4

import requests
import structlog
from urllib3.exceptions import LocationValueError
from urllib3.exceptions import SSLError as Urllib3SSLError

from services.dispatcher.ports import CallTicket
from services.dispatcher.transport_session import TimedSession, trusting
from services.dispatcher.transport_timed import NETWORK_ERRORS, Exchange, TooLateError, causes
from shared.errors import ConfigError, NotExpressible
from shared.model import Problem, Scope
from shared.outcomes import Busy, BusySource, CallOutcome, OurFault, Refused, Stale, Unsure
from shared.store.directory import Account
from shared.vonage.answers import LARGEST_ANSWER, read_answer, read_handover
from shared.vonage.calls import ProviderRequest, build_call
from shared.vonage.dispatch import build_handover, goes_to_dispatch
from shared.vonage.tokens import Authorizations
from shared.vonage.updates import Update, build_update, read_update

log = structlog.get_logger()

_OUR_MISTAKES = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    LocationValueError,
    UnicodeError,
)
_NOT_CONNECTED: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str, str], ...] = (
    (gaierror, "dns", "The provider's name could not be resolved"),
    ((SSLError, Urllib3SSLError), "tls", "No TLS connection to the provider came about"),
    (ConnectionRefusedError, "refused", "The provider refused the connection"),
    (TimeoutError, "connect_timeout", "The provider did not take the connection in time"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLimits:
    """How long things may take, in seconds (architecture 7, budgets)."""

    total_s: float = 15.0
    """From the beginning of a call to the last byte of its answer, a second try after a 401 included."""
    update_s: float = 5.0
    """The same of an update, which may be made again."""
    connect_s: float = 3.0
    """For all addresses of the provider together, and once more for the TLS handshake."""
    oldest_claim_s: float = 5.0
    """A claim older than this before the first byte is not sent."""
    session_s: float = 300.0
    """Connections are made anew after this, so that a changed DNS entry is found."""
    idle_s: float = 20.0
    """A connection unused for longer is not used again: the other side may be closing it at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked of the provider, and how its answer is read."""

    reference: str
    """For the log."""
    build: Callable[[str], ProviderRequest]
    """The request with this authorization. Raises ConfigError and NotExpressible."""
    read: Callable[[int, dict[str, str], bytes, float], CallOutcome]
    """Takes status, headers, body and the time in seconds since the epoch."""


@dataclass(slots=True, kw_only=True)
class _Kept:
    session: TimedSession
    base_url: str
    made_at: float
    used_at: float


class Transport:
    """Calls the provider from any number of threads; each has connections of its own to each account's host."""

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        limits: TransportLimits | None = None,
        wall_clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        new_jti: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        """`ca_file`: path of certificates to trust beside the public ones; None for those alone.

        Raises ConfigError where that file can't be read.
        """
        self._trusted = trusting(ca_file)
        self._limits = limits or TransportLimits()
        self._wall_clock = wall_clock
        self._monotonic = monotonic
        self._new_jti = new_jti
        self._authorizations = Authorizations()
        self._minting = threading.Lock()
        self._of_this_thread = threading.local()
        self._sessions: set[TimedSession] = set()
        self._user_agent = user_agent()

    def call(self, ticket: CallTicket, account: Account) -> CallOutcome:
        """Make one call and return what it came to; everything foreseeable is an outcome, not an exception."""
        start_by = ticket.claimed_monotonic + self._limits.oldest_claim_s
        if self._monotonic() > start_by:
            return Stale()
        asked = _asked(ticket, account, self._user_agent)
        return self._outcome(asked, account, total_s=self._limits.total_s, start_by=start_by)

    def update(self, update: Update, account: Account) -> CallOutcome:
        """Make the call that marks a message read or revokes it; `Accepted` where it was done."""
        asked = _asked_to_update(update, account, self._user_agent)
        return self._outcome(asked, account, total_s=self._limits.update_s, start_by=float("inf"))

    def close(self) -> None:
        """Close all connections; calls that still run end as `Unsure`."""
        while self._sessions:
            self._sessions.pop().close()

    def _outcome(self, asked: _Asked, account: Account, *, total_s: float, start_by: float) -> CallOutcome:
        ends_at = self._monotonic() + total_s
        try:
            authorization = self._authorization(account)
            outcome, status = self._try(asked, account, authorization, ends_at, start_by)
            if status != 401 or not isinstance(outcome, OurFault):
                return outcome
            fresh = self._authorization(account, instead_of=authorization)
            if fresh != authorization:
                # A 401 proves that nothing was sent, so this is no second send.
                outcome, status = self._try(asked, account, fresh, ends_at, start_by)
            if status == 401:
                log.error("provider.refused_credentials", account=account.name, reference=asked.reference)
            return outcome
        except ConfigError as error:
            return OurFault(problem=Problem(code="config", title=str(error)), scope=Scope.ACCOUNT)
        except NotExpressible as error:  # nothing was sent, and on this account nothing can be
            return Refused(problem=Problem(code="not_expressible", title=str(error)), asked=False)

    def _authorization(self, account: Account, *, instead_of: str | None = None) -> str:
        with self._minting:  # else many threads that meet a 401 together would all mint
            return self._authorizations.header(
                account, now=self._wall_clock(), new_jti=self._new_jti, instead_of=instead_of
            )

    def _try(
        self, asked: _Asked, account: Account, authorization: str, ends_at: float, start_by: float
    ) -> tuple[CallOutcome, int | None]:
        """Return the outcome and the HTTP status, None where no answer came."""
        request = asked.build(authorization)
        exchange = Exchange(ends_at=ends_at, connect_s=self._limits.connect_s, start_by=start_by)
        kept = self._session(account)
        try:
            status, headers, body = kept.session.exchange(
                exchange,
                request.method,
                request.url,
                headers=dict(request.headers),
                body=request.body,
                largest=LARGEST_ANSWER,
            )
        except TooLateError:
            return Stale(), None
        except NETWORK_ERRORS as error:
            # The library's name for it is for us; the journal's words are for whoever asks after a message.
            log.info("call.no_answer", reference=asked.reference, sent=exchange.wrote, error=type(error).__name__)
            return (_unsure(error) if exchange.wrote else _not_sent(error)), None
        kept.used_at = self._monotonic()
        return asked.read(status, headers, body, self._wall_clock()), status

    def _session(self, account: Account) -> _Kept:
        """Return this thread's session for an account, made anew when it is old, idle or points elsewhere."""
        kept_by_name: dict[str, _Kept] = self._of_this_thread.__dict__.setdefault("kept", {})
        kept, now = kept_by_name.get(account.name), self._monotonic()
        if kept is not None and (
            kept.base_url != account.base_url
            or now > kept.made_at + self._limits.session_s
            or now > kept.used_at + self._limits.idle_s
        ):
            self._sessions.discard(kept.session)
            kept.session.close()
            kept = None
        if kept is None:
            session = TimedSession(self._trusted)
            self._sessions.add(session)
            kept = _Kept(session=session, base_url=account.base_url, made_at=now, used_at=now)
            kept_by_name[account.name] = kept
        return kept


def _asked(ticket: CallTicket, account: Account, user_agent: str) -> _Asked:
    whole = ticket.whole
    if whole is not None:
        return _Asked(
            reference=ticket.reference,
            build=lambda authorization: build_handover(
                account, whole, authorization=authorization, user_agent=user_agent
            ),
            read=lambda status, headers, body, now: read_handover(
                status=status, headers=headers, body=body, now=now, dispatch=goes_to_dispatch(whole)
            ),
        )
    return _Asked(
        reference=ticket.reference,
        build=lambda authorization: build_call(
            account,
            ticket.message,
            reference=ticket.reference,
            ttl=ticket.ttl,
            authorization=authorization,
            user_agent=user_agent,
        ),
        read=lambda status, headers, body, now: read_answer(status=status, headers=headers, body=body, now=now),
    )


def _asked_to_update(update: Update, account: Account, user_agent: str) -> _Asked:
    return _Asked(
        reference=update.provider_uuid,
        build=lambda authorization: build_update(account, update, authorization=authorization, user_agent=user_agent),
        read=lambda status, headers, body, now: read_update(update, status=status, headers=headers, body=body, now=now),
    )


def _not_sent(error: BaseException) -> CallOutcome:
    """Say why nothing was written. An address that makes no sense is ours to mend; all else may pass."""
    if isinstance(error, _OUR_MISTAKES):
        title = "The account's address or credentials make no request"
        return OurFault(problem=Problem(code="address", title=title), scope=Scope.ACCOUNT)
    known = tuple(causes(error))
    code, title = next(
        ((code, title) for kind, code, title in _NOT_CONNECTED if any(isinstance(each, kind) for each in known)),
        ("connection", "No connection to the provider came about"),
    )
    return Busy(problem=Problem(code=code, title=title), source=BusySource.CONNECTION)


def _unsure(error: BaseException) -> Unsure:
    late = any(isinstance(each, TimeoutError) for each in causes(error))
    code, title = (
        ("timeout", "The provider did not answer in time")
        if late
        else ("broken", "The connection broke after the send")
    )
    return Unsure(problem=Problem(code=code, title=title))


def user_agent() -> str:
    """Return what we call ourselves in requests."""
    try:
        return "cascade/" + version("cascade")
    except PackageNotFoundError:  # run from a copy of the sources
        return "cascade/0"
