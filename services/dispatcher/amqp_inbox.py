"""Where everything that the engine waits for arrives, from whatever thread (the Inbox port).

Deliveries of a lost connection that the engine has not taken yet are dropped here; those it has taken are named to it
as lost. So it never acts on a delivery after it was told that the broker will deliver it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from threading import Condition
from time import monotonic

from services.dispatcher.ports import Arrivals, CallAnswer, Delivery, UpdateEnded


class Mailbox:
    """Implements Inbox; any thread may post."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._woken = False
        self._deliveries: list[Delivery] = []
        self._answers: list[CallAnswer] = []
        self._updates: list[UpdateEnded] = []
        self._confirmed: list[int] = []
        self._failed: list[int] = []
        self._lost: set[int] = set()

    def wait(self, until: float) -> None:
        """Return when something has arrived, or at monotonic time `until`."""
        with self._changed:
            while not self._woken and (left := until - monotonic()) > 0:
                self._changed.wait(left)
            self._woken = False

    def take(self) -> Arrivals:
        """Return what has arrived, at once and without waiting for more."""
        with self._changed:
            arrivals = Arrivals(
                deliveries=tuple(self._deliveries),
                answers=tuple(self._answers),
                updates=tuple(self._updates),
                confirmed=tuple(self._confirmed),
                failed=tuple(self._failed),
                lost_tokens=frozenset(self._lost),
            )
            for each in (
                *(self._deliveries, self._answers, self._updates),
                *(self._confirmed, self._failed, self._lost),
            ):
                each.clear()
            self._woken = False
            return arrivals

    def wake(self) -> None:
        """Let `wait` return although nothing has arrived: something else wants attention."""
        with self._changed:
            self._wake()

    def deliver(self, delivery: Delivery) -> None:
        """Post a message of the broker."""
        with self._changed:
            self._deliveries.append(delivery)
            self._wake()

    def deliver_answer(self, answer: CallAnswer) -> None:
        """Post what came of a call; sender threads do."""
        with self._changed:
            self._answers.append(answer)
            self._wake()

    def deliver_update(self, ended: UpdateEnded) -> None:
        """Post what came of an update; its own threads do."""
        with self._changed:
            self._updates.append(ended)
            self._wake()

    def settle(self, *, confirmed: Iterable[int] = (), failed: Iterable[int] = ()) -> None:
        """Post what became of publishes, by outbox row."""
        with self._changed:
            self._confirmed.extend(confirmed)
            self._failed.extend(failed)
            self._wake()

    def lose(self, tokens: Collection[int]) -> None:
        """Say that the broker takes these deliveries back; those not taken yet are never handed out."""
        if not tokens:
            return
        with self._changed:
            gone = set(tokens)
            kept = [delivery for delivery in self._deliveries if delivery.token not in gone]
            gone.difference_update(delivery.token for delivery in self._deliveries)
            self._deliveries[:] = kept
            self._lost |= gone
            self._wake()

    def _wake(self) -> None:
        self._woken = True
        self._changed.notify()
