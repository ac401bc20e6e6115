"""Errors of the database libraries, told apart: away for now, or this transaction is at fault."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.errors import CommitFailed, StoreUnavailable

# Primary result codes that speak of the file, the disk or other connections, never of the statement.
# https://www.sqlite.org/rescode.html
_SQLITE_AWAY = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOTADB,
    )
)
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, authorization, unknown database, rolled
# back (deadlock), resources, prerequisite state (lock time-out), operator, system; then single codes.
_POSTGRESQL_AWAY = ("08", "28", "3D", "40", "53", "55", "57", "58", "25006", "25P03", "42501")


@contextmanager
def reading_failures() -> Iterator[None]:
    """Raise StoreUnavailable where the database is away. Anything else is a bug and passes as it is."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        if is_away(error):
            raise StoreUnavailable(_sentence(error)) from error
        raise


@contextmanager
def writing_failures() -> Iterator[None]:
    """Raise StoreUnavailable where the database is away, CommitFailed where it refuses what is written."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        if is_away(error):
            raise StoreUnavailable(_sentence(error)) from error
        raise CommitFailed(_sentence(error)) from error


def is_away(error: SQLAlchemyError | sqlite3.Error) -> bool:
    """Tell whether the same transaction may go through later.

    SQLAlchemy wraps the driver's errors; those of SQLite's `BEGIN` come as they are (`sql_connect`).
    """
    if isinstance(error, PoolTimeoutError | PendingRollbackError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        # Extended codes hold the primary one in their lowest byte. Errors of the module itself have none.
        code = getattr(original, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _SQLITE_AWAY
    if isinstance(original, psycopg.Error):
        state = original.sqlstate
        if state is None:
            return isinstance(original, psycopg.OperationalError | psycopg.InterfaceError)
        return state.startswith(_POSTGRESQL_AWAY)
    return False


def _sentence(error: Exception) -> str:
    # The library's own text would repeat the parameters: numbers and texts of people.
    original = error.orig if isinstance(error, DBAPIError) else error
    lines = str(original).strip().splitlines()
    return f"{type(original).__name__}: {lines[0] if lines else 'no details'}"
