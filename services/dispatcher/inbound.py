"""Inbound messages: kept once per provider's uuid, told as an event and to the address of whom they are for."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from services.dispatcher.ports import Delivery
from services.dispatcher.receipts import account_of
from services.dispatcher.telling import callback_row
from services.dispatcher.work import Piece
from shared.queue import envelope
from shared.queue.topology import EVENTS
from shared.store.directory import Directory
from shared.store.records import CallbackRow, InboundRow, OutboxRow
from shared.vonage.webhooks import InboundWebhook, read_inbound
from shared.wire.announcements import event, write

NAME = "inbound.received"


def inbound_piece(delivery: Delivery, *, directory: Directory, now: float, owner: str) -> Piece:
    """Return what is written of an inbound message. Raises WireError where it can't be read.

    Its ids are the provider's and pass unchanged; the body goes on as it came.
    """
    account = account_of(delivery)
    message = read_inbound(delivery.body)
    tenant = tenant_of(message, account=account, directory=directory)
    id_ = str(uuid5(NAMESPACE_URL, f"{account}/{message.provider_uuid}"))
    told = event(
        id=id_,
        event=NAME,
        at=now,
        tenant=tenant,
        facts={"message_uuid": message.provider_uuid, "channel": message.channel, "kind": message.kind},
    )
    return Piece(
        deliveries=(delivery,),
        inbound=(
            InboundRow(
                provider_uuid=message.provider_uuid,
                tenant=tenant,
                account=account,
                channel=message.channel,
                sender=message.sender,
                recipient=message.recipient,
                region_url=message.region_url,
                raw=delivery.body,
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
        callbacks=_callbacks(id_, delivery.body, tenant, directory, now),
    )


def tenant_of(message: InboundWebhook, *, account: str, directory: Directory) -> str:
    """Return whose inbound message it is: the tenant of the most specific route that uses this number and account.

    Without such a route the only tenant there is, else "default".
    """
    routes = [
        route
        for route in directory.routes
        if route.account == account
        and route.tenant is not None
        and route.channel in (None, message.channel)
        and route.sender in (None, message.recipient)
    ]
    best = max(routes, key=lambda route: (route.sender is not None, route.channel is not None), default=None)
    if best is not None and best.tenant is not None:
        return best.tenant
    return next(iter(directory.tenants)) if len(directory.tenants) == 1 else "default"


def _callbacks(id_: str, raw: bytes, tenant: str, directory: Directory, now: float) -> tuple[CallbackRow, ...]:
    known = directory.tenants.get(tenant)
    url = known.inbound_url if known is not None else None
    application_id = None
    if url is None:  # the tenant's only application, where it has one with an address
        own = [each for each in directory.applications.values() if each.tenant == tenant and each.inbound_url]
        if len(own) == 1:
            url, application_id = own[0].inbound_url, own[0].application_id
    if url is None:
        return ()
    return (
        callback_row(
            callback_id=id_,
            workflow_id=None,
            tenant=tenant,
            kind="inbound",
            url=url,
            body=raw,
            application_id=application_id,
            directory=directory,
            now=now,
        ),
    )
