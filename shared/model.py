"""The nouns of Cascade: what a workflow is, and the closed lists of words it is told in.

Pure data, frozen. No JSON keys here (those live in `shared.wire`), no clock, no I/O.
Times are seconds since the epoch by the store's clock; durations are seconds.
The words and rules are those of the semantics page (docs: README, "How it decides").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.evidence import CodeMeaning, Problem, Receipt
from shared.journal import Entry
from shared.stop import Stop
from shared.words import (
    AttemptState,
    CodeClass,
    Delivery,
    Engine,
    Generation,
    Outcome,
    Priority,
    Reason,
    RequestKind,
    Scope,
    State,
    Status,
    StopKind,
    What,
    WhenStopped,
)

__all__ = [
    "Attempt",
    "AttemptState",
    "CodeClass",
    "CodeMeaning",
    "Delivery",
    "Engine",
    "Entry",
    "Generation",
    "Message",
    "Outcome",
    "Priority",
    "Problem",
    "Reason",
    "Receipt",
    "RequestKind",
    "Scope",
    "State",
    "Status",
    "Step",
    "Stop",
    "StopKind",
    "What",
    "WhenStopped",
    "Workflow",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message for one channel and recipient, in the provider's newest (v1) form."""

    channel: str
    """A name of `shared.channels.CHANNELS`: sms mms rcs whatsapp viber_service messenger email."""
    kind: str
    """The message type: text, image, ..."""
    recipient: str
    sender: str
    content: Mapping[str, object] = field(default_factory=dict)
    """All other members of the flat v1 body that go to the provider, untouched: text, viber_service, sms, ...
    Without to, from, channel, message_type, client_ref, webhook_*, ttl, failover and Cascade's own fields."""
    ttl: int | None = None
    """The caller's own time to live in seconds, wherever its generation puts it; None where not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One provider call for a step. A claim that follows a `NOT_SENT` attempt uses its number again."""

    number: int
    state: AttemptState
    claimed_at: float
    account: str = "default"
    sent_at: float | None = None
    """The moment it may have left the house (the answer, the end of the call, claim + 20 s); None before."""
    provider_uuid: str | None = None
    best: Status | None = None
    """Highest positive receipt; None before the first."""
    negative: Status | None = None
    """`REJECTED` or `UNDELIVERABLE` of a dead attempt (a refusal by HTTP counts as rejected); else None."""
    meaning: CodeMeaning | None = None
    """What its negative's code asks for, kept while another attempt may be out; None means class `next`."""
    problem: Problem | None = None
    ttl: int | None = None
    """The TTL in seconds that we sent; None where the channel has none."""
    price: str | None = None
    currency: str | None = None

    @property
    def reached(self) -> bool:
        """True when `delivered` or more is known of it."""
        return self.best is not None and self.best.rank >= Status.DELIVERED.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a workflow with its own clocks (semantics 4). Numbers count from 1."""

    number: int
    message: Message
    person: str
    """See `shared.channels.person_of`."""
    client_ref: str | None = None
    """The caller's own reference: given back in everything the caller sees, never sent to the provider."""
    webhook_url: str | None = None
    webhook_version: str | None = None
    """"v1" or "v0.1"; None means the generation of the request."""
    expiry_time: int | None = None
    """Length of the window in seconds, 15..86,400; None for a windowless or last step."""
    condition: Status = Status.DELIVERED
    align_ttl: bool = True
    delivery: Delivery = Delivery.AT_LEAST_ONCE

    attempts: tuple[Attempt, ...] = ()
    turn_at: float | None = None
    """When it became the current step; None before."""
    patience_ends_at: float | None = None
    """None before the first claim, for steps without a window, and once the window runs."""
    patience_counted_from: float | None = None
    """Since when patience has been counted; stops before that were already put off."""
    patience_left: float | None = None
    """Seconds of patience that were left when a stop made it stand still; None while it runs."""
    first_claimed_at: float | None = None
    window_ends_at: float | None = None
    settle_by: float | None = None
    doubt_at: float | None = None
    """When the one re-send is due; None where there is no doubt or it was used up."""
    retry_at: float | None = None
    """End of a back-off; None when not backing off."""
    held_since: float | None = None
    became_last: bool = False
    """Its window is over, nothing follows, and it may be out: it waits for `settle_by` like a last step."""
    resend: int | None = None
    """Number of the attempt that is the one re-send in doubt; None while it was not used up."""
    again_count: int = 0
    busy_count: int = 0
    struck_out: bool = False
    over: Reason | None = None
    """Why it was left; None while current, not yet reached, or where the workflow ended on it."""
    told: tuple[Status, ...] = ()
    """Statuses the caller was told of, by webhook and event."""

    @property
    def may_be_out(self) -> bool:
        """True while any attempt may be on its way."""
        return any(attempt.state.may_be_out for attempt in self.attempts)

    @property
    def reached(self) -> bool:
        """True when `delivered` or more is known of any attempt."""
        return any(attempt.reached for attempt in self.attempts)

    @property
    def status(self) -> Status | None:
        """Best positive receipt of all attempts; None before the first."""
        known = [attempt.best for attempt in self.attempts if attempt.best is not None]
        return max(known, key=lambda status: status.rank, default=None)

    @property
    def waits_like_a_last_one(self) -> bool:
        """True when `settle_by` and not a window ends its waiting."""
        return self.expiry_time is None or self.became_last

    @property
    def next_attempt(self) -> int:
        """Number of the next claim: a `not_sent` attempt did not happen, so its number is used again."""
        if not self.attempts:
            return 1
        last = self.attempts[-1]
        return last.number if last.state is AttemptState.NOT_SENT else last.number + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """An ordered list of 1..10 steps that comes to exactly one outcome."""

    workflow_id: str
    """Canonical UUID with last byte 0; every other id follows from it (`shared.ids`)."""
    tenant: str
    generation: Generation
    kind: RequestKind
    steps: tuple[Step, ...]
    accepted_at: float
    send_by: float
    """No call is started later."""
    application_id: str | None = None
    """None for Basic and for the queue."""
    final_receipt_time: int | None = None
    """Seconds; None means 86,400, or where we send a TTL that TTL + 600."""
    when_stopped: WhenStopped = WhenStopped.HOLD
    priority: Priority = Priority.NORMAL
    engine: Engine = Engine.LOCAL
    """Of a request: who was asked to run it. It becomes `LOCAL` where the provider would not (semantics 10)."""
    fingerprint: str = ""
    """SHA-256 of the request body in hex: the same id with another body is a conflict."""

    state: State = State.READY
    current: int = 1
    lease_until: float | None = None
    """While `SENDING`: when the call counts as lost."""
    outcome: Outcome | None = None
    condition_met: bool | None = None
    """At the end: whether a success was recorded. None before."""
    outcome_step: int | None = None
    """The step whose receipt gave the outcome; None where no step did."""
    fallback_saved: bool = False
    finished_at: float | None = None
    provider_id: str | None = None
    """The provider's id of a workflow that it runs; None where we run it, and until it is known."""
    reported: bool | None = None
    """What the provider's final report said: True `completed`, False `error`; None before and without one."""
    sequence: int = 0
    """Sequence of the last journal entry; entries count from 1 without gaps."""

    @property
    def step(self) -> Step:
        """The current step."""
        return self.steps[self.current - 1]

    @property
    def run_by_provider(self) -> bool:
        """True where the provider is to run the failover; a single message has none, so that is always ours."""
        return self.engine is Engine.PROVIDER and (self.kind is RequestKind.WORKFLOW or len(self.steps) > 1)

    @property
    def handed_over(self) -> bool:
        """True while the provider runs it, or may: from the claim of the call to the end nothing can be cancelled."""
        return self.run_by_provider and self.state in (State.SENDING, State.WAITING)

    @property
    def client_ref(self) -> str | None:
        """The caller's reference of the whole: its first message's."""
        return self.steps[0].client_ref

    @property
    def reached(self) -> tuple[int, ...]:
        """Numbers of the steps of which `delivered` or more is known."""
        return tuple(step.number for step in self.steps if step.reached)

    @property
    def also_reached(self) -> tuple[int, ...]:
        """At the end: reached steps beside the one that gave the outcome. Empty before."""
        if self.state is not State.FINAL:
            return ()
        return tuple(number for number in self.reached if number != self.outcome_step)

    @property
    def may_have_reached(self) -> tuple[int, ...]:
        """At the end: steps with an attempt that may be out and that are not known to be reached. Empty before."""
        if self.state is not State.FINAL:
            return ()
        return tuple(step.number for step in self.steps if step.may_be_out and not step.reached)
