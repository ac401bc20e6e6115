"""The nouns of a turn: what has to be done about one workflow, and what a turn commits about it.

`Work` waits in the engine until its turn; a turn makes of all work on one workflow one `Piece`, which is committed
whole. If the piece loses its compare-and-set, its work waits again. Deliveries are acknowledged with their piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.dispatcher.events import AnyEvent, SeenMessage
from services.dispatcher.ports import CallAnswer, CallTicket, Delivery
from shared.model import Receipt, Stop, Workflow
from shared.store.records import (
    CallbackRow,
    Change,
    InboundRow,
    OutboxRow,
    ParkedReceipt,
    Tombstone,
)
from shared.vonage.webhooks import InboundWebhook, ReportWebhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Where the publisher of a start wants its answer."""

    routing_key: str
    """Its `reply_to`, which begins with its own user name and a dot."""
    correlation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStart:
    """A workflow that was read from `cascade.intake`."""

    workflow: Workflow
    delivery: Delivery
    reply: Reply | None = None

    @property
    def workflow_id(self) -> str:
        """The workflow it starts."""
        return self.workflow.workflow_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A cancel, or an operator's "next now"."""

    workflow_id: str
    tenant: str
    event: AnyEvent
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTurn:
    """A step message whose turn has come: it has a permit, or the row must look at a stop."""

    workflow_id: str
    step: int
    attempt: int
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The one call that is tried in spite of a stop."""

    workflow_id: str
    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A sender's answer. It exists nowhere else, so it is kept until it is committed."""

    answer: CallAnswer

    @property
    def workflow_id(self) -> str:
        """The workflow the call was made for."""
        return self.answer.ticket.workflow_id


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRead:
    """A status webhook that was read, and is not matched to an attempt yet."""

    account: str
    """Provider account whose secret signed it."""
    reference: str | None
    receipt: Receipt
    raw: bytes
    message: SeenMessage = field(default_factory=SeenMessage)
    """How the provider names the message where it runs the workflow itself."""
    delivery: Delivery | None = None
    """None where it comes from the parked ones."""
    parked: ParkedReceipt | None = None

    @property
    def provider_uuid(self) -> str | None:
        """The provider's id of the message."""
        return self.receipt.provider_uuid

    @property
    def provider_workflow(self) -> str | None:
        """The provider's id of the workflow that it runs."""
        return self.message.workflow_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRead:
    """A final report that was read: the end of a workflow that the provider ran."""

    account: str
    report: ReportWebhook
    raw: bytes
    delivery: Delivery | None = None
    parked: ParkedReceipt | None = None
    reference: None = None
    """A report names no reference of ours."""
    provider_uuid: None = None

    @property
    def provider_workflow(self) -> str:
        """The provider's id of the workflow."""
        return self.report.workflow_id


ReceiptRead = StatusRead | ReportRead


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRead:
    """An inbound message that was read; which message of ours it answers is not looked up yet."""

    account: str
    """Provider account whose secret signed it."""
    message: InboundWebhook
    raw: bytes
    delivery: Delivery
    application_id: str | None = None
    """The provider's application that it was sent to, as the signature says; None where it does not."""

    @property
    def reference(self) -> str | None:
        """The reference in it, of ours or of somebody else's."""
        return self.message.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """Something of our own making: a timer, a stop or its end, a message that is gone."""

    workflow_id: str
    event: AnyEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class BackInQueue:
    """A ready row whose step message may have been acknowledged under a stop: the message is published once more.

    Nothing is written about it, since nothing was lost; where the first message is still there, one of them is stale.
    """

    workflow_id: str


WorkflowWork = NewStart | Command | StepTurn | Probe | CallEnded | StatusRead | ReportRead | Nudge | BackInQueue
"""What may move a workflow."""
Work = WorkflowWork | InboundRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one transaction holds about one workflow, or about a message that belongs to none."""

    workflow_id: str | None = None
    work: tuple[Work, ...] = ()
    """Comes back where the piece lost; its deliveries are acknowledged where it did not."""
    deliveries: tuple[Delivery, ...] = ()
    """Acknowledged with the piece, beside those of `work`."""
    change: Change | None = None
    tickets: tuple[CallTicket, ...] = ()
    """Calls to be made once the claim is committed."""
    probed: Stop | None = None
    """The stop that the call of this piece probes."""
    outbox: tuple[OutboxRow, ...] = ()
    parked: tuple[ParkedReceipt, ...] = ()
    unparked: tuple[str, ...] = ()
    inbound: tuple[InboundRow, ...] = ()
    callbacks: tuple[CallbackRow, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    read_to: float | None = None
    """A marker's time."""

    @property
    def writes(self) -> bool:
        """True when there is something to commit."""
        return (
            self.change is not None
            or self.read_to is not None
            or any((self.outbox, self.parked, self.unparked, self.inbound, self.callbacks, self.tombstones))
        )

    @property
    def tokens(self) -> tuple[int, ...]:
        """Deliveries to acknowledge once it is committed."""
        carried = (delivery_of(work) for work in self.work)
        return (*(each.token for each in self.deliveries), *(each.token for each in carried if each is not None))


def delivery_of(work: Work) -> Delivery | None:
    """Return the delivery that brought the work; None where it came by no message."""
    match work:
        case NewStart() | Command() | StepTurn() | StatusRead() | ReportRead() | InboundRead():
            return work.delivery
        case Probe() | CallEnded() | Nudge() | BackInQueue():
            return None


def comes_again(work: Work) -> bool:
    """Tell whether work of our own making is looked for again anyway: it need not be kept."""
    if isinstance(work, StatusRead | ReportRead):
        return work.parked is not None
    return isinstance(work, Nudge | Probe | BackInQueue)
