"""Searches, and the keys of repeated requests, on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, exists, select, tuple_, update

from shared.store.document import DOCUMENT_SCHEMA, UnreadableDocument
from shared.store.port import KEPT_S, RETAKEN_AFTER_S
from shared.store.records import InboundRow, Stored
from shared.store.records_requests import KeyedRequest, KeyState, SearchPage, SearchQuery, TakenKey
from shared.store.sql_database import Database
from shared.store.sql_load import STORED, stored_of
from shared.store.sql_rows import searchable
from shared.store.sql_rows_around import inbound_of
from shared.store.tables import inbound, workflows
from shared.store.tables_requests import idempotency, search_words


class SqlSearch:
    """See `QueryStore`."""

    _database: Database

    def find_inbound(self, provider_uuid: str) -> tuple[InboundRow, ...]:
        """See the port."""
        statement = select(inbound).where(inbound.c.provider_uuid == provider_uuid).order_by(inbound.c.account)
        with self._database.reading() as connection:
            return tuple(inbound_of(row) for row in connection.execute(statement))

    def search(self, query: SearchQuery) -> SearchPage:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(_searched(query)).all()
        rest = rows[query.limit :]
        return SearchPage(
            workflows=tuple(stored for row in rows[: query.limit] if (stored := _readable(row)) is not None),
            next=(rest[0].accepted_at, rest[0].workflow_id) if rest else None,
        )


class SqlKeys:
    """See `KeyStore`."""

    _database: Database

    def take_key(self, request: KeyedRequest) -> TakenKey:
        """See the port."""
        with self._database.writing() as connection:
            now = self._database.now(connection)
            connection.execute(delete(idempotency).where(_here(request), idempotency.c.made_at <= now - KEPT_S))
            new = {
                "tenant": request.tenant,
                "key": request.key,
                "fingerprint": request.fingerprint,
                "workflow_id": request.workflow_id,
                "made_at": now,
                "taken_at": now,
            }
            # Of two at once the second waits here for the end of the first.
            if self._database.add_new_words(connection, idempotency.c.key, [new]):
                return TakenKey(state=KeyState.TAKEN, workflow_id=request.workflow_id)
            row = connection.execute(select(idempotency).where(_here(request)).with_for_update()).one_or_none()
            if row is None:  # purged at this very moment: the next try finds the place free
                return TakenKey(state=KeyState.BUSY, workflow_id=request.workflow_id)
            return _taken(connection, request, row, now)

    def answer_key(self, *, tenant: str, key: str, workflow_id: str, answer: bytes) -> None:
        """See the port."""
        self._change(tenant, key, workflow_id, answer=answer)

    def give_back_key(self, *, tenant: str, key: str, workflow_id: str) -> None:
        """See the port."""
        self._change(tenant, key, workflow_id, taken_at=0.0)

    def purge_keys(self) -> int:
        """See the port."""
        with self._database.writing() as connection:
            old = self._database.now(connection) - KEPT_S
            return connection.execute(delete(idempotency).where(idempotency.c.made_at <= old)).rowcount

    def _change(self, tenant: str, key: str, workflow_id: str, **values: object) -> None:
        columns = idempotency.c
        here = (columns.tenant == tenant, columns.key == key, columns.workflow_id == workflow_id)
        with self._database.writing() as connection:
            connection.execute(update(idempotency).where(*here).values(values))


def _taken(connection: Connection, request: KeyedRequest, row: Row[Any], now: float) -> TakenKey:
    if row.fingerprint != request.fingerprint:
        return TakenKey(state=KeyState.OTHER, workflow_id=row.workflow_id)
    if row.answer is not None:
        return TakenKey(state=KeyState.ANSWERED, workflow_id=row.workflow_id, answer=row.answer)
    if row.taken_at > now - RETAKEN_AFTER_S:
        return TakenKey(state=KeyState.BUSY, workflow_id=row.workflow_id)
    connection.execute(update(idempotency).where(_here(request)).values(taken_at=now))
    return TakenKey(state=KeyState.TAKEN, workflow_id=row.workflow_id)


def _here(request: KeyedRequest) -> ColumnElement[bool]:
    return (idempotency.c.tenant == request.tenant) & (idempotency.c.key == request.key)


def _readable(row: Row[Any]) -> Stored | None:
    if row.schema_number > DOCUMENT_SCHEMA:
        return None
    try:
        return stored_of(row)
    except UnreadableDocument:
        return None


def _searched(query: SearchQuery) -> Select[Any]:
    """Return the statement: along the words of a reference or a number, else along the tenant's rows by time."""
    words = (("client_ref", query.client_ref), ("to", query.recipient))
    asked = [(kind, word) for kind, word in words if word is not None]
    columns = workflows.c
    statement = select(*STORED, columns.accepted_at)
    along: Any = columns
    if asked:
        along = search_words.c
        statement = statement.join(search_words, along.workflow_id == columns.workflow_id)
        statement = statement.where(along.kind == asked[0][0], along.word == searchable(asked[0][1]))
    for kind, word in asked[1:]:
        other = search_words.alias()
        same = (other.c.tenant == along.tenant, other.c.accepted_at == along.accepted_at)
        ids = (other.c.workflow_id == along.workflow_id, other.c.kind == kind, other.c.word == searchable(word))
        statement = statement.where(exists().where(*same, *ids))
    statement = statement.where(along.tenant == query.tenant)
    if query.upto is not None:
        statement = statement.where(tuple_(along.accepted_at, along.workflow_id) <= tuple_(*query.upto))
    if query.from_time is not None:
        statement = statement.where(along.accepted_at >= query.from_time)
    if query.to_time is not None:
        statement = statement.where(along.accepted_at < query.to_time)
    if query.state is not None:
        statement = statement.where(columns.state == query.state)
    if query.outcome is not None:
        statement = statement.where(columns.outcome == query.outcome)
    return statement.order_by(along.accepted_at.desc(), along.workflow_id.desc()).limit(query.limit + 1)
