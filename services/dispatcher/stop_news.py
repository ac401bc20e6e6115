"""Stops as events and alarms: said when they begin and when they end, under ids that all dispatchers share."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from services.dispatcher.work import Piece
from shared.model import Stop
from shared.queue import envelope
from shared.queue.topology import EVENTS
from shared.store.records import OutboxRow
from shared.wire.announcements import event, write

TENANT = "cascade"
"""Stops concern the deployment and no single tenant: operators bind to this word."""


def stop_news(stop: Stop, *, began: bool, at: float, owner: str) -> Piece:
    """Return the event that a stop began or ended. Several dispatchers may tell it: consumers drop a known id."""
    name = "channel.stopped" if began else "channel.resumed"
    id_ = str(uuid5(NAMESPACE_URL, f"{stop.key}/{stop.since:.6f}/{name}"))
    facts = {
        "kind": stop.kind.value,
        "account": stop.account,
        "channel": stop.channel,
        "sender": stop.sender,
        "reason": stop.reason,
        "by": stop.by,
    }
    told = {key: value for key, value in facts.items() if value is not None}
    row = OutboxRow(
        exchange=EVENTS,
        routing_key=f"{TENANT}.{name}",
        type=envelope.EVENT,
        message_id=id_,
        body=write(event(id=id_, event=name, at=at, tenant=TENANT, facts=told)),
        mandatory=False,
        owner=owner,
    )
    return Piece(outbox=(row,))
