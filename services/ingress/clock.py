"""Time for the ingress: a clock that never goes back, and the store's time told from it.

The store's clock is the only one that decides (semantics 4). A process learns it whenever it reads the store and
goes on from there by its own monotonic clock, so a jump of the host's wall clock changes no id and no marker.
"""

from __future__ import annotations

import time
from typing import Protocol

from shared.errors import StoreUnavailable


class Clock(Protocol):
    """Seconds that never go back."""

    def monotonic(self) -> float:
        """Return the reading."""


class SystemClock:
    """The host's monotonic clock."""

    def monotonic(self) -> float:
        """Return the reading."""
        return time.monotonic()


class StoreTime:
    """The store's time, by the offset that was learned last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset: float | None = None

    def learn(self, store_now: float) -> None:
        """Take a reading of the store's clock that has just arrived.

        What the answer took on its way makes our time late by as much, never early: a marker must not be ahead of
        the store's clock, or windows would end before the receipts that came in time were read.
        """
        self._offset = store_now - self._clock.monotonic()

    @property
    def known(self) -> bool:
        """False until the store was read once."""
        return self._offset is not None

    def now(self) -> float:
        """Return the store's time in seconds since the epoch. Raises StoreUnavailable before the first reading."""
        if self._offset is None:
            raise StoreUnavailable("the store's time is not known yet")
        return self._clock.monotonic() + self._offset
