"""The nouns of Cascade: what a workflow is, and the closed lists of words it is told in.

Pure data, frozen. No JSON keys here (those live in `shared.wire`), no clock, no I/O.
Times are seconds since the epoch by the store's clock; durations are seconds.
The words and rules are those of the semantics page (docs: README, "How it decides").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """What a receipt says of a message. `submitted < delivered < read`; the other two are negatives."""

    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    READ = "read"
    REJECTED = "rejected"
    UNDELIVERABLE = "undeliverable"

    @property
    def negative(self) -> bool:
        """True for `rejected` and `undeliverable`."""
        return self in (Status.REJECTED, Status.UNDELIVERABLE)

    @property
    def rank(self) -> int:
        """Order receipts by this, never by their timestamps; 0 for the negatives."""
        return _RANKS[self]


_RANKS = {
    Status.REJECTED: 0,
    Status.UNDELIVERABLE: 0,
    Status.SUBMITTED: 1,
    Status.DELIVERED: 2,
    Status.READ: 3,
}


class State(StrEnum):
    """Where a workflow stands. `ACCEPTED` is never stored: it means in the broker, no row yet."""

    ACCEPTED = "accepted"
    READY = "ready"
    SENDING = "sending"
    WAITING = "waiting"
    BACKING_OFF = "backing_off"
    HELD = "held"
    FINAL = "final"


class AttemptState(StrEnum):
    """One provider call. It may be out while it is claimed, accepted or unsure."""

    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    UNSURE = "unsure"
    NOT_SENT = "not_sent"
    DEAD = "dead"

    @property
    def may_be_out(self) -> bool:
        """True while the message of this attempt may be on its way to a person."""
        return self in (AttemptState.CLAIMED, AttemptState.ACCEPTED, AttemptState.UNSURE)


class Outcome(StrEnum):
    """The one end of a workflow."""

    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why something happened: the closed list that journal, metrics and docs share (semantics 11)."""

    # of *next*
    REFUSED = "refused"
    REJECTED = "rejected"
    UNDELIVERABLE = "undeliverable"
    WINDOW = "window"
    NOT_ACCEPTED = "not_accepted"
    SKIPPED = "skipped"
    SUPPRESSED = "suppressed"
    EXPIRED_AT_PROVIDER = "expired_at_provider"
    OPERATOR = "operator"
    # of other entries
    BUSY = "busy"
    STALE = "stale"
    UNSURE = "unsure"
    AGAIN = "again"
    STOPPED = "stopped"
    RESUMED = "resumed"
    DOUBT = "doubt"
    SEND_BY = "send_by"
    SETTLE_BY = "settle_by"
    SUCCESS = "success"
    CANCELLED = "cancelled"
    REPUBLISHED = "republished"


class What(StrEnum):
    """What a journal entry records."""

    ACCEPTED = "accepted"  # the start was read and became a row
    CLAIMED = "claimed"  # a call is about to leave
    SENT = "sent"  # the provider took it (2xx with an id)
    REFUSED = "refused"  # the provider refused it by HTTP
    NOT_SENT = "not_sent"  # the call provably did not happen: busy, stale or our fault
    UNSURE = "unsure"  # nobody knows whether the call arrived
    RECEIPT = "receipt"  # a status webhook; `facts["status"]` says which
    ANSWER_NOTED = "answer_noted"  # an answer that changes nothing but the noted id
    READY = "ready"  # the turn is coming again (back-off over, stop ended)
    BACKED_OFF = "backed_off"  # another attempt will be made (reason `again`)
    HELD = "held"  # stopped by a fault
    PUT_OFF = "put_off"  # patience stood still while a stop lasted
    RESEND = "resend"  # the one re-send in doubt
    NEXT = "next"  # went on to the step in `facts["to_step"]`, for `reason`
    STRUCK_OUT = "struck_out"  # a step will not be tried: its person opted out
    GIVEN_UP = "given_up"  # a step is not tried any more, and the caller is told so now
    WAITING_ON = "waiting_on"  # no step is left, but the current one may be out: wait for its receipts
    REPUBLISHED = "republished"  # the reconciler found the step's message gone
    QUARANTINED = "quarantined"  # a bug of ours stands in the way; kept for replay
    FINAL = "final"  # the end
    AMENDED = "amended"  # later knowledge of an ended workflow


class Delivery(StrEnum):
    """Whether a step in doubt may be sent once more (semantics 8)."""

    AT_LEAST_ONCE = "at_least_once"
    AT_MOST_ONCE = "at_most_once"


class WhenStopped(StrEnum):
    """What a step does whose channel is stopped by a fault."""

    HOLD = "hold"
    NEXT = "next"


class Priority(StrEnum):
    """Lane of a workflow's first step."""

    NORMAL = "normal"
    HIGH = "high"


class Engine(StrEnum):
    """Who runs the failover."""

    LOCAL = "local"
    PROVIDER = "provider"


class Generation(StrEnum):
    """Generation of the HTTP API a request was written for; it decides the shape of ids and webhooks."""

    BETA = "beta"
    V0_1 = "v0_1"
    V1 = "v1"


class RequestKind(StrEnum):
    """Whether the caller posted a workflow (a template with steps) or a message (with or without `failover`)."""

    WORKFLOW = "workflow"
    MESSAGE = "message"


class CodeClass(StrEnum):
    """What a negative receipt's code asks for (semantics 6)."""

    NEXT = "next"
    AGAIN = "again"
    AGAIN_IF_LAST = "again_if_last"
    PERSON = "person"
    FAULT = "fault"
    DONE = "done"


class Scope(StrEnum):
    """How far a stop reaches: the account, the account's channel, or the account's sender on a channel."""

    ACCOUNT = "account"
    CHANNEL = "channel"
    SENDER = "sender"


class StopKind(StrEnum):
    """Who made a stop. `PAUSE` and `SKIP` are an operator's; `BREAKER` is made by Busy and 5xx."""

    FAULT = "fault"
    BREAKER = "breaker"
    PAUSE = "pause"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, in the provider's words (or ours, where no answer came)."""

    code: str
    """The provider's code ("1330"), an HTTP status ("422"), or a word of ours ("timeout")."""
    title: str
    detail: str = ""
    type: str = ""
    """URI of an RFC 9457 problem; empty where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMeaning:
    """What a code means for the workflow that meets it."""

    code_class: CodeClass
    scope: Scope | None = None
    """Of a `FAULT`: how far its stop reaches. None for every other class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A verified status webhook about one attempt."""

    status: Status
    problem: Problem | None = None
    """Only with a negative status; None where the provider named no code."""
    provider_uuid: str | None = None
    price: str | None = None
    """The charge so far for this message as a decimal string, None where not told."""
    currency: str | None = None
    timestamp: str | None = None
    """The provider's time of the event, passed on as it came; never used for order."""


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
    window_ends_at: float | None = None
    settle_by: float | None = None
    doubt_at: float | None = None
    """When the one re-send is due; None where there is no doubt or it was used up."""
    retry_at: float | None = None
    """End of a back-off; None when not backing off."""
    held_since: float | None = None
    became_last: bool = False
    """Its window is over, nothing follows, and it may be out: it waits for `settle_by` like a last step."""
    resent: bool = False
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
    sequence: int = 0
    """Sequence of the last journal entry; entries count from 1 without gaps."""

    @property
    def step(self) -> Step:
        """The current step."""
        return self.steps[self.current - 1]

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
