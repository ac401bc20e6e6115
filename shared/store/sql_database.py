"""One database behind a store: transactions, its clock, and where the two dialects differ.

SQLite: write-ahead log, `synchronous=FULL` (a commit survives a power cut), every write transaction takes the write
lock at once (`BEGIN IMMEDIATE`), so it waits at its beginning and is never told in its middle that it lost the lock.
PostgreSQL: READ COMMITTED for writes (rows are locked in id order first), one REPEATABLE READ snapshot for reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    any_,
    bindparam,
    column,
    func,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from shared.store.sql_failures import reading_failures, writing_failures

Built = TypeVar("Built")
Rows = list[dict[str, object]]

_CLOCK = text("SELECT extract(epoch FROM clock_timestamp())::float8")
_COUNTERS = table("sqlite_sequence", column("name"), column("seq"))
_LAST_OUTBOX_ID = select(_COUNTERS.c.seq).where(_COUNTERS.c.name == "outbox")
_NEXT_OUTBOX_IDS = text("SELECT nextval(pg_get_serial_sequence('outbox', 'row_id')) FROM generate_series(1, :count)")
_STARTS_AND_CANCELS = 0x_CA5C_ADE0_0001


class Database:
    """Transactions on one database. Threads may share it; each transaction has a connection of its own."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float]) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._clock = clock
        self._built: dict[object, Any] = {}
        self._reads: Engine = engine
        self._writes: Engine = engine
        if self.is_sqlite:
            self._writes = engine.execution_options(cascade_begin="BEGIN IMMEDIATE")
        else:
            self._reads = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read several times at one moment. Raises StoreUnavailable."""
        with reading_failures(), self._reads.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Commit at the end, or roll back where anything is raised. Raises StoreUnavailable and CommitFailed."""
        with writing_failures(), self._writes.begin() as connection:
            yield connection

    def now(self, connection: Connection) -> float:
        """Return the store's time.

        SQLite lives on one host, so the host's clock is the store's. PostgreSQL is asked for `clock_timestamp()`: its
        `now()` stands still from the beginning of the transaction, through all waiting for locks.
        """
        if self.is_sqlite:
            return self._clock()
        return float(connection.execute(_CLOCK).scalar_one())

    def once(self, build: Callable[[Database], Built]) -> Built:
        """Return `build(self)`, called the first time only: building a statement costs more than running it."""
        return self._once(build, lambda: build(self))

    def _once(self, key: object, build: Callable[[], Built]) -> Built:
        if key not in self._built:
            self._built[key] = build()
        built: Built = self._built[key]
        return built

    def among(self, sought: Column[Any]) -> ColumnElement[bool]:
        """Return `sought IN` the values that `listed` hands over.

        They are one parameter, so the statement's text is the same whatever their number, and there is no limit.
        """
        numbers = isinstance(sought.type, BigInteger)
        if self.is_sqlite:
            each = func.json_each(bindparam("listed", type_=Text)).table_valued("value")
            return sought.in_(select(each.c.value))
        return sought == any_(bindparam("listed", type_=ARRAY(BigInteger if numbers else Text)))

    def listed(self, values: Collection[str] | Collection[int]) -> dict[str, object]:
        """Return the parameter of a statement with `among`."""
        return {"listed": msgspec.json.encode(list(values)).decode() if self.is_sqlite else list(values)}

    def insert(self, into: Table) -> sqlite.Insert | postgresql.Insert:
        """Return the dialect's INSERT, which knows ON CONFLICT."""
        return sqlite.insert(into) if self.is_sqlite else postgresql.insert(into)

    def add(self, connection: Connection, into: Table, rows: Rows) -> None:
        """Insert rows; one that is there already is an error."""
        if rows:
            connection.execute(self._once(("add", into.name), lambda: insert(into)), rows)

    def add_new(self, connection: Connection, into: Table, rows: Rows) -> None:
        """Insert rows; those that are there already stay as they are."""
        if rows:
            statement = self._once(("new", into.name), lambda: self.insert(into).on_conflict_do_nothing())
            connection.execute(statement, rows)

    def add_new_words(self, connection: Connection, key: Column[str], rows: Rows) -> set[str]:
        """Do the same and return the keys that were new."""
        if not rows:
            return set()
        statement = self._once(
            ("new words", key.table.name), lambda: self.insert(key.table).on_conflict_do_nothing().returning(key)
        )
        return set(connection.execute(statement, rows).scalars())

    def next_outbox_ids(self, connection: Connection, count: int) -> list[int]:
        """Reserve `count` ascending row ids, never given before. In a write transaction."""
        if self.is_sqlite:
            # Only the holder of the write lock gets here; the inserts that follow move the counter.
            last = connection.execute(_LAST_OUTBOX_ID).scalar() or 0
            return list(range(last + 1, last + count + 1))
        return sorted(connection.execute(_NEXT_OUTBOX_IDS, {"count": count}).scalars())

    def hold_starts_and_cancels_apart(self, connection: Connection, *, cancels: bool) -> None:
        """Let no start commit while a cancel looks for its row, and the other way round; until the commit.

        SQLite's write lock does it already. On PostgreSQL starts share a lock that a cancel before its start (rare)
        takes alone: neither could see the other's uncommitted row.
        """
        if not self.is_sqlite:
            lock = func.pg_advisory_xact_lock if cancels else func.pg_advisory_xact_lock_shared
            connection.execute(select(lock(_STARTS_AND_CANCELS)))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
