"""Messages that must leave, deliveries to callers' addresses, and receipts that wait for their workflow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import ColumnElement, Executable, bindparam, case, delete, func, select, update

from shared.store.records import CallbackAnswer, CallbackRow, OutboxRow, ParkedReceipt
from shared.store.sql_database import Database
from shared.store.sql_rows import outbox_of
from shared.store.sql_rows_around import callback_of, parked_of
from shared.store.tables import callbacks, outbox, receipts_parked


class SqlOutbox:
    """See `OutboxStore`."""

    _database: Database

    def outbox_of_others(self, *, now: float, older_than_s: float, limit: int) -> tuple[OutboxRow, ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(outbox)
                .where(outbox.c.made_at < now - older_than_s)
                .order_by(outbox.c.made_at, outbox.c.row_id)
                .limit(limit)
            )
            return tuple(outbox_of(row) for row in rows)

    def outbox_sent(self, row_ids: Collection[int]) -> None:
        """See the port. Two dispatchers may delete the same rows: both lock them in order."""
        if not row_ids:
            return
        with self._database.writing() as connection:
            connection.execute(self._database.once(_outbox_delete), self._database.listed(row_ids))

    def outbox_count(self) -> int:
        """See the port."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(outbox)).scalar_one()


class SqlCallbacks:
    """See `CallbackStore`."""

    _database: Database

    def take_callbacks(self, *, now: float, lease_s: float, limit: int) -> tuple[CallbackRow, ...]:
        """See the port. What another dispatcher is taking at this moment is skipped, not waited for."""
        due = callbacks.c.next_at <= now
        if self._database.is_sqlite:
            # Most looks find nothing; they need not wait for the write lock.
            with self._database.reading() as connection:
                if connection.execute(select(callbacks.c.callback_id).where(due).limit(1)).first() is None:
                    return ()
        with self._database.writing() as connection:
            chosen = connection.execute(
                select(callbacks)
                .where(due)
                .order_by(callbacks.c.next_at, callbacks.c.made_at, callbacks.c.position)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            if chosen:
                connection.execute(
                    self._database.once(_callbacks_lease),
                    self._database.listed([row.callback_id for row in chosen]) | {"until": now + lease_s},
                )
            taken = [callback_of(row) for row in chosen]
        return tuple(replace(row, next_at=now + lease_s) for row in taken)

    def settle_callback(self, callback_id: str, answer: CallbackAnswer) -> None:
        """See the port."""
        values: dict[str, object] = {
            "attempts": callbacks.c.attempts + 1,
            "last_status": answer.status,
            "last_error": answer.error,
            "next_at": None,
        }
        if answer.delivered:
            values["delivered_at"] = func.coalesce(callbacks.c.delivered_at, answer.at)
        elif answer.next_at is not None:
            values["next_at"] = case((callbacks.c.delivered_at.is_(None), answer.next_at), else_=None)
        with self._database.writing() as connection:
            connection.execute(update(callbacks).where(callbacks.c.callback_id == callback_id).values(values))

    def callbacks_of(self, workflow_id: str) -> tuple[CallbackRow, ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(callbacks)
                .where(callbacks.c.workflow_id == workflow_id)
                .order_by(callbacks.c.made_at, callbacks.c.position, callbacks.c.callback_id)
            )
            return tuple(callback_of(row) for row in rows)

    def callback(self, callback_id: str) -> CallbackRow | None:
        """See the port."""
        with self._database.reading() as connection:
            row = connection.execute(select(callbacks).where(callbacks.c.callback_id == callback_id)).one_or_none()
        return None if row is None else callback_of(row)

    def failed_callbacks(
        self, *, since: float, limit: int, tenant: str | None = None, given_up: bool = True
    ) -> tuple[CallbackRow, ...]:
        """See the port."""
        columns = callbacks.c
        with self._database.reading() as connection:
            rows = connection.execute(
                select(callbacks)
                .where(*_failed(since, tenant, given_up=given_up))
                .order_by(columns.made_at, columns.position, columns.callback_id)
                .limit(limit)
            )
            return tuple(callback_of(row) for row in rows)

    def send_callback_again(self, callback_id: str, *, now: float) -> bool:
        """See the port."""
        with self._database.writing() as connection:
            again = update(callbacks).where(callbacks.c.callback_id == callback_id).values(_made(now))
            return connection.execute(again).rowcount > 0

    def recover_callbacks(self, *, since: float, now: float, tenant: str | None = None) -> int:
        """See the port."""
        with self._database.writing() as connection:
            again = update(callbacks).where(*_failed(since, tenant, given_up=True)).values(_made(now))
            return connection.execute(again).rowcount


class SqlReceipts:
    """See `ReceiptStore`."""

    _database: Database

    def due_parked(self, *, now: float, limit: int) -> tuple[ParkedReceipt, ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(receipts_parked)
                .where(receipts_parked.c.next_at <= now)
                .order_by(receipts_parked.c.next_at, receipts_parked.c.parked_id)
                .limit(limit)
            )
            return tuple(parked_of(row) for row in rows)

    def count_orphans(self) -> int:
        """See the port."""
        with self._database.reading() as connection:
            return connection.execute(
                select(func.count()).select_from(receipts_parked).where(receipts_parked.c.next_at.is_(None))
            ).scalar_one()

    def purge_parked(self, *, now: float, keep_at_most: int = 10_000) -> int:
        """See the port."""
        columns = receipts_parked.c
        newest_first = select(columns.parked_id).order_by(columns.first_at.desc(), columns.parked_id.desc())
        with self._database.writing() as connection:
            old = connection.execute(delete(receipts_parked).where(columns.keep_until < now)).rowcount
            surplus = connection.execute(newest_first.offset(keep_at_most)).scalars().all()
            if surplus:
                here = self._database.among(columns.parked_id)
                connection.execute(delete(receipts_parked).where(here), self._database.listed(surplus))
            return old + len(surplus)


def _outbox_delete(database: Database) -> Executable:
    in_order = select(outbox.c.row_id).where(database.among(outbox.c.row_id)).order_by(outbox.c.row_id)
    return delete(outbox).where(outbox.c.row_id.in_(in_order.with_for_update()))


def _failed(since: float, tenant: str | None, *, given_up: bool) -> tuple[ColumnElement[bool], ...]:
    columns = callbacks.c
    state = (columns.next_at.is_(None),) if given_up else (columns.next_at.is_not(None), columns.attempts > 0)
    whose = () if tenant is None else (columns.tenant == tenant,)
    return (columns.delivered_at.is_(None), columns.made_at >= since, *state, *whose)


def _made(now: float) -> dict[str, object]:
    return {"made_at": now, "next_at": now, "attempts": 0}


def _callbacks_lease(database: Database) -> Executable:
    return update(callbacks).where(database.among(callbacks.c.callback_id)).values(next_at=bindparam("until"))
