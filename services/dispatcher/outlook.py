"""What a dispatcher looks at beside its mail, each at its own pace: controls, directory, outbox, its sign of life."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from socket import gethostname

from services.dispatcher.ports import Clock
from services.dispatcher.stops import Stops
from services.dispatcher.timers import Watermark
from shared.model import Stop
from shared.store.directory import Directory
from shared.store.port import Store
from shared.store.records import DispatcherRow

CONTROLS_EVERY_S = 0.5
DIRECTORY_EVERY_S = 5.0
LOOK_AGAIN_S = 1.0
OUTBOX_EVERY_S = 1.0
HEARTBEAT_EVERY_S = 2.0
FULL_OUTBOX = 10_000


class Outlook:
    """The world as it was last seen."""

    def __init__(self, *, store: Store, clock: Clock, name: str) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self.stops = Stops()
        self.watermark = Watermark()
        self.outbox_full = False
        self._directory: Directory | None = None
        self._offset: float | None = None
        self._since: float | None = None
        self._somebody_missing = False
        never = float("-inf")
        self._controls_at = self._directory_at = self._outbox_at = self._heartbeat_at = never

    @property
    def directory(self) -> Directory:
        """Who may call and whom we call, at most 5 s old. Raises LookupError before the first look."""
        if self._directory is None:
            raise LookupError("nothing was looked at yet")
        return self._directory

    @property
    def now(self) -> float:
        """The store's time by our clock, good for all but decisions. Raises LookupError before the first look."""
        if self._offset is None:
            raise LookupError("nothing was looked at yet")
        return self._clock.monotonic() + self._offset

    @property
    def seen(self) -> bool:
        """False until everything was looked at once."""
        return self._directory is not None and self._offset is not None

    @property
    def directory_read_at(self) -> float:
        """Monotonic time just before the directory was read: what was in it by then, we know."""
        return self._directory_at

    @property
    def next_look(self) -> float:
        """Monotonic time by which something must be looked at again."""
        missing_at = self._directory_at + LOOK_AGAIN_S if self._somebody_missing else float("inf")
        return min(self._controls_at + CONTROLS_EVERY_S, self._heartbeat_at + HEARTBEAT_EVERY_S, missing_at)

    def learn_time(self, store_now: float, monotonic: float) -> None:
        """Take a reading of the store's clock that belongs to a reading of ours."""
        self._offset = store_now - monotonic

    def look(self, *, calls_in_flight: int, receipts_are_read: bool) -> tuple[tuple[Stop, ...], tuple[Stop, ...]]:
        """Look at whatever is due; return stops that are new, and stops that ended. Raises StoreUnavailable."""
        now = self._clock.monotonic()
        changed: tuple[tuple[Stop, ...], tuple[Stop, ...]] = ((), ())
        if now - self._controls_at >= CONTROLS_EVERY_S:
            controls = self._store.controls()
            self._controls_at = now
            self.learn_time(controls.now, now)
            self.watermark.advance(controls.read_to)
            changed = self.stops.learn(controls.stops)
        self.watermark.reading(receipts_are_read, self.now)
        if now - self._directory_at >= (LOOK_AGAIN_S if self._somebody_missing else DIRECTORY_EVERY_S):
            self._read_directory(now)
        if now - self._outbox_at >= OUTBOX_EVERY_S:
            self.outbox_full = self._store.outbox_count() > FULL_OUTBOX
            self._outbox_at = now
        if now - self._heartbeat_at >= HEARTBEAT_EVERY_S:
            self._show_life(calls_in_flight)
            self._heartbeat_at = now
        return changed

    def look_again(self) -> None:
        """Read the directory anew, at once or in a second: somebody is not in it who may have been added just now."""
        now = self._clock.monotonic()
        if now - self._directory_at >= LOOK_AGAIN_S:
            self._read_directory(now)
        else:
            self._somebody_missing = True

    def _read_directory(self, now: float) -> None:
        self._directory = self._store.directory()
        self._somebody_missing = False
        self._directory_at = now

    def _show_life(self, calls_in_flight: int) -> None:
        if self._since is None:
            self._since = self.now
        self._store.heartbeat(
            DispatcherRow(
                name=self._name,
                host=gethostname(),
                pid=os.getpid(),
                version=program_version(),
                since=self._since,
                seen_at=self.now,
                calls_in_flight=calls_in_flight,
            )
        )


@cache
def program_version() -> str:
    """Return the version of this program; "unknown" where it was not installed."""
    try:
        return version("cascade")
    except PackageNotFoundError:
        return "unknown"


def python_version() -> str:
    """Return the interpreter's version."""
    return platform.python_version()
