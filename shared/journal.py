"""The journal: one entry a line of a workflow's story. Pure data.

`shared.model` gives it on with the other nouns; import it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.words import Reason, What


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal: what, why, when, by whom. The timeline is this table."""

    sequence: int
    at: float
    by: str
    """"cascade", "provider", or "operator:<name>" / "caller" for commands."""
    what: What
    step: int | None = None
    attempt: int | None = None
    reason: Reason | None = None
    next_at: float | None = None
    """When something happens next if nothing else comes first; None where nothing is scheduled."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """JSON-able details: status, code, title, channel, to_step, to_channel, ttl, outcome, ..."""
    event: str | None = None
    """Name of the event on `cascade.events` that tells it, e.g. "message.delivered"; None where none does."""
