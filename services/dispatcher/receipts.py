"""Status webhooks: read, matched to an attempt, or parked until the attempt is known (architecture 6, 7).

Matched by the reference that we gave, else by the provider's uuid, never by a number; where the provider runs the
workflow also by its id of that (semantics 10). A webhook may touch only
attempts of the account whose secret signed it (semantics 6). What matches nothing is tried again for five minutes:
the provider may know its uuid before we do. After that it is an orphan, most likely of another application that
shares the account, and is kept for seven days.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from services.dispatcher.events import SeenMessage
from services.dispatcher.failover_provider_steps import step_seen
from services.dispatcher.ports import Delivery
from services.dispatcher.work import InboundRead, ReceiptRead, ReportRead, StatusRead
from shared.errors import Fault, WireError
from shared.ids import parse_reference
from shared.model import Workflow
from shared.queue import envelope
from shared.store.directory import Directory
from shared.store.records import AttemptRow, ParkedReceipt, Turn
from shared.vonage.fields import identifier
from shared.vonage.legacy_sms import legacy_as_v1
from shared.vonage.webhooks import (
    InboundWebhook,
    ReportWebhook,
    StatusWebhook,
    read,
    read_status,
)

RETRIED_FOR_S = 300.0
LONGEST_PAUSE_S = 60.0
KEPT_FOR_S = 7 * 86_400.0


def read_webhook(delivery: Delivery) -> ReceiptRead | InboundRead | None:
    """Read a webhook, whichever of the provider's addresses it came to; None where it says nothing.

    Raises WireError where it is none of an account of ours, or can't be read.
    """
    account, raw = account_of(delivery), _in_v1(delivery)
    if raw is None:
        return None
    match read(raw):
        case StatusWebhook() as status:
            return _status_read(status, raw, account=account, delivery=delivery)
        case InboundWebhook() as message:
            about = identifier(delivery.headers.get(envelope.ABOUT_APPLICATION))
            return InboundRead(account=account, message=message, raw=raw, delivery=delivery, application_id=about)
        case ReportWebhook() as report:
            return ReportRead(account=account, report=report, raw=raw, delivery=delivery)


def _in_v1(delivery: Delivery) -> bytes | None:
    """Return the body of a webhook; of those in the old form of the SMS API what v1 says instead."""
    match delivery.headers.get(envelope.LEGACY):
        case None:
            return delivery.body
        case envelope.LEGACY_RECEIPT | envelope.LEGACY_INBOUND:
            return legacy_as_v1(delivery.body, delivery.content_type)
        case _:
            raise WireError(Fault(pointer="", name="headers", reason="name an unknown old form", code="enum"))


def account_of(delivery: Delivery) -> str:
    """Return the account whose secret signed a webhook, as the ingress found it.

    Raises WireError without one, and where only the beginning of the webhook came.
    """
    if (size := delivery.headers.get(envelope.TRUNCATED)) is not None:
        reason = f"only the beginning came of a webhook of {str(size)[:20]} bytes"
        raise WireError(Fault(pointer="", name="body", reason=reason, code="too_long"))
    account = delivery.headers.get(envelope.ACCOUNT)
    if not isinstance(account, str) or not account:
        raise WireError(Fault(pointer="", name="headers", reason="name no account that signed it", code="required"))
    return account


def read_parked(parked: ParkedReceipt) -> ReceiptRead:
    """Read a parked receipt, or a parked report, again. Raises WireError."""
    report = read(parked.raw)
    if isinstance(report, ReportWebhook):
        return ReportRead(account=parked.account, report=report, raw=parked.raw, parked=parked)
    status = _status_read(read_status(parked.raw), parked.raw, account=parked.account, delivery=None)
    return replace(status, parked=parked)


def _status_read(status: StatusWebhook, raw: bytes, *, account: str, delivery: Delivery | None) -> StatusRead:
    return StatusRead(
        account=account,
        reference=status.reference,
        receipt=status.receipt,
        raw=raw,
        message=SeenMessage(
            workflow_id=status.workflow_id,
            channel=status.channel,
            recipient=status.recipient,
            sender=status.sender,
            item_number=status.item_number,
        ),
        delivery=delivery,
    )


def workflow_meant(read: ReceiptRead | InboundRead) -> str | None:
    """Return the workflow that the reference names; None where it is not one of ours."""
    named = parse_reference(read.reference) if read.reference is not None else None
    return named[0] if named is not None else None


def match(read: ReceiptRead, turn: Turn, directory: Directory) -> AttemptRow | str:
    """Return the attempt that a receipt speaks of, or why it matches none: unknown, wrong_account, no_step,
    no_attempt.

    Step 0 stands for the whole of a workflow that the provider runs.
    """
    found = match_ids(read.reference, read.provider_uuid, read.account, turn, directory)
    if found == "unknown":
        found = match_ids(None, read.provider_workflow, read.account, turn, directory)
    if not isinstance(found, AttemptRow) or not isinstance(read, StatusRead):
        return found
    stored = turn.workflows.get(found.workflow_id)
    if found.step:
        return found if stored is None or _is_known(found, stored.workflow) else "no_attempt"
    # Which of several equal steps it is, is decided where it is folded; that there is one, now.
    return found if stored is None or step_seen(stored.workflow, read.message) is not None else "no_step"


def _is_known(row: AttemptRow, workflow: Workflow) -> bool:
    """Tell whether a reference still means something: handing a workflow over gives one to steps that had no call.

    Where it was taken over after that, a word on such a step is kept for people, and for the call that may follow.
    """
    attempts = workflow.steps[row.step - 1].attempts
    return workflow.run_by_provider or any(known.number == row.attempt for known in attempts)


def match_ids(
    reference: str | None, provider_uuid: str | None, account: str, turn: Turn, directory: Directory
) -> AttemptRow | str:
    """Return the attempt that a reference names, else the provider's uuid, or the reason why there is none."""
    row: AttemptRow | None = None
    if reference is not None:
        row = turn.attempts.get(reference)
    if row is None and provider_uuid is not None:
        row = turn.by_provider_uuid.get(provider_uuid)
    if row is None:
        return "unknown"
    return row if directory.same_account(row.account, account) else "wrong_account"


def parked_again(read: ReceiptRead, reason: str, now: float) -> ParkedReceipt:
    """Return the parked row of a receipt that matched nothing; `next_at` None once it is given up."""
    known = read.parked
    first_at = now if known is None else known.first_at
    tries = 1 if known is None else known.tries + 1
    next_at = now + min(2.0 ** (tries - 1), LONGEST_PAUSE_S)
    return ParkedReceipt(
        parked_id=hashlib.sha256(read.account.encode() + b"\0" + read.raw).hexdigest(),
        account=read.account,
        provider_uuid=read.provider_uuid,
        reference=read.reference,
        raw=read.raw,
        reason=reason,
        first_at=first_at,
        next_at=next_at if next_at <= first_at + RETRIED_FOR_S else None,
        tries=tries,
        keep_until=first_at + KEPT_FOR_S,
    )
