"""Deliver the rows of `callbacks` to the callers' addresses, at least once each.

Strategy: rows are taken from the store under a lease. A row that can't be tried soon, because its host is busy or in
trouble, is simply let go: when its lease ends it is due again, and the try is not counted. So a dead endpoint holds
no thread but one at a time, and nobody's deliveries wait behind it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from services.dispatcher.callback_client import CallbackClient, networks
from services.dispatcher.callback_plan import Reply, settled
from services.dispatcher.transport import user_agent
from services.dispatcher.transport_session import trusting
from shared.errors import CascadeError
from shared.store.directory import Directory
from shared.store.port import CallbackStore
from shared.store.records import CallbackRow

log = structlog.get_logger()

_LONGEST_REST_S = 60.0


class CourierStore(CallbackStore, Protocol):
    """The part of the store that a courier needs."""

    def now(self) -> float:
        """Return the store's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierLimits:
    """How much at a time; times in seconds."""

    threads: int = 16
    per_host: int = 4
    in_hand: int = 64
    """Most rows taken and not settled."""
    poll_s: float = 0.5
    lease_s: float = 40.0
    """Must be more than `total_s` and what a row may wait in hand."""
    connect_s: float = 3.0
    total_s: float = 18.0
    """3 s to connect and 15 s for the answer."""
    stop_s: float = 20.0
    """How long `run` waits for running deliveries after `stop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    row: CallbackRow
    host: str
    start_by: float
    """Monotonic; later, the lease could end during the try."""
    store_offset: float
    """Store time less monotonic time."""


class _Host:
    """What is known of a host while it has rows in hand or is in trouble."""

    def __init__(self) -> None:
        self.running = 0
        self.failures = 0
        self.rests_until = 0.0


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
        self._changed = threading.Condition()
        self._hand: list[_Taken] = []
        self._running = 0
        self._hosts: dict[str, _Host] = {}
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
            with self._changed:
                if not full and not self._nudged and not self._stopping:
                    self._changed.wait(self._limits.poll_s)
                self._nudged = False
        ends_at = time.monotonic() + self._limits.stop_s
        for thread in threads:
            thread.join(max(0.0, ends_at - time.monotonic()))

    def stop(self) -> None:
        """Start no delivery any more; `run` returns when those that run are done."""
        with self._changed:
            self._stopping = True
            self._hand.clear()
            self._changed.notify_all()

    def nudge(self) -> None:
        """Look for due rows at once: some were just committed."""
        with self._changed:
            self._nudged = True
            self._changed.notify_all()

    def _gather(self) -> bool:
        """Take due rows into the hand; return whether there may be more that would fit."""
        with self._changed:
            room = self._limits.in_hand - len(self._hand) - self._running
        if room <= 0:
            return False
        try:
            before = time.monotonic()
            now = self._store.now()
            rows = self._store.take_callbacks(now=now, lease_s=self._limits.lease_s, limit=room)
        except CascadeError as error:
            log.warning("callbacks.not_taken", error=type(error).__name__)
            return False
        # A row is let go where the lease could end during its try: somebody else would make the same try.
        start_by = before + self._limits.lease_s - self._limits.total_s - 2.0
        with self._changed:
            if self._stopping:
                return False
            self._forget_hosts(before)
            for row in rows:
                taken = _Taken(row=row, host=_host_of(row.url), start_by=start_by, store_offset=now - before)
                if self._worth_holding(taken, before):
                    self._hand.append(taken)
            self._changed.notify_all()
        return len(rows) == room

    def _worth_holding(self, taken: _Taken, now: float) -> bool:
        """Tell whether a row may get its turn soon: its host is not resting and has not much in hand already."""
        host = self._hosts.get(taken.host)
        if host is None:
            return True
        waiting = sum(1 for each in self._hand if each.host == taken.host)
        most = 1 - host.running if host.failures else self._limits.per_host * 2
        return now >= host.rests_until and waiting < most

    def _forget_hosts(self, now: float) -> None:
        quiet = [name for name, host in self._hosts.items() if not host.running and now > host.rests_until + 600.0]
        for name in quiet:
            del self._hosts[name]

    def _serve(self) -> None:
        client = CallbackClient(
            trusted=self._trusted,
            allowed_networks=self._allowed,
            user_agent=user_agent(),
            connect_s=self._limits.connect_s,
            total_s=self._limits.total_s,
        )
        while (taken := self._next()) is not None:
            reply = self._tried(taken, client)
            with self._changed:
                self._judge(taken.host, reply)
                self._running -= 1
                self._changed.notify_all()
        client.close()

    def _next(self) -> _Taken | None:
        """Wait for a row whose host has a turn free; None when stopping."""
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                self._hand = [each for each in self._hand if now <= each.start_by]
                for index, taken in enumerate(self._hand):
                    host = self._hosts.setdefault(taken.host, _Host())
                    if host.running < (1 if host.failures else self._limits.per_host) and now >= host.rests_until:
                        del self._hand[index]
                        host.running += 1
                        self._running += 1
                        return taken
                self._changed.wait(1.0)
            return None

    def _tried(self, taken: _Taken, client: CallbackClient) -> Reply:
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
        key = self._directory().keys.get(row.key)
        if key is None:
            return Reply(error=f"can't be signed: there is no key {row.key}", ours=True)
        return client.post(row, key.signature_secret)

    def _settle(self, taken: _Taken, reply: Reply) -> None:
        row = taken.row
        answer = settled(row, reply, now=time.monotonic() + taken.store_offset)
        given_up = not answer.delivered and answer.next_at is None
        facts = {"callback_id": row.callback_id, "workflow_id": row.workflow_id, "status": reply.status}
        if given_up:
            log.error("callback.given_up", tries=row.attempts + 1, error=reply.error, **facts)
        elif not answer.delivered:
            log.warning("callback.failed", tries=row.attempts + 1, error=reply.error, next_at=answer.next_at, **facts)
        self._store.settle_callback(row.callback_id, answer)

    def _judge(self, name: str, reply: Reply) -> None:
        host = self._hosts[name]
        host.running -= 1
        if reply.host_in_trouble:
            host.failures += 1
            rest_s = min(_LONGEST_REST_S, 2.0 ** min(host.failures, 6))
            host.rests_until = time.monotonic() + max(rest_s, reply.retry_after_s or 0.0)
            self._hand = [each for each in self._hand if each.host != name]
        elif not reply.ours:
            host.failures = 0
        if host.running == 0 and host.failures == 0:
            del self._hosts[name]


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
