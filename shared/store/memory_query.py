"""Reading back from memory, for the ingress, the reconciler and the doctor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from threading import Lock

from shared.model import Entry, State, Stop
from shared.store.memory_state import Clock, Kept, MemoryState
from shared.store.port import FORGOTTEN_AFTER_S
from shared.store.records import AttemptRow, Backlog, DispatcherRow, Snapshot, Stored


def stored_of(kept: Kept) -> Stored:
    """Return a workflow as the port shows it."""
    return Stored(
        workflow=kept.workflow,
        version=kept.version,
        wake_at=kept.wake_at,
        quarantined_until=kept.quarantined_until,
    )


class MemoryQuery:
    """See `QueryStore`."""

    _state: MemoryState
    _lock: Lock

    def find(self, workflow_id: str) -> Stored | None:
        """See the port."""
        with self._lock:
            kept = self._state.workflows.get(workflow_id)
        return None if kept is None else stored_of(kept)

    def timeline(self, workflow_id: str) -> tuple[Entry, ...]:
        """See the port."""
        with self._lock:
            return self._state.journal.get(workflow_id, ())

    def attempts_of(self, workflow_id: str) -> tuple[AttemptRow, ...]:
        """See the port."""
        with self._lock:
            rows = [self._state.attempts[each] for each in self._state.references.get(workflow_id, ())]
        return tuple(sorted(rows, key=lambda row: (row.step, row.attempt)))

    def has_tombstone(self, workflow_id: str) -> bool:
        """See the port."""
        with self._lock:
            return workflow_id in self._state.tombstones


class MemoryUpkeep:
    """See `UpkeepStore`."""

    _state: MemoryState
    _lock: Lock
    _clock: Clock

    def ready_since(
        self, *, channel: str, before: float, limit: int, but_under: Collection[Stop] = ()
    ) -> tuple[str, ...]:
        """See the port."""
        with self._lock:
            now = self._clock()
            old = [
                (kept.ready_since, each)
                for each, kept in self._state.workflows.items()
                if kept.ready_since is not None
                and kept.ready_since < before
                and kept.workflow.step.message.channel == channel
                and (kept.quarantined_until or 0.0) <= now
                and not any(_covers(stop, kept) for stop in but_under)
            ]
        return tuple(each for _, each in sorted(old)[:limit])

    def in_state(self, states: Collection[str], *, stop: Stop, limit: int, after: str = "") -> tuple[str, ...]:
        """See the port."""
        with self._lock:
            found = [
                each
                for each, kept in self._state.workflows.items()
                if each > after and kept.workflow.state.value in states and _covers(stop, kept)
            ]
        return tuple(sorted(found)[:limit])

    def backlog(self) -> Backlog:
        """See the port."""
        with self._lock:
            now = self._clock()
            state = self._state
            made = [row.made_at for row in state.outbox.values()]
            wakes = [kept.wake_at for kept in state.workflows.values() if kept.wake_at is not None]
            return Backlog(
                now=now,
                outbox_count=len(made),
                outbox_oldest_s=max(0.0, now - min(made)) if made else 0.0,
                overdue_s=max(0.0, now - min(wakes)) if wakes else 0.0,
                leases_over=sum(
                    kept.workflow.state is State.SENDING
                    and kept.wake_ungated_at is not None
                    and kept.wake_ungated_at < now
                    for kept in state.workflows.values()
                ),
                quarantined=sum((kept.quarantined_until or 0.0) > now for kept in state.workflows.values()),
            )

    def heartbeat(self, row: DispatcherRow) -> None:
        """See the port."""
        with self._lock:
            forgotten = row.seen_at - FORGOTTEN_AFTER_S
            alive = {each.name: each for each in self._state.dispatchers.values() if each.seen_at >= forgotten}
            self._state.dispatchers = alive | {row.name: row}

    def dispatchers(self) -> tuple[DispatcherRow, ...]:
        """See the port."""
        with self._lock:
            return tuple(row for _, row in sorted(self._state.dispatchers.items()))

    def snapshot(self) -> Snapshot:
        """See the port."""
        with self._lock:
            workflows = [kept.workflow for kept in self._state.workflows.values()]
            return Snapshot(
                now=self._clock(),
                by_state=dict(Counter(workflow.state.value for workflow in workflows)),
                by_outcome=dict(Counter(workflow.outcome.value for workflow in workflows if workflow.outcome)),
            )


def _covers(stop: Stop, kept: Kept) -> bool:
    message = kept.workflow.step.message
    return stop.covers(account=kept.account, channel=message.channel, sender=message.sender)
