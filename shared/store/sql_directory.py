"""The directory: who may call, and whom we call."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Table, select

from shared.errors import NotStored
from shared.store.directory import (
    Account,
    ApiKey,
    Application,
    Directory,
    DirectoryChange,
    Publisher,
    Route,
    Tenant,
    names_in,
)
from shared.store.sql_database import Database
from shared.store.tables_directory import accounts, applications, keys, publishers, routes, settings, tenants

DEPLOYMENT_SECRET = "deployment_secret"  # noqa: S105 - its name, not its value

_TABLES: dict[type[Any], Table] = {
    Account: accounts,
    Route: routes,
    Tenant: tenants,
    Application: applications,
    ApiKey: keys,
    Publisher: publishers,
}
_LISTS = ("signature_secrets", "secret_hashes")
_Record = TypeVar("_Record", Account, Route, Tenant, Application, ApiKey, Publisher)


class SqlDirectory:
    """See `DirectoryStore`."""

    _database: Database

    def directory(self) -> Directory:
        """See the port."""
        with self._database.reading() as connection:
            secret = select(settings.c.value).where(settings.c.name == DEPLOYMENT_SECRET)
            return Directory(
                now=self._database.now(connection),
                deployment_secret=connection.execute(secret).scalar_one(),
                accounts={record.name: record for record in _all(connection, Account)},
                routes=tuple(_all(connection, Route)),
                tenants={record.name: record for record in _all(connection, Tenant)},
                applications={record.application_id: record for record in _all(connection, Application)},
                keys={record.api_key: record for record in _all(connection, ApiKey)},
                publishers={record.user: record for record in _all(connection, Publisher)},
            )

    def change_directory(self, change: DirectoryChange) -> None:
        """See the port."""
        table = _TABLES[type(change)]
        values = {field.name: _to_column(field.name, getattr(change, field.name)) for field in fields(change)}
        if isinstance(change, Route):
            values = {name: value or "" for name, value in values.items()}
        with self._database.writing() as connection:
            for named, where in names_in(change):
                there = _TABLES[where].primary_key.columns[0] == named
                if connection.execute(select(_TABLES[where]).where(there)).first() is None:
                    raise NotStored(f"there is no {where.__name__.lower()} {named!r}")
            replaced = {name: value for name, value in values.items() if name != "made_at"}
            if isinstance(change, ApiKey):
                values["made_at"] = change.made_at or self._database.now(connection)
            connection.execute(
                self._database.insert(table)
                .values(values)
                .on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=replaced)
            )


def _all(connection: Connection, kind: type[_Record]) -> list[_Record]:
    table = _TABLES[kind]
    rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
    return [kind(**{name: _from_column(name, value, kind) for name, value in row.items()}) for row in rows]


def _to_column(name: str, value: object) -> object:
    return msgspec.json.encode(value).decode() if name in _LISTS else value


def _from_column(name: str, value: Any, kind: type[Any]) -> Any:
    if name in _LISTS:
        return tuple(msgspec.json.decode(value, type=list[str]))
    if kind is Route and not value:
        return None
    return value
