"""What a turn reads, and how its timers are found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, insert, select, update

from shared.model import State, What
from shared.store.document import DOCUMENT_SCHEMA, UnreadableDocument, decode_workflow, encode_facts
from shared.store.due_range import DUE_RANGE, from_a_random_place
from shared.store.records import AttemptRow, Stored, Tombstone, Turn
from shared.store.sql_database import Database
from shared.store.sql_rows import AnyRow, attempt_of
from shared.store.sql_rows_around import tombstone_of
from shared.store.tables import attempts, journal, suppressions, tombstones, workflows

STORED = (
    workflows.c.workflow_id,
    workflows.c.version,
    workflows.c.schema_number,
    workflows.c.sequence,
    workflows.c.wake_at,
    workflows.c.quarantined_until,
    workflows.c.document,
)
"""The columns that `stored_of` needs."""


class SqlWork:
    """The reading half of a turn, and its timers."""

    _database: Database

    def now(self) -> float:
        """See the port."""
        with self._database.reading() as connection:
            return self._database.now(connection)

    def load(self, workflow_ids: Collection[str], provider_uuids: Collection[str] = ()) -> Turn:
        """See the port."""
        with self._database.reading() as connection:
            now = self._database.now(connection)
            by_uuid = self._attempts_by_uuid(connection, provider_uuids)
            wanted = set(workflow_ids) | {row.workflow_id for row in by_uuid.values()}
            found: dict[str, Stored] = {}
            newer: set[str] = set()
            unreadable: dict[str, str] = {}
            if wanted:
                for row in self._among(connection, _workflows, wanted):
                    if row.schema_number > DOCUMENT_SCHEMA:
                        newer.add(row.workflow_id)
                        continue
                    try:
                        found[row.workflow_id] = stored_of(row)
                    except UnreadableDocument as error:
                        unreadable[row.workflow_id] = str(error)
            return Turn(
                now=now,
                workflows=found,
                by_provider_uuid=by_uuid,
                attempts=self._attempts_of(connection, found),
                suppressed=self._suppressed(connection, found),
                tombstones=self._tombstones(connection, wanted - found.keys() - newer - unreadable.keys()),
                newer=frozenset(newer),
                unreadable=unreadable,
            )

    def _attempts_by_uuid(self, connection: Connection, uuids: Collection[str]) -> dict[str, AttemptRow]:
        if not uuids:
            return {}
        rows = self._among(connection, _attempts_by_uuid, uuids)
        return {row.provider_uuid: attempt_of(row) for row in rows}

    def _attempts_of(self, connection: Connection, found: Collection[str]) -> dict[str, AttemptRow]:
        if not found:
            return {}
        return {row.reference: attempt_of(row) for row in self._among(connection, _attempts, found)}

    def _suppressed(self, connection: Connection, found: dict[str, Stored]) -> frozenset[tuple[str, str]]:
        asked = {(each.workflow.tenant, step.person) for each in found.values() for step in each.workflow.steps}
        if not asked:
            return frozenset()
        rows = self._among(connection, _suppressions, {person for _, person in asked})
        return frozenset((row.tenant, row.person) for row in rows if (row.tenant, row.person) in asked)

    def _tombstones(self, connection: Connection, missing: set[str]) -> dict[str, Tombstone]:
        if not missing:
            return {}
        return {row.workflow_id: tombstone_of(row) for row in self._among(connection, _tombstones, missing)}

    def _among(
        self, connection: Connection, build: Callable[[Database], Select[Any]], values: Collection[str]
    ) -> Iterable[AnyRow]:
        return connection.execute(self._database.once(build), self._database.listed(values))

    def due(self, *, now: float, read_to: float, limit: int, seed: int) -> tuple[str, ...]:
        """See the port. Two ranges of two covering indexes; an OR over both would read a table."""
        with self._database.reading() as connection:
            candidates: dict[str, None] = {}
            for clock, until in ((workflows.c.wake_at, read_to), (workflows.c.wake_ungated_at, now)):
                rows = connection.execute(
                    select(workflows.c.workflow_id)
                    .where(clock <= until, workflows.c.schema_number <= DOCUMENT_SCHEMA)
                    .order_by(clock, workflows.c.workflow_id)
                    .limit(max(limit, DUE_RANGE))
                )
                candidates.update(dict.fromkeys(rows.scalars()))
        return from_a_random_place(list(candidates), limit=limit, seed=seed)

    def quarantine(self, workflow_id: str, *, until: float, error: str) -> None:
        """See the port. The document is not touched, since it may be what can't be read."""
        with self._database.writing() as connection:
            columns = workflows.c
            row = connection.execute(
                update(workflows)
                .where(columns.workflow_id == workflow_id)
                .values(
                    version=columns.version + 1,
                    sequence=columns.sequence + 1,
                    quarantined_until=until,
                    wake_at=_wakes_at(columns.wake_at, until),
                    wake_ungated_at=_wakes_at(columns.wake_ungated_at, until),
                )
                .returning(columns.sequence, columns.wake_at)
            ).one_or_none()
            if row is not None:
                connection.execute(
                    insert(journal).values(
                        workflow_id=workflow_id,
                        sequence=row.sequence,
                        at=self._database.now(connection),
                        by_whom="cascade",
                        what=What.QUARANTINED.value,
                        next_at=row.wake_at,
                        facts=encode_facts({"error": error}),
                    )
                )


def _wakes_at(clock: ColumnElement[Any], until: float) -> ColumnElement[Any]:
    """Return a clock after the quarantine. Rows that have ended have none, and get none."""
    return case((workflows.c.state == State.READY.value, until), (clock < until, until), else_=clock)


def _workflows(database: Database) -> Select[Any]:
    return select(*STORED).where(database.among(workflows.c.workflow_id)).order_by(workflows.c.workflow_id)


def _attempts_by_uuid(database: Database) -> Select[Any]:
    here = database.among(attempts.c.provider_uuid)
    return select(attempts).where(here).order_by(attempts.c.made_at, attempts.c.reference)


def _attempts(database: Database) -> Select[Any]:
    return select(attempts).where(database.among(attempts.c.workflow_id))


def _suppressions(database: Database) -> Select[Any]:
    here = database.among(suppressions.c.person)
    return select(suppressions.c.tenant, suppressions.c.person).where(here)


def _tombstones(database: Database) -> Select[Any]:
    return select(tombstones).where(database.among(tombstones.c.workflow_id))


def stored_of(row: AnyRow) -> Stored:
    """Return the workflow of a row. Raises UnreadableDocument."""
    workflow = decode_workflow(row.document)
    if workflow.sequence != row.sequence:
        # The quarantine writes journal entries without touching the document.
        workflow = replace(workflow, sequence=row.sequence)
    return Stored(workflow=workflow, version=row.version, wake_at=row.wake_at, quarantined_until=row.quarantined_until)
