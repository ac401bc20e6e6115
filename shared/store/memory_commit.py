"""`commit` in memory: everything that can fail is done before anything is changed."""

from __future__ import annotations

from dataclasses import replace

from shared.model import State
from shared.store.batches import (
    Before,
    all_callbacks,
    check_batch,
    check_follows,
    dated_callback,
    merged_attempt,
    merged_stop,
    ready_since,
)
from shared.store.document import encode_facts, encode_workflow
from shared.store.memory_state import Kept, MemoryState
from shared.store.records import AttemptRow, Batch, Change, Committed, OutboxRow


def commit_to(state: MemoryState, batch: Batch, *, now: float) -> Committed:
    """Write a batch as the port says. Raises CommitFailed with nothing written."""
    check_batch(batch)
    _check_content(batch)
    won = [change for change in batch.changes if _wins(state, change)]
    for change in won:
        written = state.journal.get(change.workflow.workflow_id, ())
        check_follows(change, sequence=written[-1].sequence if written else 0)

    lost = {change.workflow.workflow_id for change in batch.changes}
    lost -= {change.workflow.workflow_id for change in won}
    for change in won:
        _write(state, change, now=now)
    for tombstone in batch.tombstones:
        if tombstone.workflow_id in state.workflows:
            lost.add(tombstone.workflow_id)
        else:
            state.tombstones.setdefault(tombstone.workflow_id, tombstone)
    rows = [row for change in won for row in change.outbox] + list(batch.outbox)
    outbox_ids = tuple(_put_out(state, row, now=now) for row in rows)
    for callback in all_callbacks(batch, won):
        state.callbacks.setdefault(callback.callback_id, dated_callback(callback, now=now))
    for parked in batch.parked:
        state.parked[parked.parked_id] = parked
    for parked_id in batch.unparked:
        state.parked.pop(parked_id, None)
    for inbound in batch.inbound:
        state.inbound.setdefault((inbound.provider_uuid, inbound.account), inbound)
    state.read_to = max(state.read_to, batch.read_to or 0.0)
    return Committed(lost=frozenset(lost), outbox_ids=outbox_ids)


def _check_content(batch: Batch) -> None:
    for change in batch.changes:
        encode_workflow(change.workflow)
        for entry in change.entries:
            encode_facts(entry.facts)
    for row in (*batch.outbox, *(row for change in batch.changes for row in change.outbox)):
        encode_facts(row.headers)


def _wins(state: MemoryState, change: Change) -> bool:
    workflow = change.workflow
    kept = state.workflows.get(workflow.workflow_id)
    if kept is not None:
        return change.version == kept.version
    return change.version is None and (workflow.state is State.FINAL or workflow.workflow_id not in state.tombstones)


def _write(state: MemoryState, change: Change, *, now: float) -> None:
    workflow = change.workflow
    old = state.workflows.get(workflow.workflow_id)
    before = None
    if old is not None:
        before = Before(
            sequence=old.workflow.sequence,
            state=old.workflow.state,
            step=old.workflow.current,
            ready_since=old.ready_since,
        )
    state.workflows[workflow.workflow_id] = Kept(
        workflow=workflow,
        version=1 if old is None else old.version + 1,
        account=change.account,
        wake_at=change.wake_at,
        wake_ungated_at=change.wake_ungated_at,
        ready_since=ready_since(change, before, now=now),
    )
    state.journal[workflow.workflow_id] = state.journal.get(workflow.workflow_id, ()) + change.entries
    for attempt in change.attempts:
        _note(state, merged_attempt(attempt, state.attempts.get(attempt.reference), now=now))
    for suppression in change.suppressions:
        state.suppressions.setdefault((suppression.tenant, suppression.person), suppression)
    for stop in change.stops:
        state.stops[stop.key] = merged_stop(stop, state.stops.get(stop.key))


def _note(state: MemoryState, row: AttemptRow) -> None:
    old = state.attempts.get(row.reference)
    if old is None:
        state.references[row.workflow_id] = (*state.references.get(row.workflow_id, ()), row.reference)
    known = None if old is None else old.provider_uuid
    if known != row.provider_uuid:
        for uuid, keep in ((known, ()), (row.provider_uuid, (row.reference,))):
            if uuid is not None:
                others = tuple(each for each in state.by_provider_uuid.get(uuid, ()) if each != row.reference)
                state.by_provider_uuid[uuid] = others + keep
    state.attempts[row.reference] = row


def _put_out(state: MemoryState, row: OutboxRow, *, now: float) -> int:
    state.last_row_id += 1
    state.outbox[state.last_row_id] = replace(row, row_id=state.last_row_id, made_at=now)
    return state.last_row_id
