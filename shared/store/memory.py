"""A store in memory: the same promises, no file, a clock that is handed in. For tests and the simulation.

What is not committed is not there, so a crash is simply not calling further. `copy()` keeps a moment to go back to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from threading import Lock

from shared.model import Entry, State, What
from shared.store.document import encode_facts
from shared.store.due_range import DUE_RANGE, from_a_random_place
from shared.store.memory_commit import commit_to
from shared.store.memory_controls import MemoryControls, MemoryDirectory
from shared.store.memory_outbox import MemoryCallbacks, MemoryOutbox, MemoryReceipts
from shared.store.memory_query import MemoryQuery, MemoryUpkeep, stored_of
from shared.store.memory_requests import MemoryRequests
from shared.store.memory_state import Clock, MemoryState
from shared.store.records import Batch, Committed, Turn


class MemoryWork:
    """See `WorkStore`."""

    _state: MemoryState
    _lock: Lock
    _clock: Clock

    def now(self) -> float:
        """See the port."""
        return self._clock()

    def load(self, workflow_ids: Collection[str], provider_uuids: Collection[str] = ()) -> Turn:
        """See the port."""
        with self._lock:
            state = self._state
            by_uuid = {
                uuid: max((state.attempts[each] for each in references), key=lambda row: (row.made_at, row.reference))
                for uuid in provider_uuids
                if (references := state.by_provider_uuid.get(uuid))
            }
            wanted = {*workflow_ids, *(row.workflow_id for row in by_uuid.values())}
            found = {each: state.workflows[each] for each in sorted(wanted) if each in state.workflows}
            asked = {(kept.workflow.tenant, step.person) for kept in found.values() for step in kept.workflow.steps}
            return Turn(
                now=self._clock(),
                workflows={each: stored_of(kept) for each, kept in found.items()},
                by_provider_uuid=by_uuid,
                attempts={
                    reference: state.attempts[reference]
                    for each in found
                    for reference in state.references.get(each, ())
                },
                suppressed=frozenset(asked & state.suppressions.keys()),
                tombstones={each: state.tombstones[each] for each in wanted - found.keys() if each in state.tombstones},
            )

    def commit(self, batch: Batch) -> Committed:
        """See the port."""
        with self._lock:
            return commit_to(self._state, batch, now=self._clock())

    def due(self, *, now: float, read_to: float, limit: int, seed: int) -> tuple[str, ...]:
        """See the port."""
        with self._lock:
            gated, ungated = [], []
            for each, kept in self._state.workflows.items():
                if kept.wake_at is not None and kept.wake_at <= read_to:
                    gated.append((kept.wake_at, each))
                if kept.wake_ungated_at is not None and kept.wake_ungated_at <= now:
                    ungated.append((kept.wake_ungated_at, each))
        most = max(limit, DUE_RANGE)
        candidates = dict.fromkeys(each for _, each in (*sorted(gated)[:most], *sorted(ungated)[:most]))
        return from_a_random_place(list(candidates), limit=limit, seed=seed)

    def quarantine(self, workflow_id: str, *, until: float, error: str) -> None:
        """See the port."""
        facts = {"error": error}
        encode_facts(facts)
        with self._lock:
            kept = self._state.workflows.get(workflow_id)
            if kept is None:
                return
            sequence = kept.workflow.sequence + 1
            ready = kept.workflow.state is State.READY

            def wakes_at(clock: float | None) -> float | None:
                return None if clock is None else max(clock, until)

            moved = replace(
                kept,
                workflow=replace(kept.workflow, sequence=sequence),
                version=kept.version + 1,
                quarantined_until=until,
                wake_at=until if ready else wakes_at(kept.wake_at),
                wake_ungated_at=until if ready else wakes_at(kept.wake_ungated_at),
            )
            entry = Entry(
                sequence=sequence,
                at=self._clock(),
                by="cascade",
                what=What.QUARANTINED,
                next_at=moved.wake_at,
                facts=facts,
            )
            self._state.workflows[workflow_id] = moved
            self._state.journal[workflow_id] = (*self._state.journal[workflow_id], entry)


class MemoryStore(
    MemoryWork,
    MemoryOutbox,
    MemoryCallbacks,
    MemoryReceipts,
    MemoryControls,
    MemoryDirectory,
    MemoryQuery,
    MemoryRequests,
    MemoryUpkeep,
):
    """A `Store` in memory. Threads may share it."""

    def __init__(self, *, clock: Clock, state: MemoryState | None = None) -> None:
        self._clock = clock
        self._state = MemoryState() if state is None else state
        self._lock = Lock()

    def copy(self) -> MemoryStore:
        """Return a store with the same content and clock, independent of this one."""
        with self._lock:
            return MemoryStore(clock=self._clock, state=self._state.copy())

    def close(self) -> None:
        """See the port."""
