"""What alembic runs: the steps, inside the transaction it is handed."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

import shared.store.tables_directory  # noqa: F401 - its tables belong to the same metadata
from shared.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
context.run_migrations()
