"""What every test may ask for. Fixtures that need a broker or a database start it only when asked.

- `broker`: the run's private RabbitMQ node; it belongs to all tests, so it may not be killed or restarted.
- `vhost`: a fresh virtual host on it, with `url`, `name`, `ctl()`; gone after the test.
- `own_broker`: a node for this one module, which its tests may kill and start again (put them in one xdist_group).
- `postgres_url`: a fresh, empty PostgreSQL database; `postgres` is the run's server.

Functions: `tests.support.waiting.wait_until`, `deploy.ports.free_port`.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, settings

from deploy.postgres_node import Postgres
from deploy.rabbitmq_node import Node
from tests.support.broker import EXTERNAL, Vhost, external_vhost, fresh_vhost, start_broker
from tests.support.database import fresh_database, session_postgres
from tests.support.session import VARIABLE, close_session, open_session, session_dir, stop_everything

settings.register_profile(
    "house",
    deadline=None,  # two cores are shared by several workers; speed is the benchmarks' concern
    derandomize=True,  # a seed that fails here fails everywhere
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

_OPENED = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # xdist's worker: the run's folder is in its environment
    # A run that is told to end stops its broker first, as it does on an interrupt.
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job ignores interrupts, and all its children with it: those that tests interrupt, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_OPENED] = open_session()


def pytest_unconfigure(config: pytest.Config) -> None:
    if (folder := config.stash.get(_OPENED, None)) is not None:
        close_session(folder)
        os.environ.pop(VARIABLE, None)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="session")
def broker() -> Node:
    if os.environ.get(EXTERNAL):
        pytest.skip(f"needs a node of our own, and {EXTERNAL} names another")
    return start_broker(session_dir())


@pytest.fixture
def vhost(request: pytest.FixtureRequest) -> Iterator[Vhost]:
    if os.environ.get(EXTERNAL):
        with external_vhost() as external:
            yield external
        return
    with fresh_vhost(request.getfixturevalue("broker")) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def own_broker() -> Iterator[Node]:
    folder = Path(tempfile.mkdtemp(prefix="broker-", dir=session_dir()))
    yield start_broker(folder)
    stop_everything(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    return session_postgres()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    with fresh_database(postgres) as url:
        yield url
