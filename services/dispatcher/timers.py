"""Receipts first: how far they were read, and when nobody reads them at all (architecture 7).

A clock that waits for receipts is due only up to the watermark, the time of the newest marker that was read. Without
markers nobody takes webhooks, and windows wait; but not for ever: 60 s after the last marker they fire all the same.
"Last marker" is counted from when this dispatcher could read the queue, else every start after an outage would judge
the windows before it had read what waits there.
"""

from __future__ import annotations

from enum import StrEnum

SILENCE_S = 2.0
"""Without a marker for this long, windows wait."""
BLIND_HOLD_S = 60.0
"""And for this long: then they fire, and an alarm says so."""


class Hearing(StrEnum):
    """What a dispatcher knows of the ingresses."""

    MARKERS = "markers"
    SILENT = "silent"
    BLIND = "blind"


class Watermark:
    """How far receipts were read, all dispatchers together, and whether anybody reads."""

    def __init__(self) -> None:
        self._read_to = 0.0
        self._reading_since: float | None = None

    @property
    def read_to(self) -> float:
        """Time of the newest marker whose receipts are committed; 0.0 before the first."""
        return self._read_to

    def advance(self, read_to: float) -> None:
        """Take a newer one; it never goes back."""
        self._read_to = max(self._read_to, read_to)

    def reading(self, connected: bool, now: float) -> None:
        """Note whether this dispatcher can read the queue of receipts."""
        if not connected:
            self._reading_since = None
        elif self._reading_since is None:
            self._reading_since = now

    def hearing(self, now: float) -> Hearing:
        """Tell whether anybody takes webhooks: markers come, or windows wait for them, or fire without."""
        if self.blind(now):
            return Hearing.BLIND
        return Hearing.SILENT if self._heard_for(now) > SILENCE_S else Hearing.MARKERS

    def blind(self, now: float) -> bool:
        """Tell whether the hold is over: windows fire by the clock, doubt does not run."""
        return self._reading_since is not None and self._heard_for(now) > BLIND_HOLD_S

    def _heard_for(self, now: float) -> float:
        since = self._read_to if self._reading_since is None else max(self._read_to, self._reading_since)
        return now - since
