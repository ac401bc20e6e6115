"""The final report of a workflow that the provider ran, and how such workflows are shown (protocol 5.3). Pure."""

from collections.abc import Sequence
from decimal import Decimal

from services.sandbox.clock import written
from services.sandbox.drafts import old_name
from services.sandbox.prices import CURRENCY, price_of
from services.sandbox.receipts import uuid_name
from services.sandbox.records import Message


def report_body(
    workflow_id: str, generation: str, state: str, sent: Sequence[tuple[Message, str, str]], moment_s: float
) -> dict[str, object]:
    """Build the final report; `sent` has each message, the last status told of it, and the one it is paid by."""
    messages = [
        {
            "message_uuid": message.message_uuid,
            "href": message.message_uuid,
            "channel": old_name(message.channel),
            "usage": {"currency": CURRENCY, "price": price_of(message.channel, paid_by)},
            "status": status,
        }
        for message, status, paid_by in sent
    ]
    total = sum((Decimal(price_of(message.channel, paid_by)) for message, _, paid_by in sent), Decimal("0.0000"))
    return {
        uuid_name(generation): workflow_id,
        "template": "failover",
        "status": state,
        "timestamp": written(moment_s),
        "usage": {"price": str(total), "currency": CURRENCY},
        "_links": {"messages": messages},
    }
