"""Open a store by its URL."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared.store.memory import MemoryStore
from shared.store.migrations import require_schema
from shared.store.sql import SqlStore
from shared.store.sql_connect import connect


def open_store(url: str, *, clock: Callable[[], float] = time.time) -> SqlStore:
    """Return the store at `sqlite:///path` or `postgresql://user@host/name`.

    `clock` is the store's time on SQLite; PostgreSQL has its own. Raises ConfigError where the URL is none of ours or
    the schema is missing or older than this program, StoreUnavailable where the database does not answer.
    """
    database = connect(url, clock=clock)
    try:
        require_schema(url, database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)


def open_memory_store(*, clock: Callable[[], float] = time.time) -> MemoryStore:
    """Return an empty store in memory, gone with the process: for tests and the simulation."""
    return MemoryStore(clock=clock)
