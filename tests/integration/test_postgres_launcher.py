"""The launcher of a PostgreSQL server for tests: as root too, comes back as it was, and leaves nothing behind."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.ports import is_free
from deploy.postgres_node import Postgres, start_postgres, stop_postgres
from deploy.postgres_software import find_postgres, unpacked_postgres
from tests.support.broker import ROOT, UNPACKED_DIR
from tests.support.ordinary_user import ORDINARY_USER, python_for_everybody
from tests.support.session import session_dir, stop_everything

pytestmark = pytest.mark.xdist_group("postgres-launcher")

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user; this run is an ordinary user's already"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="launcher-", dir=session_dir()))
    made.chmod(0o711)  # open to the other user, as a folder in a home usually is
    yield made
    stop_everything(made)
    shutil.rmtree(made, ignore_errors=True)


def run(server: Postgres, statement: str) -> object:
    """Return the first value that the statement gives; None for one that gives none."""
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


def test_what_was_committed_outlives_a_kill(folder: Path) -> None:
    server = start_postgres(folder, unpacked_dir=UNPACKED_DIR)
    run(server, "CREATE TABLE kept AS SELECT generate_series(1, 100)")
    url = server.url

    server.kill()
    server.start_again()

    assert url == server.url
    assert run(server, "SELECT count(*) FROM kept") == (100,)
    assert run(server, "SHOW fsync") == ("on",)


def test_a_stop_leaves_nothing_and_a_second_start_finds_the_data(folder: Path) -> None:
    server = start_postgres(folder, unpacked_dir=UNPACKED_DIR)
    run(server, "CREATE TABLE kept AS SELECT 1")

    assert server.pid == start_postgres(folder, unpacked_dir=UNPACKED_DIR).pid
    assert stop_postgres(folder)
    assert not stop_postgres(folder)
    assert is_free(server.port)

    again = start_postgres(folder, unpacked_dir=UNPACKED_DIR)
    assert server.url == again.url
    assert run(again, "SELECT count(*) FROM kept") == (1,)


def test_a_stop_does_not_wait_for_clients(folder: Path) -> None:
    server = start_postgres(folder, unpacked_dir=UNPACKED_DIR)

    with psycopg.connect(server.url.replace("+psycopg", "")) as idle:
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")


def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    server = start_postgres(folder, unpacked_dir=UNPACKED_DIR)

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=server.port, user="cascade", dbname="postgres", password="guess")


def test_a_long_path_with_spaces_is_borne(folder: Path) -> None:
    long = folder / ("a folder with spaces and a name that no socket's path would bear " * 2).strip()
    server = start_postgres(long, unpacked_dir=UNPACKED_DIR)

    assert run(server, "SELECT 1") == (1,)


@needs_root
def test_a_folder_that_is_closed_to_the_other_user_is_no_obstacle(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = start_postgres(closed / "state", unpacked_dir=UNPACKED_DIR)

    assert run(server, "SELECT 1") == (1,)
    assert not server.home.is_relative_to(folder)
    server.stop()
    assert not server.home.exists()


def test_the_unpacked_server_works_like_an_installed_one(folder: Path) -> None:
    server = start_postgres(folder, software=unpacked_postgres(UNPACKED_DIR))

    assert run(server, "SELECT 1") == (1,)


@needs_root
def test_an_ordinary_user_runs_a_server_twice() -> None:
    python = python_for_everybody()
    find_postgres(UNPACKED_DIR)
    home = Path(tempfile.mkdtemp(prefix="cascade-ordinary-"))
    try:
        shutil.copytree(ROOT / "deploy", home / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
        ORDINARY_USER.give(home)
        script = (
            "from pathlib import Path; from deploy.postgres_node import start_postgres, stop_postgres\n"
            "for turn in (1, 2):\n"
            "    server = start_postgres(Path('state')); print(server.url)\n"
            "    assert stop_postgres(Path('state'))"
        )
        first, second = ORDINARY_USER.run([python, "-c", script], cwd=home).splitlines()

        assert first == second
    finally:
        shutil.rmtree(home)
