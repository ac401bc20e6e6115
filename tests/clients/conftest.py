"""One stage for all clients: a deployment takes a quarter of a minute to start."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.stage import Stage, open_stage
from tests.support.session import session_dir


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="clients-", dir=session_dir()))
    with open_stage(folder) as stage:
        yield stage
    shutil.rmtree(folder, ignore_errors=True)
