"""What a provider call came to: a closed list, by the evidence of HTTP alone (semantics 5).

Receipts' codes are another table (`CodeClass`): the numbers overlap with other meanings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.model import Problem, Scope


class BusySource(StrEnum):
    """Who was busy, for the breakers: the connection counts for the account, an answer for the channel."""

    CONNECTION = "connection"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """2xx with a message id."""

    provider_uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """2xx to a whole workflow, which the provider runs from now on (semantics 10)."""

    workflow_id: str | None
    """The provider's own id of it; None only where it named the first message alone."""
    provider_uuid: str | None = None
    """The first message's; None where the answer names none, as that of Dispatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider will not take this message: 400, 413, 422 unless named otherwise."""

    problem: Problem
    refused_sender: bool = False
    """422 `1120`/`1420`: counts for the alarm "fallback hides a dead primary"."""
    asked: bool = True
    """False: nobody was called, since what was to be said can't be. So it tells nothing about the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """The call provably did not happen and may be tried later."""

    problem: Problem
    retry_after_s: float | None = None
    """As the provider asked, already clamped to 1..900; None where it did not ask."""
    source: BusySource = BusySource.ANSWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """Nobody knows whether the message left: time-out after a byte was written, reset, 5xx, unreadable 2xx."""

    problem: Problem
    server_error: bool = False
    """True where the provider answered 5xx: counts for the channel's breaker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """The claim was older than 5 s before the first byte, so nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OurFault:
    """Credentials, account or address are wrong. Never makes a fallback; stops what `scope` says."""

    problem: Problem
    scope: Scope


CallOutcome = Accepted | HandedOver | Refused | Busy | Unsure | Stale | OurFault
