"""Stops: pauses, breakers and faults of ours, shared by all dispatchers. Pure data.

`shared.model` gives it on with the other nouns; import it from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.words import Scope, StopKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Something that keeps calls from being made. Shared by all dispatchers through the store."""

    kind: StopKind
    account: str | None = None
    """None: whatever the account (an operator's pause of a channel)."""
    channel: str | None = None
    """None: the whole account."""
    sender: str | None = None
    """None: every sender of the channel."""
    reason: str
    """One plain sentence for people: the problem's title, or who paused it."""
    since: float
    by: str = "cascade"
    probe_at: float | None = None
    """When one call may be tried in spite of it; None for an operator's."""
    probe_count: int = 0

    @property
    def key(self) -> str:
        """Identity of the stop: its scope and whether an operator or the system made it."""
        made_by = "operator" if self.kind in (StopKind.PAUSE, StopKind.SKIP) else self.kind.value
        return "|".join((made_by, self.account or "*", self.channel or "*", self.sender or "*"))

    @property
    def scope(self) -> Scope:
        """How far it reaches."""
        if self.sender is not None:
            return Scope.SENDER
        return Scope.CHANNEL if self.channel is not None else Scope.ACCOUNT

    def covers(self, *, account: str, channel: str, sender: str) -> bool:
        """Tell whether a step with this account, channel and sender is stopped by it."""
        return self.account in (None, account) and self.channel in (None, channel) and self.sender in (None, sender)
