"""The outbox relay: what a transaction said must leave, leaves, however often that takes (architecture 7).

Rows are published as soon as their transaction is committed and deleted once confirmed. What failed stays in the
store; rows older than 5 s belong to anyone, so a row whose dispatcher died is published by another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.dispatcher.ports import Broker, Clock
from shared.store.port import Store
from shared.store.records import OutboxRow

ANYONES_AFTER_S = 5.0
SWEEP_EVERY_S = 1.0
SWEEP_LOT = 500
FLUSH_AT = 200
"""Confirmed rows are deleted in batches of this size, or when `FLUSH_AFTER_S` have gone by."""
FLUSH_AFTER_S = 0.05
COOL_DOWN_S = 5.0
"""A row that failed is not published again by the sweep before this."""


class Relay:
    """Publishes outbox rows and deletes them once confirmed."""

    def __init__(self, *, store: Store, broker: Broker, clock: Clock) -> None:
        self._store = store
        self._broker = broker
        self._clock = clock
        self._publishing: set[int] = set()
        self._cooling: dict[int, float] = {}
        self._confirmed: set[int] = set()
        self._confirmed_since = 0.0
        self._sweep_at = 0.0

    @property
    def idle(self) -> bool:
        """True when nothing of ours is on its way and nothing confirmed waits for its deletion."""
        return not self._publishing and not self._confirmed

    @property
    def flush_at(self) -> float | None:
        """Monotonic time by which confirmed rows must be deleted; None when there are none."""
        return self._confirmed_since + FLUSH_AFTER_S if self._confirmed else None

    def publish(self, rows: Sequence[OutboxRow]) -> None:
        """Publish rows that were just committed. Without a broker they stay where they are, for the sweep."""
        if rows and self._broker.connected:
            self._publishing.update(row.row_id for row in rows)
            self._broker.publish(rows)

    def learn(self, *, confirmed: Collection[int], failed: Collection[int]) -> None:
        """Take what became of publishes."""
        now = self._clock.monotonic()
        if confirmed and not self._confirmed:
            self._confirmed_since = now
        self._confirmed.update(confirmed)
        self._publishing.difference_update(confirmed)
        self._publishing.difference_update(failed)
        for row_id in failed:
            self._cooling[row_id] = now + COOL_DOWN_S

    def flush(self, *, at_once: bool = False) -> None:
        """Delete confirmed rows, when there are enough of them or they have waited long enough."""
        if not self._confirmed:
            return
        late = self._clock.monotonic() >= self._confirmed_since + FLUSH_AFTER_S
        if at_once or late or len(self._confirmed) >= FLUSH_AT:
            self._store.outbox_sent(tuple(self._confirmed))
            self._confirmed.clear()

    def sweep(self, store_now: float) -> int:
        """Publish rows that waited too long, whoever wrote them; returns how many. Nothing where it is too early."""
        now = self._clock.monotonic()
        if now < self._sweep_at or not self._broker.connected:
            return 0
        self._sweep_at = now + SWEEP_EVERY_S
        self._cooling = {row_id: until for row_id, until in self._cooling.items() if until > now}
        busy = self._publishing | self._confirmed | self._cooling.keys()
        limit = SWEEP_LOT + len(busy)  # rows that can't leave must not hide the others behind them
        rows = self._store.outbox_of_others(now=store_now, older_than_s=ANYONES_AFTER_S, limit=limit)
        left = [row for row in rows if row.row_id not in busy]
        if left:
            self.publish(left)
        return len(left)
