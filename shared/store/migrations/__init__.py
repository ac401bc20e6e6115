"""The schema of a database, step by step: bring it up to date, and tell where it stands.

Revisions are numbers with leading zeros, so that older and newer can be told apart. A step may only add, so that the
programs of the revision before go on working on PostgreSQL while it runs; SQLite is stopped for it.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from shared.errors import ConfigError
from shared.store.sql_connect import connect, parse_url
from shared.store.sql_database import Database

_MIGRATION_LOCK = 0x_CA5C_ADE0_0000


def head() -> str:
    """Return the revision this program was written for."""
    revision = ScriptDirectory(str(Path(__file__).parent)).get_current_head()
    if revision is None:
        raise ConfigError("the folder of migrations is empty: the installation is not whole")
    return revision


def current(url: str) -> str | None:
    """Return the revision of a database; None where it has no schema yet. Raises StoreUnavailable, ConfigError."""
    if _has_no_file(url):
        return None
    database = connect(url)
    try:
        return revision_of(database)
    finally:
        database.close()


def upgrade(url: str) -> str:
    """Bring a database up to date, making SQLite's file where there is none; return the revision.

    Safe to run from several processes at once, and on a database that is up to date or newer.
    Raises StoreUnavailable, ConfigError.
    """
    _make_file(url)
    database = connect(url)
    try:
        with database.writing() as connection:
            if not database.is_sqlite:
                # An index on a large table may take longer than any statement of the services.
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            there = MigrationContext.configure(connection).get_current_revision()
            if there is None or there < head():
                config = Config()
                config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        return revision_of(database) or head()
    finally:
        database.close()


def revision_of(database: Database) -> str | None:
    """Return the revision of an open database; None where it has no schema yet."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_schema(url: str, database: Database) -> None:
    """Raise ConfigError, with the command that mends it, where the schema is missing or older than this program."""
    there = None if _has_no_file(url) else revision_of(database)
    if there is None:
        raise ConfigError("the store has no schema yet; make it with: cascade db upgrade")
    if there < head():
        raise ConfigError(f"the store's schema is {there}, this program needs {head()}; run: cascade db upgrade")


def _has_no_file(url: str) -> bool:
    # Opening would make an empty one.
    parsed = parse_url(url)
    return parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists()


def _make_file(url: str) -> None:
    if _has_no_file(url):
        path = Path(parse_url(url).database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        # It holds texts, numbers and keys: for its owner only. The log beside it takes over these rights.
        path.touch(mode=0o600)
