"""One database behind a store: connections, transactions, its clock, and where the two dialects differ.

SQLite: write-ahead log, `synchronous=FULL` (a commit survives a power cut), every write transaction takes the write
lock at once (`BEGIN IMMEDIATE`), so it waits at its beginning and is never told in its middle that it lost the lock.
PostgreSQL: READ COMMITTED for writes (rows are locked in id order first), one REPEATABLE READ snapshot for reads.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    Text,
    any_,
    create_engine,
    event,
    func,
    insert,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from shared.errors import ConfigError
from shared.store.sql_failures import reading_failures, writing_failures

BUSY_TIMEOUT_S = 30.0
_SERVER_LIMITS = (
    # A statement or a lock that takes this long is an outage; a transaction that idles is a stopped process.
    "-c statement_timeout=15000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
)
_CLOCK = text("SELECT extract(epoch FROM clock_timestamp())::float8")
_STARTS_AND_CANCELS = 0x_CA5C_ADE0_0001


class Database:
    """Transactions on one database. Threads may share it; each transaction has a connection of its own."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float]) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._clock = clock
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

    def words_among(self, column: Column[str], values: Collection[str]) -> ColumnElement[bool]:
        """Return `column IN values` as one parameter: one statement text whatever their number, and no limit."""
        if self.is_sqlite:
            return column.in_(_json_values(list(values)))
        return column == any_(literal(list(values), ARRAY(Text)))

    def numbers_among(self, column: Column[int], values: Collection[int]) -> ColumnElement[bool]:
        """Return the same for numbers."""
        if self.is_sqlite:
            return column.in_(_json_values(list(values)))
        return column == any_(literal(list(values), ARRAY(BigInteger)))

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return the dialect's INSERT, which knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def add(self, connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
        """Insert rows; one that is there already is an error."""
        if rows:
            connection.execute(insert(table), rows)

    def add_new(self, connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
        """Insert rows; those that are there already stay as they are."""
        if rows:
            connection.execute(self.insert(table).on_conflict_do_nothing(), rows)

    def add_new_words(self, connection: Connection, key: Column[str], rows: list[dict[str, object]]) -> set[str]:
        """Do the same and return the keys that were new."""
        if not rows:
            return set()
        statement = self.insert(key.table).on_conflict_do_nothing().returning(key)
        return set(connection.execute(statement, rows).scalars())

    def next_outbox_ids(self, connection: Connection, count: int) -> list[int]:
        """Reserve `count` ascending row ids, never given before. In a write transaction."""
        if self.is_sqlite:
            # Only the holder of the write lock gets here; the inserts that follow move the counter.
            last = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")).scalar()
            return [(last or 0) + number for number in range(1, count + 1)]
        drawn = connection.execute(
            text("SELECT nextval(pg_get_serial_sequence('outbox', 'row_id')) FROM generate_series(1, :count)"),
            {"count": count},
        )
        return sorted(drawn.scalars())

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


def connect(url: str, *, clock: Callable[[], float] = time.time) -> Database:
    """Return a database by its URL; nothing is opened yet. Raises ConfigError where the URL is none of ours."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        # One connection a thread that works at the same moment; waiting for the lock is SQLite's affair.
        engine = create_engine(
            parsed, pool_size=8, max_overflow=56, pool_timeout=BUSY_TIMEOUT_S, connect_args={"timeout": BUSY_TIMEOUT_S}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(
            parsed,
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=8,
            pool_timeout=10.0,
            connect_args={"connect_timeout": 5, "options": _SERVER_LIMITS, "application_name": "cascade"},
        )
    return Database(engine, clock=clock)


def parse_url(url: str) -> URL:
    """Return the parts of `sqlite:///path` or `postgresql+psycopg://...`. Raises ConfigError."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError("CASCADE_STORE_URL is not a URL: sqlite:///path or postgresql://user@host/name") from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg") or not parsed.database:
        raise ConfigError(
            f"CASCADE_STORE_URL names {parsed.drivername!r} and database {parsed.database!r}:"
            " it must be sqlite:///path or postgresql://user@host/name"
        )
    return parsed


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        raise TypeError("the connection is not sqlite3's")
    # Transactions are begun by us: the module's own way begins them late, and not at all before some statements.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-16000", "journal_size_limit=67108864"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("cascade_begin", "BEGIN"))


def _json_values(values: list[str] | list[int]) -> Select[tuple[Any]]:
    each = func.json_each(literal(msgspec.json.encode(values).decode(), Text)).table_valued("value")
    return select(each.c.value)
