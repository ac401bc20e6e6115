"""Open the home's store. The database's libraries are imported only then: no `--help` waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.cli.home import Home
from shared.store.port import Store


def open_upgraded_store(home: Home) -> Store:
    """Bring the schema up to date and open the store."""
    from shared.store.migrations import upgrade
    from shared.store.opening import open_store

    upgrade(home.store_url)
    return open_store(home.store_url)


@contextmanager
def existing_store(home: Home) -> Iterator[Store]:
    """Give the store to a verb. Raises ConfigError naming `cascade db upgrade` where there is none."""
    from shared.store.opening import open_store

    store = open_store(home.store_url)
    try:
        yield store
    finally:
        store.close()
