"""Updates of single messages (PATCH): found by their id, called on threads of their own, tried again, and told.

A message of ours is revoked under the provider's id of its attempt; an inbound one is marked read at the host that its
webhook named. The wish stays unacknowledged until the call came to its end: the update is the same however often it is
made, so a wish that is delivered again is simply done again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol

import structlog

from services.dispatcher.ports import UpdateEnded, UpdateWish
from shared.errors import StoreUnavailable
from shared.ids import split_message_uuid
from shared.model import Attempt, Problem
from shared.outcomes import Accepted, Busy, CallOutcome, OurFault, Refused
from shared.store.directory import Account
from shared.store.port import QueryStore
from shared.vonage.updates import Update

log = structlog.get_logger()

THREADS = 8
PAUSES_S = (1.0, 2.0, 4.0)
"""Between tries; after the last it is given up. Whoever reads or revokes a message does so now or not at all."""
LONGEST_PAUSE_S = 15.0
"""Also where the provider asks for more."""
PATIENCE_S = 30.0
"""A wish that is older gets the try that it waited for and no other: unacknowledged ones keep cancels waiting."""
UNKNOWN = Problem(code="unknown", title="There is no such message, or the provider has not given it an id")
NO_ACCOUNT = Problem(code="account", title="The message's provider account is gone")
CRASHED = Problem(code="crashed", title="The update ended in a way we did not foresee")
NO_STORE = Problem(code="store", title="The store was away for as long as it was tried")


class Updater(Protocol):
    """Makes one call; in production `transport.Transport`."""

    def update(self, update: Update, account: Account) -> CallOutcome:
        """Return what the call came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    update: Update
    account: str
    workflow_id: str | None = None
    step: int = 0


class UpdatePool:
    """Threads that make updates; they start when they are first needed and end with the process."""

    def __init__(
        self,
        *,
        transport: Updater,
        store: QueryStore,
        account_named: Callable[[str], Account | None],
        deliver: Callable[[UpdateEnded], None],
        threads: int = THREADS,
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        """`account_named` and `deliver` are called from the pool's threads and must be thread-safe."""
        self._transport = transport
        self._store = store
        self._account_named = account_named
        self._deliver = deliver
        self._most = threads
        self._pauses_s = pauses_s
        self._wishes: SimpleQueue[tuple[float, UpdateWish]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0

    def submit(self, wish: UpdateWish) -> None:
        """Begin an update; its end comes through `deliver`."""
        with self._lock:
            if self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._serve, name=f"update-{self._threads}", daemon=True).start()
        self._wishes.put((time.monotonic(), wish))

    def _serve(self) -> None:
        while True:
            since, wish = self._wishes.get()
            try:
                ended = self._ended(wish, give_up_at=since + PATIENCE_S)
            except Exception:  # an outermost loop: a bug must not swallow a wish, nor its thread
                log.exception("update.crashed", message_uuid=wish.update.message_uuid)
                ended = UpdateEnded(wish=wish, problem=CRASHED)
            self._deliver(ended)

    def _ended(self, wish: UpdateWish, *, give_up_at: float) -> UpdateEnded:
        target: _Target | None = None
        problem: Problem | None = NO_STORE
        for pause_s in (*self._pauses_s, None):
            asked_s: float | None = None
            try:
                target = target or target_of(wish, self._store)
                problem, asked_s = self._tried(target)
            except StoreUnavailable as error:
                log.warning("update.not_started", error=str(error))
                asked_s = 0.0
            if asked_s is None or pause_s is None or time.monotonic() >= give_up_at:
                break
            time.sleep(min(max(pause_s, asked_s), LONGEST_PAUSE_S))
        if problem is not None:
            log.warning("update.not_done", message_uuid=wish.update.message_uuid, why=problem.code)
        return UpdateEnded(
            wish=wish,
            problem=problem,
            workflow_id=None if target is None else target.workflow_id,
            step=0 if target is None else target.step,
        )

    def _tried(self, target: _Target | None) -> tuple[Problem | None, float | None]:
        """Return why it was not done, and after how long it may be tried again; None where it need not, or can't."""
        if target is None:
            return UNKNOWN, None
        account = self._account_named(target.account)
        if account is None:
            return NO_ACCOUNT, None
        match self._transport.update(target.update, account):
            case Accepted():
                return None, None
            case Refused(problem=problem) | OurFault(problem=problem):
                return problem, None
            case Busy(problem=problem, retry_after_s=asked_s):
                return problem, asked_s or 0.0
            case other:
                return getattr(other, "problem", NO_STORE), 0.0


def target_of(wish: UpdateWish, store: QueryStore) -> _Target | None:
    """Return which message of the provider's is meant; None where there is none of this tenant's.

    Raises StoreUnavailable.
    """
    asked = wish.update
    indicator = asked.replying_indicator
    inbound = next((row for row in store.find_inbound(asked.message_uuid) if row.tenant == asked.tenant), None)
    if inbound is not None:
        update = Update(
            provider_uuid=inbound.provider_uuid,
            status=asked.status.value,
            replying_indicator=indicator,
            region_url=inbound.region_url,
        )
        return _Target(update=update, account=inbound.account)
    try:
        workflow_id, number = split_message_uuid(asked.message_uuid)
    except ValueError:
        return None
    stored = store.find(workflow_id)
    if stored is None or stored.workflow.tenant != asked.tenant or not 1 <= number <= len(stored.workflow.steps):
        return None
    known = known_attempt(stored.workflow.steps[number - 1].attempts)
    if known is None or known.provider_uuid is None:
        return None
    update = Update(provider_uuid=known.provider_uuid, status=asked.status.value, replying_indicator=indicator)
    return _Target(update=update, account=known.account, workflow_id=workflow_id, step=number)


def known_attempt(attempts: tuple[Attempt, ...]) -> Attempt | None:
    """Return the attempt by which the provider knows a message: one that reached its person, else the latest."""
    known = [attempt for attempt in attempts if attempt.provider_uuid is not None]
    return next((attempt for attempt in known if attempt.reached), known[-1] if known else None)
