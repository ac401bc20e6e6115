"""Inbound messages: kept once per account and provider's uuid, told as an event and to whomever they are for.

What answers a message of ours belongs to whoever sent that: it names the message by the provider's uuid, which the
store leads back to the attempt, so that the caller reads the id and the reference it knows. Only attempts of the
account whose secret signed count. Whose all else is, `addressees.py` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from services.dispatcher.addressees import addressee, tenant_of
from services.dispatcher.receipts import match_ids
from services.dispatcher.telling import callback_row
from services.dispatcher.work import InboundRead, Piece
from shared.ids import message_uuid, parse_reference
from shared.model import Workflow
from shared.queue import envelope
from shared.queue.topology import EVENTS
from shared.store.directory import Directory
from shared.store.records import AttemptRow, CallbackRow, InboundRow, OutboxRow, Turn
from shared.wire.announcements import event, write
from shared.wire.inbound import inbound_webhook

NAME = "inbound.received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The message of ours that an inbound message speaks of."""

    row: AttemptRow
    workflow: Workflow

    @property
    def message_uuid(self) -> str:
        """Our own id of that message."""
        return message_uuid(self.row.workflow_id, self.row.step)

    @property
    def client_ref(self) -> str | None:
        """The caller's own reference of that message."""
        return self.workflow.steps[self.row.step - 1].client_ref


def inbound_piece(
    read: InboundRead, *, turn: Turn, directory: Directory, owner: str, public_url: str | None = None
) -> Piece:
    """Return what is written of an inbound message. Its own id is the provider's and passes unchanged.

    `public_url`: where callers reach the ingress; None where nobody said.
    """
    message, now = read.message, turn.now
    answered = _found(match_ids(None, message.answers_uuid, read.account, turn, directory), turn)
    referred = _found(match_ids(message.reference, None, read.account, turn, directory), turn)
    known = answered or referred
    workflow = known.workflow if known is not None else None
    tenant = workflow.tenant if workflow is not None else tenant_of(read, directory)
    if referred is not None and referred.workflow.tenant != tenant:  # one tenant's reference is no other's to read
        referred = None
    id_ = str(uuid5(NAMESPACE_URL, f"{read.account}/{message.provider_uuid}"))
    facts = {"message_uuid": message.provider_uuid, "channel": message.channel, "kind": message.kind}
    told = event(
        id=id_,
        event=NAME,
        at=now,
        tenant=tenant,
        facts=facts | ({} if answered is None else {"answers": answered.message_uuid}),
    )
    told_at = addressee(read, tenant, workflow, directory)
    body = _body(read, told_at.version if told_at is not None else None, answered, referred, public_url)
    callbacks: tuple[CallbackRow, ...] = ()
    if told_at is not None:
        row = callback_row(
            callback_id=id_,
            workflow_id=workflow.workflow_id if workflow is not None else None,
            tenant=tenant,
            kind="inbound",
            url=told_at.url,
            body=body,
            application_id=told_at.application_id,
            directory=directory,
            now=now,
        )
        callbacks = (row,)
    return Piece(
        work=(read,),
        inbound=(
            InboundRow(
                provider_uuid=message.provider_uuid,
                tenant=tenant,
                account=read.account,
                channel=message.channel,
                sender=message.sender,
                recipient=message.recipient,
                region_url=message.region_url,
                raw=body,
                received_at=now,
            ),
        ),
        outbox=(
            OutboxRow(
                exchange=EVENTS,
                routing_key=f"{tenant}.{NAME}",
                type=envelope.EVENT,
                message_id=id_,
                body=write(told),
                mandatory=False,
                owner=owner,
            ),
        ),
        callbacks=callbacks,
    )


def _found(row: AttemptRow | str, turn: Turn) -> Answered | None:
    if isinstance(row, str) or row.step == 0:  # 0: the whole of a workflow that the provider runs is no message
        return None
    stored = turn.workflows.get(row.workflow_id)
    return Answered(row=row, workflow=stored.workflow) if stored is not None else None


def _body(
    read: InboundRead,
    version: str | None,
    answered: Answered | None,
    referred: Answered | None,
    public_url: str | None,
) -> bytes:
    reference = read.message.reference
    message = quote(read.message.provider_uuid, safe="")
    return inbound_webhook(
        read.raw,
        version=version,
        answers=answered.message_uuid if answered is not None else None,
        ours=reference is not None and parse_reference(reference) is not None,
        client_ref=referred.client_ref if referred is not None else None,
        href=f"{public_url}/v1/messages/{message}" if public_url is not None else None,
    )
