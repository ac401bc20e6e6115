"""The store on SQLite and PostgreSQL: one class by concern, composed here."""

from __future__ import annotations

from shared.store.sql_commit import SqlCommit
from shared.store.sql_controls import SqlControls
from shared.store.sql_database import Database
from shared.store.sql_directory import SqlDirectory
from shared.store.sql_load import SqlWork
from shared.store.sql_outbox import SqlCallbacks, SqlOutbox, SqlReceipts
from shared.store.sql_query import SqlQuery, SqlUpkeep
from shared.store.sql_requests import SqlKeys, SqlSearch


class SqlStore(
    SqlWork,
    SqlCommit,
    SqlOutbox,
    SqlCallbacks,
    SqlReceipts,
    SqlControls,
    SqlDirectory,
    SqlQuery,
    SqlSearch,
    SqlKeys,
    SqlUpkeep,
):
    """A `Store` on a database. Threads may share it; processes open their own after a fork."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """See the port."""
        self._database.close()
