"""Reading back: what the ingress shows, and what the reconciler, the fleet and the doctor look at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import ColumnElement, and_, delete, func, not_, select, true

from shared.channels import QUEUED_CHANNELS
from shared.errors import StoreUnavailable
from shared.model import Entry, State, Stop
from shared.store.document import UnreadableDocument
from shared.store.port import FORGOTTEN_AFTER_S
from shared.store.records import AttemptRow, Backlog, DispatcherRow, Snapshot, Stored
from shared.store.sql_database import Database
from shared.store.sql_load import STORED, stored_of
from shared.store.sql_rows import attempt_of, entry_of
from shared.store.tables import attempts, journal, outbox, tombstones, workflows
from shared.store.tables_directory import dispatchers


class SqlQuery:
    """See `QueryStore`."""

    _database: Database

    def find(self, workflow_id: str) -> Stored | None:
        """See the port."""
        with self._database.reading() as connection:
            row = connection.execute(select(*STORED).where(workflows.c.workflow_id == workflow_id)).one_or_none()
        if row is None:
            return None
        try:
            return stored_of(row)
        except UnreadableDocument as error:
            raise StoreUnavailable(
                f"workflow {workflow_id} was written with schema {row.schema_number} and can't be read: {error}"
            ) from error

    def timeline(self, workflow_id: str) -> tuple[Entry, ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(journal).where(journal.c.workflow_id == workflow_id).order_by(journal.c.sequence)
            )
            return tuple(entry_of(row) for row in rows)

    def attempts_of(self, workflow_id: str) -> tuple[AttemptRow, ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(attempts)
                .where(attempts.c.workflow_id == workflow_id)
                .order_by(attempts.c.step, attempts.c.attempt)
            )
            return tuple(attempt_of(row) for row in rows)

    def has_tombstone(self, workflow_id: str) -> bool:
        """See the port."""
        with self._database.reading() as connection:
            there = select(tombstones.c.workflow_id).where(tombstones.c.workflow_id == workflow_id)
            return connection.execute(there).first() is not None


class SqlUpkeep:
    """See `UpkeepStore`."""

    _database: Database

    def ready_since(
        self, *, channel: str, before: float, limit: int, but_under: Collection[Stop] = ()
    ) -> tuple[str, ...]:
        """See the port."""
        columns = workflows.c
        with self._database.reading() as connection:
            now = self._database.now(connection)
            rows = connection.execute(
                select(columns.workflow_id)
                .where(
                    columns.channel == channel,
                    columns.ready_since < before,
                    func.coalesce(columns.quarantined_until, 0.0) <= now,
                    *(not_(_covered(stop)) for stop in but_under if stop.channel in (None, channel)),
                )
                .order_by(columns.ready_since, columns.workflow_id)
                .limit(limit)
            )
            return tuple(rows.scalars())

    def in_state(self, states: Collection[str], *, stop: Stop, limit: int, after: str = "") -> tuple[str, ...]:
        """See the port. One range of the index by state and channel at a time: each is in id order already."""
        columns = workflows.c
        found: list[str] = []
        with self._database.reading() as connection:
            for state in states:
                for channel in QUEUED_CHANNELS if stop.channel is None else (stop.channel,):
                    asked = select(columns.workflow_id).where(
                        columns.state == state, columns.channel == channel, columns.workflow_id > after, _covered(stop)
                    )
                    found += connection.execute(asked.order_by(columns.workflow_id).limit(limit)).scalars()
        return tuple(sorted(found)[:limit])

    def backlog(self) -> Backlog:
        """See the port."""
        columns = workflows.c
        with self._database.reading() as connection:
            now = self._database.now(connection)
            count, oldest = connection.execute(select(func.count(), func.min(outbox.c.made_at))).one()
            earliest = connection.execute(select(func.min(columns.wake_at))).scalar()
            over = (columns.state == State.SENDING.value, columns.wake_ungated_at < now)
            return Backlog(
                now=now,
                outbox_count=count,
                outbox_oldest_s=0.0 if oldest is None else max(0.0, now - oldest),
                overdue_s=0.0 if earliest is None else max(0.0, now - earliest),
                leases_over=connection.execute(select(func.count()).where(*over)).scalar_one(),
                quarantined=connection.execute(
                    select(func.count()).where(columns.quarantined_until > now)
                ).scalar_one(),
            )

    def heartbeat(self, row: DispatcherRow) -> None:
        """See the port."""
        values = asdict(row)
        with self._database.writing() as connection:
            connection.execute(
                self._database.insert(dispatchers)
                .values(values)
                .on_conflict_do_update(index_elements=["name"], set_=values)
            )
            connection.execute(delete(dispatchers).where(dispatchers.c.seen_at < row.seen_at - FORGOTTEN_AFTER_S))

    def dispatchers(self) -> tuple[DispatcherRow, ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(select(dispatchers).order_by(dispatchers.c.name))
            return tuple(DispatcherRow(**row._mapping) for row in rows)  # noqa: SLF001 - its public name

    def snapshot(self) -> Snapshot:
        """See the port."""
        with self._database.reading() as connection:
            now = self._database.now(connection)
            by_state = connection.execute(select(workflows.c.state, func.count()).group_by(workflows.c.state)).all()
            by_outcome = connection.execute(
                select(workflows.c.outcome, func.count())
                .where(workflows.c.outcome.is_not(None))
                .group_by(workflows.c.outcome)
            ).all()
        return Snapshot(
            now=now,
            by_state={state: count for state, count in by_state},  # noqa: C416 - rows are not pairs to mypy
            by_outcome={outcome: count for outcome, count in by_outcome},  # noqa: C416
        )


def _covered(stop: Stop) -> ColumnElement[bool]:
    """Return the condition that a stop of the row's channel covers its account and sender."""
    asked = [] if stop.account is None else [workflows.c.account == stop.account]
    if stop.sender is not None:
        asked.append(workflows.c.sender == stop.sender)
    return and_(true(), *asked)
