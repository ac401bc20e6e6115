"""How a database is reached: the URL, the pool, and what each connection is told when it is opened."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from shared.errors import ConfigError
from shared.store.sql_database import Database

BUSY_TIMEOUT_S = 30.0
_SERVER_LIMITS = (
    # A statement or a lock that takes this long is an outage; a transaction that idles is a stopped process.
    "-c statement_timeout=15000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
)


def connect(url: str, *, clock: Callable[[], float] = time.time, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Return a database by its URL; nothing is opened yet. Raises ConfigError where the URL is none of ours.

    `busy_timeout_s` is how long a transaction on SQLite waits for another's write lock.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        # One connection a thread that works at the same moment; waiting for the lock is SQLite's affair.
        engine = create_engine(
            parsed, pool_size=8, max_overflow=56, pool_timeout=busy_timeout_s, connect_args={"timeout": busy_timeout_s}
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
    # Straight to the driver: SQLAlchemy's way costs as much as a small statement, and each transaction begins.
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("the connection is not sqlite3's")
    driver.execute(connection.get_execution_options().get("cascade_begin", "BEGIN")).close()
