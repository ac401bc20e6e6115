"""Pools of threads that call the provider: one pool a channel, so that a slow one stops no other.

An answer is never lost: whatever a call does, its ticket comes back through `deliver`. What was not foreseen comes
back as `Unsure`, because the message may have left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import Protocol

import structlog

from services.dispatcher.ports import CallAnswer, CallTicket, UpdateWish
from shared.errors import CascadeError
from shared.model import Problem, Scope
from shared.outcomes import CallOutcome, OurFault, Stale, Unsure
from shared.store.directory import Account

log = structlog.get_logger()

DEFAULT_SLOTS = 16


class Caller(Protocol):
    """Makes one call; in production `transport.Transport`."""

    def call(self, ticket: CallTicket, account: Account) -> CallOutcome:
        """Return what the call came to."""


class SenderPools:
    """The `Senders` port of the engine. Threads start when they are first needed and are named `send-<channel>-<n>`."""

    def __init__(
        self,
        *,
        transport: Caller,
        account_named: Callable[[str], Account | None],
        deliver: Callable[[CallAnswer], None],
        update: Callable[[UpdateWish], None],
        slots: int = DEFAULT_SLOTS,
        slots_of: Mapping[str, int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`slots`: threads of a channel; `slots_of` overrides them by channel. `update` begins an update.

        `deliver` and `account_named` are called from the pools' threads and must be thread-safe.
        """
        self._transport = transport
        self._account_named = account_named
        self._deliver = deliver
        self._update = update
        self._slots = slots
        self._slots_of = dict(slots_of or {})
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._pools: dict[str, _Pool] = {}
        self._undelivered = 0
        self._draining = False

    def free(self, channel: str) -> int:
        """Return how many slots of a channel's pool are free; 0 while draining."""
        with self._changed:
            pool = self._pools.get(channel)
            return 0 if self._draining else max(0, self._size(channel) - (pool.busy if pool else 0))

    def submit(self, tickets: Sequence[CallTicket]) -> None:
        """Start calls. While draining they come back as `Stale`: nothing of them was sent."""
        for ticket in tickets:
            with self._changed:
                self._undelivered += 1
                if not self._draining:
                    self._enqueue(ticket)
                    continue
            self._hand_over(ticket, Stale())

    def update(self, wish: UpdateWish) -> None:
        """Begin an update. While draining it is left to others: its message is unacknowledged, and comes to them."""
        with self._changed:
            draining = self._draining
        if not draining:
            self._update(wish)

    @property
    def in_flight(self) -> int:
        """How many tickets have not come back through `deliver` yet."""
        with self._changed:
            return self._undelivered

    def drain(self, until: float) -> int:
        """Take no more, wait for the calls until monotonic time `until`; return how many are still out.

        Their threads end with the process and are waited for by nobody: their leases find them.
        """
        with self._changed:
            self._draining = True
            self._changed.wait_for(lambda: self._undelivered == 0, timeout=max(0.0, until - self._monotonic()))
            for pool in self._pools.values():
                for _ in range(pool.threads):
                    pool.tickets.put(None)
            return self._undelivered

    def _size(self, channel: str) -> int:
        return self._slots_of.get(channel, self._slots)

    def _enqueue(self, ticket: CallTicket) -> None:
        channel = ticket.message.channel
        pool = self._pools.setdefault(channel, _Pool())
        pool.busy += 1
        if pool.threads < min(pool.busy, self._size(channel)):
            pool.threads += 1
            name = f"send-{channel}-{pool.threads}"
            threading.Thread(target=self._serve, args=(pool,), name=name, daemon=True).start()
        pool.tickets.put(ticket)

    def _serve(self, pool: _Pool) -> None:
        while (ticket := pool.tickets.get()) is not None:
            outcome = self._outcome(ticket)
            with self._changed:
                pool.busy -= 1  # before the hand-over: who is woken by the answer finds the slot free
            self._hand_over(ticket, outcome)

    def _outcome(self, ticket: CallTicket) -> CallOutcome:
        try:
            return self._called(ticket)
        except Exception as error:  # an outermost loop: a bug must not swallow an answer
            log.exception("call.crashed", reference=ticket.reference)
            title = "The call ended in a way we did not foresee"
            return Unsure(problem=Problem(code="crashed", title=title, detail=type(error).__name__))

    def _called(self, ticket: CallTicket) -> CallOutcome:
        try:
            account = self._account_named(ticket.account)
        except CascadeError as error:  # the store is away, and nothing was sent yet
            log.warning("call.not_started", reference=ticket.reference, error=type(error).__name__)
            return Stale()
        if account is None:
            problem = Problem(code="account", title=f"There is no provider account named {ticket.account}")
            return OurFault(problem=problem, scope=Scope.ACCOUNT)
        return self._transport.call(ticket, account)

    def _hand_over(self, ticket: CallTicket, outcome: CallOutcome) -> None:
        try:
            self._deliver(CallAnswer(ticket=ticket, outcome=outcome, ended_monotonic=self._monotonic()))
        except Exception:  # an outermost loop: the lease will find this call, the thread must live
            log.exception("call.answer_not_delivered", reference=ticket.reference)
        with self._changed:
            self._undelivered -= 1
            self._changed.notify_all()


class _Pool:
    """The threads of one channel. All but `tickets` is guarded by the pools' lock."""

    def __init__(self) -> None:
        self.tickets: SimpleQueue[CallTicket | None] = SimpleQueue()
        self.busy = 0
        self.threads = 0
