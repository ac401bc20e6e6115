"""Read the final report of a workflow that the provider ran itself (protocol 5.3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model import Status
from shared.vonage.fields import identifier, price_of
from shared.vonage.webhook_parts import Document, channel_of, member, time_of, unreadable

MOST_MESSAGES = 100
"""Links that are read of one report; the provider runs ten messages at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedMessage:
    """One message of the workflow, as the report sums it up."""

    provider_uuid: str
    channel: str | None = None
    """In today's words, `viber_sevice_msg` too; None where not told."""
    status: Status | None = None
    """None where not told, or in a word that we do not know."""
    price: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWebhook:
    """The end of a workflow that the provider ran itself."""

    workflow_id: str
    completed: bool
    messages: tuple[ReportedMessage, ...] = ()
    """Those that were sent, in the provider's order; a link that names no message is left out."""
    price: str | None = None
    """Of the whole, so far: a late delivery may cost more."""
    currency: str | None = None
    timestamp: str | None = None


def report_in(document: Document) -> ReportWebhook:
    """Read a final report; raises WireError without a workflow's id or a status of the two there are."""
    workflow_id = identifier(document.get("dispatch_uuid")) or identifier(document.get("workflow_uuid"))
    status = document.get("status")
    if workflow_id is None:
        raise unreadable("dispatch_uuid", "required", "is missing or no id")
    if status not in ("completed", "error"):
        raise unreadable("status", "unknown_status", "is neither completed nor error")
    links, usage = member(document, "_links").get("messages"), member(document, "usage")
    read = (_message(link) for link in (links if isinstance(links, list) else [])[:MOST_MESSAGES])
    return ReportWebhook(
        workflow_id=workflow_id,
        completed=status == "completed",
        messages=tuple(message for message in read if message is not None),
        price=price_of(usage.get("price")),
        currency=identifier(usage.get("currency")),
        timestamp=time_of(document),
    )


def _message(link: object) -> ReportedMessage | None:
    if not isinstance(link, Mapping):
        return None
    uuid = identifier(link.get("message_uuid"))
    if uuid is None:
        return None
    usage, word = member(link, "usage"), link.get("status")
    return ReportedMessage(
        provider_uuid=uuid,
        channel=channel_of(link),
        status=next((status for status in Status if status.value == word), None),
        price=price_of(usage.get("price")),
        currency=identifier(usage.get("currency")),
    )
