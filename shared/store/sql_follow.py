"""What a commit writes beside the workflows and their journal. Rows are sorted, so that two commits never deadlock."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Executable, delete, func, insert, select, update

from shared.model import Stop
from shared.store.batches import merged_stop
from shared.store.records import AttemptRow, ParkedReceipt, Suppression
from shared.store.sql_database import Database
from shared.store.sql_rows import Values, attempt_values
from shared.store.sql_rows_around import parked_values, stop_name, stop_of, stop_values, suppression_values
from shared.store.tables import attempts, outbox, receipts_parked, suppressions
from shared.store.tables_directory import controls

WATERMARK = "watermark"


def put_out(database: Database, connection: Connection, rows: list[Values], *, now: float) -> tuple[int, ...]:
    """Write messages into the outbox; return their numbers in the order of the rows."""
    if not rows:
        return ()
    numbers = database.next_outbox_ids(connection, len(rows))
    connection.execute(
        insert(outbox), [row | {"row_id": number, "made_at": now} for row, number in zip(rows, numbers, strict=True)]
    )
    return tuple(numbers)


def note_attempts(database: Database, connection: Connection, rows: list[AttemptRow], *, now: float) -> None:
    """Insert attempts, or fill in what was not known of them."""
    if not rows:
        return
    connection.execute(
        database.once(_attempts_upsert),
        [attempt_values(row, now=now) for row in sorted(rows, key=lambda row: row.reference)],
    )


def suppress(database: Database, connection: Connection, rows: list[Suppression]) -> None:
    """Write suppressions; who is suppressed already stays so for the first reason."""
    rows = sorted(rows, key=lambda row: (row.person, row.tenant))
    database.add_new(connection, suppressions, [suppression_values(row) for row in rows])


def park(database: Database, connection: Connection, rows: Collection[ParkedReceipt]) -> None:
    """Insert or replace parked receipts."""
    if not rows:
        return
    connection.execute(
        database.once(_parked_upsert), [parked_values(row) for row in sorted(rows, key=lambda row: row.parked_id)]
    )


def unpark(database: Database, connection: Connection, parked_ids: Collection[str]) -> None:
    """Delete parked receipts that found their workflow."""
    if parked_ids:
        connection.execute(database.once(_parked_delete), database.listed(parked_ids))


def write_stops(database: Database, connection: Connection, stops: Collection[Stop]) -> None:
    """Write stops over those with the same key (`merged_stop`)."""
    for stop in sorted(stops, key=lambda stop: stop.key):
        here = controls.c.name == stop_name(stop.key)
        row = connection.execute(select(controls).where(here).with_for_update()).one_or_none()
        if row is None:
            # Another dispatcher may write the same stop at this moment: the later one waits here and then merges.
            added = database.add_new_words(connection, controls.c.name, [stop_values(stop)])
            if added:
                continue
            row = connection.execute(select(controls).where(here).with_for_update()).one()
        connection.execute(update(controls).where(here).values(stop_values(merged_stop(stop, stop_of(row)))))


def raise_watermark(connection: Connection, read_to: float) -> None:
    """Move the receipts watermark forward; it never goes back."""
    connection.execute(
        update(controls).where(controls.c.name == WATERMARK, controls.c.read_to < read_to).values(read_to=read_to)
    )


def _attempts_upsert(database: Database) -> Executable:
    statement = database.insert(attempts)
    return statement.on_conflict_do_update(
        index_elements=["reference"],
        set_={
            "account": statement.excluded.account,
            "provider_uuid": func.coalesce(statement.excluded.provider_uuid, attempts.c.provider_uuid),
        },
    )


def _parked_upsert(database: Database) -> Executable:
    statement = database.insert(receipts_parked)
    replaced = {each.name: statement.excluded[each.name] for each in receipts_parked.columns if not each.primary_key}
    return statement.on_conflict_do_update(index_elements=["parked_id"], set_=replaced)


def _parked_delete(database: Database) -> Executable:
    # Two dispatchers may delete the same rows: both lock them in order.
    here = database.among(receipts_parked.c.parked_id)
    in_order = select(receipts_parked.c.parked_id).where(here).order_by(receipts_parked.c.parked_id).with_for_update()
    return delete(receipts_parked).where(receipts_parked.c.parked_id.in_(in_order))
