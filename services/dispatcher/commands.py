"""Commands: cancel, an operator's "next now", the update of a message. From the ingress, console and CLI."""

from __future__ import annotations

from services.dispatcher.events import AnyEvent, Cancel, NextNow
from services.dispatcher.ports import Delivery, UpdateWish
from services.dispatcher.work import Command
from shared.wire.envelopes import CommandName, MessageUpdate, read_command


def read_wish(delivery: Delivery) -> Command | UpdateWish:
    """Return what a message of `cascade.commands` asks for. Raises WireError where it can't be read."""
    wish = read_command(delivery.body)
    if isinstance(wish, MessageUpdate):
        return UpdateWish(update=wish, delivery=delivery)
    event: AnyEvent
    match wish.command:
        case CommandName.CANCEL:
            event = Cancel(by=wish.by)
        case CommandName.NEXT:
            event = NextNow(by=wish.by)
    return Command(workflow_id=wish.workflow_id, tenant=wish.tenant, event=event, delivery=delivery)
