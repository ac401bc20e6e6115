"""Stops, probes and the receipts watermark."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from shared.model import Stop
from shared.store.records import Controls
from shared.store.sql_database import Database
from shared.store.sql_follow import WATERMARK, write_stops
from shared.store.sql_rows_around import stop_name, stop_of
from shared.store.tables_directory import controls


class SqlControls:
    """See `ControlStore`."""

    _database: Database

    def controls(self) -> Controls:
        """See the port."""
        with self._database.reading() as connection:
            now = self._database.now(connection)
            rows = connection.execute(select(controls).order_by(controls.c.name)).all()
        return Controls(
            now=now,
            stops=tuple(stop_of(row) for row in rows if row.name != WATERMARK),
            read_to=next((row.read_to for row in rows if row.name == WATERMARK), 0.0),
        )

    def put_stop(self, stop: Stop) -> None:
        """See the port."""
        with self._database.writing() as connection:
            write_stops(self._database, connection, [stop])

    def lift_stop(self, key: str) -> Stop | None:
        """See the port."""
        with self._database.writing() as connection:
            row = connection.execute(
                delete(controls).where(controls.c.name == stop_name(key)).returning(*controls.columns)
            ).one_or_none()
            return None if row is None else stop_of(row)

    def take_probe(self, key: str, *, probe_count: int, next_probe_at: float) -> bool:
        """See the port."""
        with self._database.writing() as connection:
            taken = connection.execute(
                update(controls)
                .where(controls.c.name == stop_name(key), controls.c.probe_count == probe_count)
                .values(probe_count=probe_count + 1, probe_at=next_probe_at)
            )
            return taken.rowcount == 1
