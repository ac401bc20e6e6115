"""Decide what becomes of a callback after a try: delivered, tried again, given up. Pure.

As the provider treats its own callers: again on 429, 5xx and silence, after 5 s, doubling up to 15 min, for 24 h.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.store.records import CallbackAnswer, CallbackRow

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 900.0
GIVE_UP_AFTER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of one try."""

    status: int | None = None
    """HTTP status; None where none came."""
    error: str | None = None
    """Why none came, in words; None where one did."""
    retry_after_s: float | None = None
    """As the endpoint asked, clamped to 1..900."""
    hopeless: bool = False
    """No repetition can help: the address makes no sense."""

    ours: bool = False
    """It was never sent, for a reason of ours that a person can mend: the host is not to blame."""

    @property
    def delivered(self) -> bool:
        """True for any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def worth_again(self) -> bool:
        """True where a repetition may help: silence, 429 and 5xx."""
        return not self.hopeless and (self.status is None or self.status == 429 or self.status >= 500)

    @property
    def host_in_trouble(self) -> bool:
        """True where other deliveries to the same host would fare no better now: silence, 429 and 503.

        Any other 5xx may be about this one body, and costs no time.
        """
        return self.worth_again and not self.ours and self.status in (None, 429, 503)


def settled(row: CallbackRow, reply: Reply, *, now: float) -> CallbackAnswer:
    """Return what to write for a try of `row` that ended at store time `now`."""
    if reply.delivered:
        return CallbackAnswer(at=now, status=reply.status, delivered=True)
    next_at = now + wait_s(row.attempts, reply.retry_after_s)
    again = reply.worth_again and next_at <= row.made_at + GIVE_UP_AFTER_S
    return CallbackAnswer(at=now, status=reply.status, error=reply.error, next_at=next_at if again else None)


def wait_s(tries_before: int, asked_s: float | None) -> float:
    """Return the seconds until the next try: 5, 10, 20, ... 900, or longer where the endpoint asked for it."""
    own = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries_before, 10))
    return max(own, asked_s or 0.0)
