"""The migrations make the tables that the code has in mind, and a store is opened only on a schema that fits."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

import shared.store.migrations
import shared.store.tables_directory
import shared.store.tables_requests
from shared.errors import ConfigError
from shared.store.migrations import current, head, upgrade
from shared.store.opening import open_store
from shared.store.records import Batch
from shared.store.sql_connect import connect
from shared.store.sql_database import Database
from shared.store.tables import metadata

MIGRATIONS = str(Path(shared.store.migrations.__file__).parent)


@pytest.fixture
def database(database_url: str) -> Database:
    upgrade(database_url)
    return connect(database_url)


def test_the_migrations_make_the_tables_that_the_code_names(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
        inspector = inspect(connection)
        indexes = {
            (table, index["name"], tuple(index["column_names"]), bool(index.get("dialect_options")))
            for table in metadata.tables
            for index in inspector.get_indexes(table)
        }
    database.close()

    partial = {True: "sqlite", False: "postgresql"}[database.is_sqlite]
    expected = {
        (table.name, index.name, tuple(index.columns.keys()), index.dialect_options[partial]["where"] is not None)
        for table in metadata.tables.values()
        for index in table.indexes
    }
    assert [] == differences
    assert expected == {(table, name, columns, part and has_where(name)) for table, name, columns, part in indexes}


def has_where(name: str | None) -> bool:
    """Tell whether the index is one of those with a condition; PostgreSQL reports other options beside it."""
    index = next(each for table in metadata.tables.values() for each in table.indexes if each.name == name)
    return index.dialect_options["postgresql"]["where"] is not None


def test_a_database_goes_from_nothing_to_the_head_and_stays_there(database_url: str) -> None:
    assert current(database_url) is None
    assert head() == upgrade(database_url) == current(database_url)

    secret = open_and_read_secret(database_url)
    assert head() == upgrade(database_url)
    assert secret == open_and_read_secret(database_url)


def open_and_read_secret(url: str) -> bytes:
    store = open_store(url)
    secret = store.directory().deployment_secret
    store.close()
    return secret


def test_two_deployments_have_two_secrets(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in "ab"]
    for url in urls:
        upgrade(url)

    first, second = (open_and_read_secret(url) for url in urls)
    assert first != second


def test_several_processes_may_upgrade_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert [head()] * 3 == list(pool.map(upgrade, [database_url] * 3))

    assert 32 == len(open_and_read_secret(database_url))


def test_looking_at_a_database_that_is_not_there_does_not_make_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/folder/store.db"

    assert current(url) is None
    with pytest.raises(ConfigError, match="cascade db upgrade"):
        open_store(url)
    assert [] == list(tmp_path.iterdir())


def test_an_upgrade_makes_the_folder_and_a_file_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "deep" / "store.db"

    upgrade(f"sqlite:///{path}")

    assert 0o600 == path.stat().st_mode & 0o777


@pytest.mark.parametrize(("revision", "said"), [(None, "no schema"), ("0000", "0000")], ids=["none", "an older one"])
def test_a_store_without_a_fitting_schema_says_what_mends_it(
    database_url: str, revision: str | None, said: str
) -> None:
    if revision is not None:
        upgrade(database_url)
        stamp(database_url, revision)

    with pytest.raises(ConfigError, match=f"{said}.*cascade db upgrade"):
        open_store(database_url)


def test_a_newer_schema_is_no_obstacle_and_is_not_taken_back(database_url: str) -> None:
    upgrade(database_url)
    stamp(database_url, "9999")

    assert 32 == len(open_and_read_secret(database_url))
    assert "9999" == upgrade(database_url)


def test_inbound_messages_of_an_older_schema_stay_when_their_key_grows(database_url: str) -> None:
    database = connect(database_url)
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text(
                "INSERT INTO inbound (provider_uuid, tenant, account, channel, sender, recipient, raw, received_at)"
                " VALUES ('in-1', 'acme', 'default', 'sms', '447700900000', 'Shop', :raw, 1.5)"
            ),
            {"raw": b"{}"},
        )
    database.close()
    upgrade(database_url)

    store = open_store(database_url)
    (kept,) = store.find_inbound("in-1")
    store.commit(Batch(inbound=(kept, replace(kept, account="another"))))
    found = store.find_inbound("in-1")
    store.close()

    assert ("acme", "default", b"{}", 1.5) == (kept.tenant, kept.account, kept.raw, kept.received_at)
    assert (replace(kept, account="another"), kept) == found


def stamp(url: str, revision: str) -> None:
    database = connect(url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    database.close()
