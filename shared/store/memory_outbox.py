"""Outbox, callbacks and parked receipts in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from threading import Lock

from shared.store.memory_state import MemoryState
from shared.store.records import CallbackAnswer, CallbackRow, OutboxRow, ParkedReceipt


class MemoryOutbox:
    """See `OutboxStore`."""

    _state: MemoryState
    _lock: Lock

    def outbox_of_others(self, *, now: float, older_than_s: float, limit: int) -> tuple[OutboxRow, ...]:
        """See the port."""
        with self._lock:
            old = [row for row in self._state.outbox.values() if row.made_at < now - older_than_s]
        return tuple(sorted(old, key=lambda row: (row.made_at, row.row_id))[:limit])

    def outbox_sent(self, row_ids: Collection[int]) -> None:
        """See the port."""
        with self._lock:
            for row_id in row_ids:
                self._state.outbox.pop(row_id, None)

    def outbox_count(self) -> int:
        """See the port."""
        with self._lock:
            return len(self._state.outbox)


class MemoryCallbacks:
    """See `CallbackStore`."""

    _state: MemoryState
    _lock: Lock

    def take_callbacks(self, *, now: float, lease_s: float, limit: int) -> tuple[CallbackRow, ...]:
        """See the port."""
        with self._lock:
            # The dictionary keeps the order of making, and sorting keeps it among equals.
            due = [
                (row.next_at, row)
                for row in self._state.callbacks.values()
                if row.next_at is not None and row.next_at <= now
            ]
            due.sort(key=lambda pair: (pair[0], pair[1].made_at))
            taken = tuple(replace(row, next_at=now + lease_s) for _, row in due[:limit])
            self._state.callbacks.update({row.callback_id: row for row in taken})
            return taken

    def settle_callback(self, callback_id: str, answer: CallbackAnswer) -> None:
        """See the port."""
        with self._lock:
            row = self._state.callbacks.get(callback_id)
            if row is None:
                return
            delivered_at = row.delivered_at
            if delivered_at is None and answer.delivered:
                delivered_at = answer.at
            self._state.callbacks[callback_id] = replace(
                row,
                attempts=row.attempts + 1,
                last_status=answer.status,
                last_error=answer.error,
                delivered_at=delivered_at,
                next_at=answer.next_at if delivered_at is None else None,
            )

    def callbacks_of(self, workflow_id: str) -> tuple[CallbackRow, ...]:
        """See the port."""
        with self._lock:
            rows = [row for row in self._state.callbacks.values() if row.workflow_id == workflow_id]
        return tuple(sorted(rows, key=lambda row: row.made_at))

    def callback(self, callback_id: str) -> CallbackRow | None:
        """See the port."""
        with self._lock:
            return self._state.callbacks.get(callback_id)

    def failed_callbacks(
        self, *, since: float, limit: int, tenant: str | None = None, given_up: bool = True
    ) -> tuple[CallbackRow, ...]:
        """See the port."""
        with self._lock:
            rows = self._failed(since, tenant, given_up=given_up)
        return tuple(sorted(rows, key=lambda row: row.made_at)[:limit])

    def send_callback_again(self, callback_id: str, *, now: float) -> bool:
        """See the port."""
        with self._lock:
            row = self._state.callbacks.get(callback_id)
            if row is None:
                return False
            self._state.callbacks[callback_id] = replace(row, made_at=now, next_at=now, attempts=0)
            return True

    def recover_callbacks(self, *, since: float, now: float, tenant: str | None = None) -> int:
        """See the port."""
        with self._lock:
            rows = self._failed(since, tenant, given_up=True)
            again = {row.callback_id: replace(row, made_at=now, next_at=now, attempts=0) for row in rows}
            self._state.callbacks.update(again)
            return len(again)

    def _failed(self, since: float, tenant: str | None, *, given_up: bool) -> list[CallbackRow]:
        return [
            row
            for row in self._state.callbacks.values()
            if row.delivered_at is None
            and row.made_at >= since
            and tenant in (None, row.tenant)
            and (row.next_at is None if given_up else row.next_at is not None and row.attempts > 0)
        ]


class MemoryReceipts:
    """See `ReceiptStore`."""

    _state: MemoryState
    _lock: Lock

    def due_parked(self, *, now: float, limit: int) -> tuple[ParkedReceipt, ...]:
        """See the port."""
        with self._lock:
            due = [
                (row.next_at, row.parked_id, row)
                for row in self._state.parked.values()
                if row.next_at is not None and row.next_at <= now
            ]
        return tuple(row for _, _, row in sorted(due, key=lambda each: each[:2])[:limit])

    def count_orphans(self) -> int:
        """See the port."""
        with self._lock:
            return sum(row.next_at is None for row in self._state.parked.values())

    def purge_parked(self, *, now: float, keep_at_most: int = 10_000) -> int:
        """See the port."""
        with self._lock:
            parked = self._state.parked
            kept = [row for row in parked.values() if row.keep_until >= now]
            kept.sort(key=lambda row: (row.first_at, row.parked_id), reverse=True)
            self._state.parked = {row.parked_id: row for row in kept[:keep_at_most]}
            return len(parked) - len(self._state.parked)
