"""The PostgreSQL server of a test run, and a database of its own for each test."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from deploy.postgres_node import Postgres, start_postgres
from tests.support.broker import UNPACKED_DIR
from tests.support.session import session_dir


def session_postgres() -> Postgres:
    """Start the run's server, or return the one that another worker started."""
    return start_postgres(session_dir(), unpacked_dir=UNPACKED_DIR)


@contextmanager
def fresh_database(server: Postgres) -> Iterator[str]:
    """Yield SQLAlchemy's URL of an empty database, dropped afterwards with whoever is still connected."""
    name = sql.Identifier(word := f"test_{secrets.token_hex(6)}")
    _run(server, sql.SQL("CREATE DATABASE {}").format(name))
    try:
        yield server.database_url(word)
    finally:
        if server.process.alive():
            _run(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _run(server: Postgres, statement: sql.Composed) -> None:
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)
