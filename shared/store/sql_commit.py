"""One batch, one transaction: compare-and-set first, then everything that follows from the rows that moved.

Strategy: all rows the batch changes are read with their versions under lock, in id order, in one statement (on SQLite
the write lock is held already, on PostgreSQL `FOR UPDATE` takes the row locks). That names the losers before anything
is written, however large the batch; the updates then go out as one `executemany`, each still asking for its version.
Everything is encoded before the transaction begins, so that the lock is held for writing only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update

from shared.errors import CommitFailed
from shared.model import State
from shared.store.batches import Before, all_callbacks, check_batch, check_follows, dated_callback, ready_since
from shared.store.records import Batch, Change, Committed, Tombstone
from shared.store.sql_database import Database
from shared.store.sql_follow import (
    note_attempts,
    park,
    put_out,
    raise_watermark,
    suppress,
    unpark,
    write_stops,
)
from shared.store.sql_rows import Values, entry_values, outbox_values, word_values, workflow_values
from shared.store.sql_rows_around import callback_values, inbound_values, tombstone_values
from shared.store.tables import callbacks, inbound, journal, tombstones, workflows
from shared.store.tables_requests import search_words

_UPDATE = (
    update(workflows)
    .where(workflows.c.workflow_id == bindparam("of_id"), workflows.c.version == bindparam("of_version"))
    .values(
        {
            column.name: bindparam(column.name)
            for column in workflows.columns
            if column.name not in ("workflow_id", "tenant", "accepted_at")
        }
    )
)

_Known = dict[str, tuple[int, Before]]
"""Version and more of the rows that are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A change, encoded."""

    change: Change
    row: Values
    entries: list[Values]
    outbox: list[Values]

    @property
    def workflow_id(self) -> str:
        return self.change.workflow.workflow_id


class SqlCommit:
    """The `commit` of a store."""

    _database: Database

    def commit(self, batch: Batch) -> Committed:
        """See the port."""
        check_batch(batch)
        prepared = [_prepare(change) for change in batch.changes]
        loose_outbox = [outbox_values(row) for row in batch.outbox]
        prepared.sort(key=lambda each: each.workflow_id)
        with self._database.writing() as connection:
            return _write(self._database, connection, batch, prepared, loose_outbox)


def _prepare(change: Change) -> _Prepared:
    return _Prepared(
        change=change,
        row=workflow_values(change),
        entries=[entry_values(change.workflow, entry) for entry in change.entries],
        outbox=[outbox_values(row) for row in change.outbox],
    )


def _write(
    database: Database, connection: Connection, batch: Batch, prepared: list[_Prepared], loose_outbox: list[Values]
) -> Committed:
    if batch.tombstones or any(each.change.version is None for each in prepared):
        database.hold_starts_and_cancels_apart(connection, cancels=bool(batch.tombstones))
    known = _lock(database, connection, [each.workflow_id for each in prepared])
    now = database.now(connection)
    moved = _update(connection, prepared, known, now) | _insert(database, connection, prepared, known, now)
    lost = {each.workflow_id for each in prepared} - moved
    lost |= _bury(database, connection, batch.tombstones)

    by_id = {each.workflow_id: each for each in prepared}
    won = [by_id[change.workflow.workflow_id] for change in batch.changes if change.workflow.workflow_id in moved]
    changes = [each.change for each in won]
    database.add(connection, journal, [entry for each in won for entry in each.entries])
    outbox_ids = put_out(database, connection, [row for each in won for row in each.outbox] + loose_outbox, now=now)
    note_attempts(database, connection, [row for change in changes for row in change.attempts], now=now)
    suppress(database, connection, [row for change in changes for row in change.suppressions])
    dated = [dated_callback(row, now=now) for row in all_callbacks(batch, changes)]
    database.add_new(connection, callbacks, [callback_values(row, place) for place, row in enumerate(dated)])
    park(database, connection, batch.parked)
    unpark(database, connection, batch.unparked)
    database.add_new(connection, inbound, [inbound_values(row) for row in batch.inbound])
    write_stops(database, connection, [stop for change in changes for stop in change.stops])
    if batch.read_to is not None:
        raise_watermark(connection, batch.read_to)
    return Committed(lost=frozenset(lost), outbox_ids=outbox_ids)


def _lock(database: Database, connection: Connection, workflow_ids: list[str]) -> _Known:
    if not workflow_ids:
        return {}
    rows = connection.execute(database.once(_locked), database.listed(workflow_ids))
    return {
        row.workflow_id: (
            row.version,
            Before(sequence=row.sequence, state=State(row.state), step=row.step, ready_since=row.ready_since),
        )
        for row in rows
    }


def _update(connection: Connection, prepared: list[_Prepared], known: _Known, now: float) -> set[str]:
    rows: list[Values] = []
    moved: set[str] = set()
    for each in prepared:
        version, before = known.get(each.workflow_id, (None, None))
        if version is None or before is None or each.change.version != version:
            continue
        check_follows(each.change, sequence=before.sequence)
        moved.add(each.workflow_id)
        rows.append(
            each.row
            | {
                "of_id": each.workflow_id,
                "of_version": version,
                "version": version + 1,
                "ready_since": ready_since(each.change, before, now=now),
                "quarantined_until": None,
            }
        )
    if rows:
        written = connection.execute(_UPDATE, rows).rowcount
        if written != len(rows):
            raise CommitFailed(f"{len(rows)} rows were locked and {written} updated")
    return moved


def _insert(
    database: Database, connection: Connection, prepared: list[_Prepared], known: _Known, now: float
) -> set[str]:
    new = {each.workflow_id: each for each in prepared if each.change.version is None and each.workflow_id not in known}
    if not new:
        return set()
    for workflow_id in connection.execute(database.once(_buried), database.listed(new)).scalars():
        if new[workflow_id].change.workflow.state is not State.FINAL:
            del new[workflow_id]
    for each in new.values():
        check_follows(each.change, sequence=0)
    rows = [
        each.row | {"version": 1, "ready_since": ready_since(each.change, None, now=now), "quarantined_until": None}
        for each in new.values()
    ]
    added = database.add_new_words(connection, workflows.c.workflow_id, rows)
    words = [row for each in new.values() if each.workflow_id in added for row in word_values(each.change.workflow)]
    database.add(connection, search_words, words)
    return added


def _bury(database: Database, connection: Connection, rows: tuple[Tombstone, ...]) -> set[str]:
    if not rows:
        return set()
    alive = set(
        connection.execute(database.once(_locked), database.listed([row.workflow_id for row in rows])).scalars()
    )
    database.add_new(connection, tombstones, [tombstone_values(row) for row in rows if row.workflow_id not in alive])
    return alive


def _locked(database: Database) -> Select[Any]:
    columns = workflows.c
    return (
        select(columns.workflow_id, columns.version, columns.sequence, columns.state, columns.step, columns.ready_since)
        .where(database.among(columns.workflow_id))
        .order_by(columns.workflow_id)
        .with_for_update()
    )


def _buried(database: Database) -> Select[Any]:
    return select(tombstones.c.workflow_id).where(database.among(tombstones.c.workflow_id))
