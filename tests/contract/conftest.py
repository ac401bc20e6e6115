"""The stores that every contract test of the store runs on."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.store.migrations import upgrade
from shared.store.opening import open_memory_store, open_store
from shared.store.port import Store
from tests.support.database import fresh_database


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    with ExitStack() as stack:
        if request.param == "postgres":
            yield stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        else:
            yield f"sqlite:///{tmp_path}/store.db"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    with ExitStack() as stack:
        opened: Store
        if request.param == "memory":
            opened = open_memory_store()
        else:
            url = f"sqlite:///{tmp_path}/store.db"
            if request.param == "postgres":
                url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
            upgrade(url)
            opened = open_store(url)
        stack.callback(opened.close)
        yield opened
