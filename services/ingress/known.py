"""Whom the ingress knows: the store's directory, cached (architecture 8), and the store's time learned with it.

A copy serves 30 s. When the store does not answer, the last copy goes on serving whom it names for an hour, while
whoever it does not name can't be judged. Somebody who was added a moment ago must not wait for the next refresh, so
a caller that is not known as it should be makes the cache look again: at most ten times a second, and no more than a
twentieth of the time, so that strangers can't keep the store busy.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from services.ingress.clock import Clock, StoreTime
from shared.errors import StoreUnavailable
from shared.store.directory import Directory

FRESH_S = 30.0
GOOD_WITHOUT_STORE_S = 3600.0
LOOK_AGAIN_S = 0.1
"""Shorter than it takes to type the first request after `cascade key create`."""
_SHARE = 20


class HasDirectory(Protocol):
    """The one question this module asks of a store."""

    def directory(self) -> Directory:
        """Return all small tables at once. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The directory as it was read."""

    directory: Directory
    read_at: float
    """Monotonic time."""
    store_away: bool = False
    """True when the store did not answer at a later look."""


class KnownCallers:
    """A cached directory, shared by all threads of a process."""

    def __init__(self, store: HasDirectory, clock: Clock, store_time: StoreTime) -> None:
        self._store = store
        self._clock = clock
        self._store_time = store_time
        self._refreshing = threading.Lock()
        self._copy: Copy | None = None
        self._looked_at: float | None = None
        self._look_again_s = LOOK_AGAIN_S

    def current(self) -> Copy:
        """Return a copy, read anew when it is older than 30 s.

        Raises StoreUnavailable where there is none, or none younger than an hour.
        """
        copy, now = self._copy, self._clock.monotonic()
        if copy is None or now - copy.read_at >= FRESH_S:
            copy = self._refresh(unless_looked_since=now - self._look_again_s)
        if copy is None or self._clock.monotonic() - copy.read_at > GOOD_WITHOUT_STORE_S:
            raise StoreUnavailable("the store does not answer, and who may call is not known")
        return copy

    def newer_than(self, copy: Copy) -> Copy | None:
        """Look again for somebody who is not in `copy`; None where it was read a moment ago."""
        now = self._clock.monotonic()
        if now - copy.read_at < self._look_again_s:
            return None
        newer = self._refresh(unless_looked_since=now - self._look_again_s)
        return newer if newer is not copy else None

    def judges(self, copy: Copy) -> bool:
        """False when the store is away, or hangs: who is not in the copy may be known to the store all the same."""
        return not copy.store_away and self._clock.monotonic() - copy.read_at <= 2 * FRESH_S

    def refresh(self) -> bool:
        """Read the store now; False where it does not answer."""
        copy = self._refresh(unless_looked_since=self._clock.monotonic())
        return copy is not None and not copy.store_away

    def _refresh(self, *, unless_looked_since: float) -> Copy | None:
        # Whoever has a copy does not queue behind a store that hangs; only the very first reading is waited for.
        if not self._refreshing.acquire(blocking=self._copy is None):
            return self._copy
        try:
            if self._looked_at is not None and self._looked_at > unless_looked_since:
                return self._copy
            began = self._clock.monotonic()
            self._copy = self._read()
            self._looked_at = self._clock.monotonic()
            self._look_again_s = max(LOOK_AGAIN_S, _SHARE * (self._looked_at - began))
            return self._copy
        finally:
            self._refreshing.release()

    def _read(self) -> Copy | None:
        try:
            directory = self._store.directory()
        except StoreUnavailable as error:
            structlog.get_logger().warning("directory.not_read", error=str(error))
            old = self._copy
            return old and replace(old, store_away=True)
        self._store_time.learn(directory.now)
        return Copy(directory=directory, read_at=self._clock.monotonic())
