"""What must hold of a batch before it is written, and what is worked out of it the same way for every store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from shared.errors import CommitFailed
from shared.model import State, Stop, What
from shared.store.records import AttemptRow, Batch, CallbackRow, Change


def check_batch(batch: Batch) -> None:
    """Raise CommitFailed where writing the batch would break a promise of the store's."""
    counts = Counter(change.workflow.workflow_id for change in batch.changes)
    for workflow_id, count in counts.items():
        if count > 1:
            raise CommitFailed(f"workflow {workflow_id} is changed {count} times in one batch: fold its events")
    for change in batch.changes:
        _check_change(change)


def _check_change(change: Change) -> None:
    workflow = change.workflow
    if not change.entries:
        raise CommitFailed(f"workflow {workflow.workflow_id} changes without a journal entry")
    first = workflow.sequence - len(change.entries) + 1
    if [entry.sequence for entry in change.entries] != list(range(first, workflow.sequence + 1)):
        raise CommitFailed(f"entries of workflow {workflow.workflow_id} do not lead up to {workflow.sequence}")
    if workflow.state is not State.FINAL and change.wake_at is None:
        raise CommitFailed(f"workflow {workflow.workflow_id} has not ended and would never wake")


def check_follows(change: Change, *, sequence: int) -> None:
    """Raise CommitFailed where the journal, which ends at `sequence`, would get a gap or an entry twice."""
    if change.entries[0].sequence != sequence + 1:
        raise CommitFailed(
            f"workflow {change.workflow.workflow_id}: entry {change.entries[0].sequence} can't follow entry {sequence}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a row was before a change."""

    sequence: int
    state: State
    step: int
    ready_since: float | None


def ready_since(change: Change, before: Before | None, *, now: float) -> float | None:
    """Return since when the changed row is `ready`; None in any other state."""
    workflow = change.workflow
    if workflow.state is not State.READY:
        return None
    if before is None or before.state is not State.READY or before.step != workflow.current:
        return now
    if any(entry.what is What.REPUBLISHED for entry in change.entries):
        return now
    return before.ready_since


def merged_stop(new: Stop, old: Stop | None) -> Stop:
    """Return the stop to keep where one with the same key is there: the earlier `since`, the further probes."""
    if old is None:
        return new
    merged = replace(new, since=min(new.since, old.since))
    if old.probe_count > new.probe_count:
        merged = replace(merged, probe_count=old.probe_count, probe_at=old.probe_at)
    return merged


def merged_attempt(new: AttemptRow, old: AttemptRow | None, *, now: float) -> AttemptRow:
    """Return the attempt to keep: a uuid once known stays known, the account is that of the latest claim."""
    if old is None:
        return replace(new, made_at=new.made_at or now)
    return replace(new, made_at=old.made_at, provider_uuid=new.provider_uuid or old.provider_uuid)


def dated_callback(row: CallbackRow, *, now: float) -> CallbackRow:
    """Return the callback with its time of making; it is never due before it was made."""
    made_at = row.made_at or now
    return replace(row, made_at=made_at, next_at=None if row.next_at is None else max(row.next_at, made_at))


def all_callbacks(batch: Batch, won: list[Change]) -> tuple[CallbackRow, ...]:
    """Return the callbacks to write, in order."""
    return tuple(row for change in won for row in change.callbacks) + batch.callbacks
