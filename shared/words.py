"""The closed lists of words that a workflow is told in: states, outcomes, reasons. Pure.

`shared.model` gives them on with the nouns they describe; import them from there.
"""

from __future__ import annotations

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
    TAKEN_OVER = "taken_over"  # the provider would not run the failover, so Cascade does
    REPORTED = "reported"  # the provider's final report on a workflow that it ran
    TOO_LATE = "too_late"  # a cancel that can't be granted any more: the provider runs the workflow
    UPDATED = "updated"  # a message was marked read or revoked, or could not be: `facts["status"]`, `facts["done"]`
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
