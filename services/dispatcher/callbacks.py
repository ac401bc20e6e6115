"""Deliver the rows of `callbacks` to the callers' addresses, at least once each.

Strategy: rows are taken from the store under a lease. A row that can't be tried soon, because its host is slow or in
trouble (`callback_hosts.py`), is simply let go: when its lease ends it is due again, and no try is counted. So
nobody's deliveries wait behind a dead endpoint.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from services.dispatcher.callback_client import CallbackClient, networks
from services.dispatcher.callback_hosts import Hosts, Taken
from services.dispatcher.callback_plan import Reply, settled
from services.dispatcher.transport import user_agent
from services.dispatcher.transport_session import trusting
from shared.errors import CascadeError
from shared.store.directory import Directory
from shared.store.records import CallbackAnswer, CallbackRow

log = structlog.get_logger()

_WITHOUT_KEY = "tenant {tenant} has no api key: cascade key create --tenant {tenant}"


class CourierStore(Protocol):
    """The part of the store that a courier needs; `shared.store.port` says what each promises."""

    def now(self) -> float:
        """Return the store's time."""

    def take_callbacks(self, *, now: float, lease_s: float, limit: int) -> tuple[CallbackRow, ...]:
        """Take due deliveries under a lease."""

    def settle_callback(self, callback_id: str, answer: CallbackAnswer) -> None:
        """Record what came of one try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierLimits:
    """How much at a time; times in seconds."""

    threads: int = 24
    per_host: int = 8
    in_hand: int = 1000
    """Most rows taken and not settled."""
    poll_s: float = 0.5
    lease_s: float = 40.0
    """`total_s`, and beside it what a row may wait in hand. What a killed dispatcher held is due again after it."""
    connect_s: float = 3.0
    total_s: float = 18.0
    """3 s to connect and 15 s for the answer."""
    stop_s: float = 20.0
    """How long `run` waits for running deliveries after `stop`."""


class CallbackCourier:
    """Runs until `stop`. Threads are named `callback-<n>`."""

    def __init__(
        self,
        *,
        store: CourierStore,
        directory: Callable[[], Directory],
        allowed_networks: Sequence[str] = (),
        ca_file: str | None = None,
        limits: CourierLimits | None = None,
    ) -> None:
        """`directory` gives the callers' signature secrets and is called from every thread: hand in a cached one.

        `allowed_networks`: networks of ours that addresses may lie in, such as 127.0.0.0/8; none by default.
        Raises ConfigError where a network or the CA file can't be read.
        """
        self._store = store
        self._directory = directory
        self._allowed = networks(allowed_networks)
        self._trusted = trusting(ca_file)
        self._limits = limits or CourierLimits()
        lock = threading.Lock()
        self._to_gather = threading.Condition(lock)
        self._to_send = threading.Condition(lock)
        self._hand = Hosts(threads=self._limits.threads, per_host=self._limits.per_host)
        self._stopping = False
        self._nudged = False

    def run(self) -> None:
        """Deliver until `stop`; then wait for running deliveries and return. What is in hand stays due."""
        threads = [
            threading.Thread(target=self._serve, name=f"callback-{number + 1}", daemon=True)
            for number in range(self._limits.threads)
        ]
        for thread in threads:
            thread.start()
        while not self._stopping:
            full = self._gather()
            with self._to_gather:
                if not full and not self._nudged and not self._stopping:
                    self._to_gather.wait(self._limits.poll_s)
                self._nudged = False
        ends_at = time.monotonic() + self._limits.stop_s
        for thread in threads:
            thread.join(max(0.0, ends_at - time.monotonic()))

    def stop(self) -> None:
        """Start no delivery any more; `run` returns when those that run are done."""
        with self._to_gather:
            self._stopping = True
            self._hand.clear()
            self._to_gather.notify_all()
            self._to_send.notify_all()

    def nudge(self) -> None:
        """Look for due rows at once: some were just committed."""
        with self._to_gather:
            self._nudged = True
            self._to_gather.notify_all()

    def _gather(self) -> bool:
        """Take due rows into the hand; return whether there may be more that would fit."""
        with self._to_gather:
            room = self._limits.in_hand - self._hand.waiting - self._hand.running
        if room <= 0:
            return False
        try:
            before = time.monotonic()
            now = self._store.now()
            rows = self._store.take_callbacks(now=now, lease_s=self._limits.lease_s, limit=room)
        except CascadeError as error:
            log.warning("callbacks.not_taken", error=type(error).__name__)
            return False
        start_by = before + self._limits.lease_s - self._limits.total_s - 2.0
        with self._to_send:
            if self._stopping:
                return False
            self._hand.forget(before)
            for row in rows:
                taken = Taken(row=row, host=_host_of(row.url), start_by=start_by, store_offset=now - before)
                self._hand.keep(taken, before)
            self._to_send.notify(len(rows))
        return len(rows) == room

    def _serve(self) -> None:
        client = CallbackClient(
            trusted=self._trusted,
            allowed_networks=self._allowed,
            user_agent=user_agent(),
            connect_s=self._limits.connect_s,
            total_s=self._limits.total_s,
        )
        while (taken := self._next()) is not None:
            started = time.monotonic()
            reply = self._tried(taken, client)
            with self._to_send:
                now = time.monotonic()
                self._hand.ended(taken, reply, took_s=now - started, now=now)
                if self._hand.waiting:  # one more, where a host came back: this thread takes the turn it freed
                    self._to_send.notify()
        client.close()

    def _next(self) -> Taken | None:
        """Wait for a row whose host has a turn free; None when stopping."""
        with self._to_send:
            while not self._stopping:
                if (taken := self._hand.next(time.monotonic())) is not None:
                    return taken
                self._to_send.wait(1.0)
            return None

    def _tried(self, taken: Taken, client: CallbackClient) -> Reply:
        try:
            reply = self._sent(taken.row, client)
            self._settle(taken, reply)
            return reply
        except CascadeError as error:  # the store is away: the lease ends, and the row is due again
            log.warning("callback.not_settled", callback_id=taken.row.callback_id, error=type(error).__name__)
            return Reply(error="the store is away", ours=True)
        except Exception as error:  # an outermost loop: one bad row must not end the thread
            log.exception("callback.crashed", callback_id=taken.row.callback_id)
            return Reply(error=f"crashed: {type(error).__name__}", ours=True)

    def _sent(self, row: CallbackRow, client: CallbackClient) -> Reply:
        key = self._directory().signing_key(row.tenant, wanted=row.key)
        if key is None:
            return Reply(error=_WITHOUT_KEY.format(tenant=row.tenant), ours=True)
        return client.post(replace(row, key=key.api_key), key.signature_secret)

    def _settle(self, taken: Taken, reply: Reply) -> None:
        row = taken.row
        answer = settled(row, reply, now=time.monotonic() + taken.store_offset)
        given_up = not answer.delivered and answer.next_at is None
        facts = {"callback_id": row.callback_id, "workflow_id": row.workflow_id, "status": reply.status}
        if given_up:
            log.error("callback.given_up", tries=row.attempts + 1, error=reply.error, **facts)
        elif not answer.delivered:
            log.warning("callback.failed", tries=row.attempts + 1, error=reply.error, next_at=answer.next_at, **facts)
        self._store.settle_callback(row.callback_id, answer)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
