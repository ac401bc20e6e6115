"""One whole deployment a module. Its tests share it, so each uses recipients and marks of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import UNPACKED_DIR
from tests.support.deployment import Deployment, start_deployment
from tests.support.session import session_dir


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    folder = Path(tempfile.mkdtemp(prefix="deployment-", dir=session_dir()))
    running = start_deployment(folder, unpacked_dir=UNPACKED_DIR)
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)
