"""One `up` or `down` at a time in a state folder: two at once would start everything twice."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from services.cli.home import Home


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Wait for whoever is at work in the home's folder; the lock ends with the process, however that ends."""
    folder = home.state_dir / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  waiting for another `up` or `down` in the same folder", file=sys.stderr)
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
