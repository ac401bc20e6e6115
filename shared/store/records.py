"""The rows that go into a store and come out of it. Frozen; times are seconds since the epoch, store time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.model import Entry, Stop, Workflow

DOCUMENT_SCHEMA = 1
"""Schema number of the state document. A dispatcher leaves rows with a higher one alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A message to publish because a transaction said so."""

    exchange: str
    routing_key: str
    type: str
    """AMQP property `type`: step.1, event.1, answer.1."""
    message_id: str
    """The same on every publish of this row, so that consumers can drop repeats."""
    body: bytes
    correlation_id: str | None = None
    headers: Mapping[str, object] = field(default_factory=dict)
    mandatory: bool = True
    """False for events and answers, which may have no queue."""
    owner: str = ""
    """Dispatcher that relays it first; after 5 s it belongs to anyone."""
    row_id: int = 0
    """Given by the store at commit; 0 before."""
    made_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """The way from a receipt to a workflow."""

    reference: str
    workflow_id: str
    step: int
    attempt: int
    account: str
    provider_uuid: str | None = None
    made_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRow:
    """One delivery to an address of the caller's."""

    callback_id: str
    """The event id it tells; the final report of an entry that has a status too ends in "-report"."""
    workflow_id: str | None
    tenant: str
    kind: str
    """status, report or inbound."""
    url: str
    body: bytes
    key: str
    """The api_key whose signature secret signs it."""
    application_id: str | None = None
    made_at: float = 0.0
    attempts: int = 0
    next_at: float | None = 0.0
    """When it is tried next; None: done or given up."""
    last_status: int | None = None
    """HTTP status of the last answer; None where none came or none was tried."""
    last_error: str | None = None
    delivered_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAnswer:
    """What came of one try."""

    at: float
    status: int | None
    error: str | None = None
    delivered: bool = False
    next_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedReceipt:
    """A verified webhook of one of our accounts that matches no attempt yet."""

    parked_id: str
    """Hash of account and raw body: the same webhook is parked once."""
    account: str
    provider_uuid: str | None
    reference: str | None
    raw: bytes
    reason: str
    """unknown, wrong_account, ..."""
    first_at: float
    next_at: float | None
    """None: given up (an orphan), kept until `keep_until`."""
    tries: int
    keep_until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRow:
    """An inbound message, once per provider's uuid and account: ids of one account say nothing of another's."""

    provider_uuid: str
    tenant: str
    account: str
    channel: str
    sender: str
    recipient: str
    region_url: str | None
    """`_self.href`: where a PATCH of it must go; None where the provider did not say."""
    raw: bytes
    """The body of its webhook as the tenant is told it."""
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A cancel that came before its start."""

    workflow_id: str
    tenant: str
    by: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A person who must not be written to by this tenant."""

    tenant: str
    person: str
    why: str
    since: float
    by: str = "cascade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A workflow's new state with everything that follows from it: all of it is written, or nothing."""

    workflow: Workflow
    version: int | None
    """Version it was decided on; None inserts."""
    wake_at: float | None
    """Earliest of all its clocks; None only when final."""
    wake_ungated_at: float | None
    """Earliest of the clocks that don't wait for the receipts watermark; None where there is none."""
    account: str
    """Provider account of the current step, for finding the rows that a stop covers."""
    entries: tuple[Entry, ...]
    outbox: tuple[OutboxRow, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    """Inserted, or their provider_uuid filled in, by reference."""
    callbacks: tuple[CallbackRow, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    stops: tuple[Stop, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One transaction of a turn."""

    changes: tuple[Change, ...] = ()
    outbox: tuple[OutboxRow, ...] = ()
    """Messages that belong to no change: answers to publishers, handed-back step messages, inbound events."""
    parked: tuple[ParkedReceipt, ...] = ()
    """Inserted or replaced by id."""
    unparked: tuple[str, ...] = ()
    inbound: tuple[InboundRow, ...] = ()
    """Ignored where the provider's uuid is there already; its callbacks and events are the caller's affair."""
    callbacks: tuple[CallbackRow, ...] = ()
    """Ignored where the id is there already."""
    tombstones: tuple[Tombstone, ...] = ()
    read_to: float | None = None
    """A marker's time: the watermark becomes the greater of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit did, for who must act on it."""

    lost: frozenset[str] = frozenset()
    """Workflow ids of the changes and tombstones that lost."""
    outbox_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A workflow as it is in the store."""

    workflow: Workflow
    version: int
    wake_at: float | None = None
    quarantined_until: float | None = None
    """Until then it is to be left alone; None where it is not in quarantine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Everything a turn looks at, read at one moment."""

    now: float
    workflows: Mapping[str, Stored]
    by_provider_uuid: Mapping[str, AttemptRow]
    attempts: Mapping[str, AttemptRow]
    """Attempts of the loaded workflows by reference."""
    suppressed: frozenset[tuple[str, str]]
    """(tenant, person) of the persons in the loaded workflows who are suppressed."""
    tombstones: Mapping[str, Tombstone]
    """Of the ids asked for that have no row."""
    newer: frozenset[str] = frozenset()
    """Ids whose document has a higher schema number than ours."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Ids whose document is of our schema and can't be read, with the error: a bug of ours, for the quarantine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What every dispatcher must know within a second."""

    now: float
    stops: tuple[Stop, ...] = ()
    read_to: float = 0.0
    """The receipts watermark; 0.0 before the first marker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherRow:
    """One dispatcher's sign of life."""

    name: str
    host: str
    pid: int
    version: str
    since: float
    seen_at: float
    calls_in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Ages and counts of what waits."""

    now: float
    outbox_count: int
    outbox_oldest_s: float
    """0.0 when empty."""
    overdue_s: float
    """How long ago the earliest `wake_at` was due; 0.0 when none is."""
    leases_over: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Counts of workflows."""

    now: float
    by_state: Mapping[str, int]
    by_outcome: Mapping[str, int]
