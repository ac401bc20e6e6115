"""What `decide()` is told and what it answers: its whole vocabulary. Pure data.

Everything the state machine needs from outside (stops, suppressions, how far receipts were read, settings)
comes inside the event, as `Outside`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.model import CodeMeaning, Entry, Problem, Receipt, Scope, Status, Stop, Workflow
from shared.outcomes import CallOutcome

DEFAULT_RECONCILE_S = 120.0
"""`reconcile_time` of a channel without a setting (semantics 8)."""
DEFAULT_RECEIPT_P95_S = 5.0
"""p95 of a channel's first receipt, and the TTL margin, without a setting (semantics 8, 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The world as the engine saw it in this turn."""

    stops: tuple[Stop, ...] = ()
    """Every stop in force; `decide()` picks those that cover a step."""
    accounts: tuple[str, ...] = ()
    """Provider account of each step, in order; empty means "default" for all."""
    suppressed: frozenset[str] = frozenset()
    """Those of this workflow's persons who opted out with this tenant."""
    reconcile_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds of doubt by channel; absent means 120."""
    receipt_p95_s: Mapping[str, float] = field(default_factory=dict)
    """p95 of the first receipt by channel, in seconds; absent means 5."""
    dispatcher: str = ""
    """Who decides: written beside each entry, so that a journal tells whose call was lost. Decides nothing."""

    def account_of(self, step: int) -> str:
        """Return the provider account that step number `step` uses."""
        return self.accounts[step - 1] if self.accounts else "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Root of all events."""

    outside: Outside = field(default_factory=Outside)
    by: str = "cascade"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMessage(Event):
    """A step message was read and a permit is at hand for it."""

    step: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """A call came back."""

    step: int
    attempt: int
    outcome: CallOutcome
    age_s: float = 0.0
    """Seconds since the call ended; the clocks start then, not at the commit."""
    claimed_at: float | None = None
    """When the claim of this call was committed: tells two claims of one number apart. None matches any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMessage:
    """A message of a workflow that the provider runs, as it names it; None where it does not say."""

    workflow_id: str | None = None
    """The provider's id of the workflow."""
    channel: str | None = None
    recipient: str | None = None
    sender: str | None = None
    item_number: int | None = None
    """Its place in the workflow, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Event):
    """A verified status webhook was read."""

    step: int
    """0: known is only the workflow; `message` leads to the step (semantics 10)."""
    attempt: int
    receipt: Receipt
    meaning: CodeMeaning | None = None
    """Of a negative receipt's code; None means class `next`."""
    message: SeenMessage | None = None
    """Read for workflows that the provider runs."""
    by: str = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Event):
    """The provider's final report on a workflow that it ran."""

    completed: bool
    messages: tuple[Received, ...] = ()
    """What it says of each message that was sent, in its order."""
    by: str = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated(Event):
    """A call that was to mark a message read, or to revoke it, came to its end."""

    step: int
    status: str
    problem: Problem | None = None
    """Why it was not done; None where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(Event):
    """A timer may be over."""

    read_to: float
    """The receipts watermark: windows, patience, doubt and `settle_by` count as due only up to it."""
    blind: bool = False
    """Nobody has taken webhooks for a minute: windows fire all the same, doubt does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """A stop of the current step's channel is in force: `outside.stops` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The stop that held this row ended, or its probe is given to this row."""

    since: float | None = None
    """When that stop began, where it made patience stand still; None where it did not (an operator's pause)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Event):
    """The caller or an operator cancels what was not sent yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextNow(Event):
    """An operator sends it to the next step now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Republished(Event):
    """The reconciler publishes a lost step message again."""


AnyEvent = (
    StepMessage | Answered | Received | Reported | Due | Stopped | Resumed | Cancel | NextNow | Republished | Updated
)


# What follows from a decision, beside the new state and the journal.


@dataclass(frozen=True, slots=True, kw_only=True)
class PutStep:
    """Put the step's message on its channel's queue."""

    step: int
    attempt: int
    channel: str
    goes_on: bool
    """True: `cascade.next.<channel>` (fallbacks, retries, high priority); False: `cascade.send.<channel>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Call the provider once this decision is committed."""

    step: int
    attempt: int
    account: str
    claimed_at: float
    ttl: int | None
    whole: bool = False
    """True: the whole workflow is handed to the provider, which runs the failover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellStatus:
    """Tell the caller a status of one step (status webhook), under the id of the entry `sequence`."""

    sequence: int
    step: int
    status: Status
    problem: Problem | None = None
    price: str | None = None
    currency: str | None = None
    timestamp: str | None = None
    """The provider's time where the status is the provider's; None: the entry's own time."""
    extras: Mapping[str, object] = field(default_factory=dict)
    """See `Receipt.extras`; empty where the status is not a receipt's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellEnd:
    """Tell the caller the end (final report, of workflows only), under the id of the entry `sequence`."""

    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress:
    """Never write to this person again for this tenant."""

    person: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseStop:
    """Stop an account, a channel of it or a sender: something of ours is wrong."""

    scope: Scope
    step: int
    account: str
    reason: str


Effect = PutStep | Call | TellStatus | TellEnd | Suppress | RaiseStop


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a workflow. With no entries nothing happened, and the workflow is the one handed in."""

    workflow: Workflow
    entries: tuple[Entry, ...] = ()
    effects: tuple[Effect, ...] = ()

    @property
    def changed(self) -> bool:
        """True when there is something to commit."""
        return bool(self.entries)
