"""Commands about one workflow: cancel, and an operator's "next now". They come from the ingress, console and CLI."""

from __future__ import annotations

from services.dispatcher.events import AnyEvent, Cancel, NextNow
from services.dispatcher.ports import Delivery
from services.dispatcher.work import Command
from shared.errors import WireError
from shared.wire.envelopes import CommandName, MessageUpdate, read_command
from shared.wire.places import WHOLE


def read_wish(delivery: Delivery) -> Command:
    """Return what a message of `cascade.commands` asks for. Raises WireError where it can't be read."""
    wish = read_command(delivery.body)
    if isinstance(wish, MessageUpdate):
        raise WireError(WHOLE.member("command").fault("unsupported", "asks for what this dispatcher does not do"))
    event: AnyEvent
    match wish.command:
        case CommandName.CANCEL:
            event = Cancel(by=wish.by)
        case CommandName.NEXT:
            event = NextNow(by=wish.by)
    return Command(workflow_id=wish.workflow_id, tenant=wish.tenant, event=event, delivery=delivery)
