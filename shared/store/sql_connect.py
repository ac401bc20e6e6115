"""How a database is reached: the URL, the pool, and what each connection is told when it is opened."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from shared.errors import ConfigError
from shared.store.sql_database import Database

BUSY_TIMEOUT_S = 30.0
_BETWEEN_TRIES_S = (0.0005, 0.003)
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
        # One connection a thread that works at the same moment.
        engine = create_engine(
            parsed, pool_size=8, max_overflow=56, pool_timeout=busy_timeout_s, connect_args={"timeout": busy_timeout_s}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _Begin(busy_timeout_s))
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


class _Begin:
    """Begins transactions, and waits for the write lock with a chance as good as anybody's.

    SQLite's own waiting sleeps longer and longer, up to a tenth of a second: a process that came second stays second
    for as long as the first is busy. Of two dispatchers under load one then does most of the work.
    """

    def __init__(self, busy_timeout_s: float) -> None:
        self._busy_timeout_s = busy_timeout_s

    def __call__(self, connection: Connection) -> None:
        # Straight to the driver: SQLAlchemy's way costs as much as a small statement, and each transaction begins.
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError("the connection is not sqlite3's")
        statement = connection.get_execution_options().get("cascade_begin", "BEGIN")
        if statement == "BEGIN":
            driver.execute(statement).close()
            return
        driver.execute("PRAGMA busy_timeout=0").close()
        try:
            self._take_the_lock(driver, statement)
        finally:
            driver.execute(f"PRAGMA busy_timeout={int(self._busy_timeout_s * 1000)}").close()

    def _take_the_lock(self, driver: sqlite3.Connection, statement: str) -> None:
        ends = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                driver.execute(statement).close()
                return
            except sqlite3.OperationalError as error:
                # The lowest byte: there is also "busy, for somebody puts a journal in order" (SQLITE_BUSY_RECOVERY).
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= ends:
                    raise
            time.sleep(random.uniform(*_BETWEEN_TRIES_S))
