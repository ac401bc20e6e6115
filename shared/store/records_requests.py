"""Records around requests: searches, and the keys under which callers repeat a request. Times are store time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.store.records import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """Which workflows of one tenant are looked for; what is None is not asked for."""

    tenant: str
    recipient: str | None = None
    """Of any step, whole."""
    client_ref: str | None = None
    """The caller's own reference of any step, whole."""
    state: str | None = None
    outcome: str | None = None
    from_time: float | None = None
    """Accepted at this moment or later."""
    to_time: float | None = None
    """Accepted before this moment."""
    upto: tuple[float, str] | None = None
    """(accepted_at, workflow_id) of the newest row of this page; None begins with the newest of all."""
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """Workflows, newest first."""

    workflows: tuple[Stored, ...]
    """Rows that this program can't read are left out."""
    next: tuple[float, str] | None
    """`upto` of the next page; None where this is the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest:
    """A request that its caller may repeat under a key of its own."""

    tenant: str
    key: str
    fingerprint: str
    """Tells another request under the same key."""
    workflow_id: str
    """The id it gets if it is the first."""


class KeyState(StrEnum):
    """What a key stands for."""

    TAKEN = "taken"
    """Publish it, under the id that stands beside: it is the first, or the one before never got its answer."""
    BUSY = "busy"
    """Somebody is at it."""
    OTHER = "other"
    """The key was used for another request."""
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenKey:
    """What was found under a key."""

    state: KeyState
    workflow_id: str
    answer: bytes | None = None
    """Body of the answer that was given; only where it was."""
