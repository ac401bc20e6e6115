"""The folder of one test run: its broker and its database live there, shared by the run's workers.

The process that makes it stops what runs in it and removes it. Where that process was killed, the next run does so:
the folder tells whose it was.
"""

import os
import shutil
import tempfile
from pathlib import Path

from deploy.postgres_node import stop_postgres
from deploy.processes import PidFile, Process
from deploy.rabbitmq_node import stop_node

VARIABLE = "CASCADE_TESTS_DIR"
_PREFIX = "cascade-tests-"


def open_session() -> Path:
    """Make the run's folder and tell the workers to come by the environment, which they inherit."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    # PostgreSQL runs as another user where we are root, and must pass through; secrets have modes of their own.
    folder.chmod(0o711)
    if (ourselves := Process.running(os.getpid())) is not None:
        PidFile(folder, "pytest").write(ourselves)
    os.environ[VARIABLE] = str(folder)
    return folder


def session_dir() -> Path:
    return Path(os.environ[VARIABLE])


def close_session(folder: Path) -> None:
    stop_everything(folder)
    shutil.rmtree(folder, ignore_errors=True)


def stop_everything(folder: Path) -> None:
    """Stop each broker and database whose folder is below `folder`, also those that a failed test left."""
    for pid_file in list(folder.rglob("run/rabbitmq.pid")):
        stop_node(pid_file.parents[1])
    for pid_file in list(folder.rglob("run/postgres.pid")):
        stop_postgres(pid_file.parents[1])


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid_file = PidFile(folder, "pytest")
        if folder.stat().st_uid == os.geteuid() and pid_file.path.exists() and pid_file.read() is None:
            close_session(folder)
