"""Read an inbound message of any generation and type. Pure.

The body goes on to the caller; only what leads to its tenant, its person and its answer is taken out here
(protocol 5.5).
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.vonage.fields import identifier, web_address, words
from shared.vonage.webhook_parts import Document, address_of, channel_of, member, time_of, unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundWebhook:
    """A message from a person to us."""

    provider_uuid: str
    channel: str
    sender: str
    """The person: a number or an id."""
    recipient: str
    """Our number or id that was written to."""
    kind: str
    """text, image, ..., "unsupported" where the provider named none and there is no text."""
    text: str | None = None
    """What was written, also as a button's or reply's title; None where there are no words."""
    region_url: str | None = None
    """Where a PATCH of it must go; None where the provider did not say."""
    timestamp: str | None = None
    reference: str | None = None
    answers_uuid: str | None = None
    """The provider's uuid of our message that it answers; None where not told."""


def inbound_in(document: Document) -> InboundWebhook:
    """Read an inbound message; raises WireError where it does not say which, from whom or to whom."""
    uuid, channel = identifier(document.get("message_uuid")), channel_of(document)
    sender, recipient = address_of(document.get("from")), address_of(document.get("to"))
    if uuid is None:
        raise unreadable("message_uuid", "required", "is missing or no id")
    if channel is None:
        raise unreadable("channel", "required", "is missing or no name")
    if sender is None:
        raise unreadable("from", "required", "is missing or no address")
    if recipient is None:
        raise unreadable("to", "required", "is missing or no address")
    content = member(member(document, "message"), "content") or document
    text = _text(content)
    kind = words(content.get("message_type")) or words(content.get("type"))
    return InboundWebhook(
        provider_uuid=uuid,
        channel=channel,
        sender=sender,
        recipient=recipient,
        kind=kind or ("text" if text is not None else "unsupported"),
        text=text,
        region_url=web_address(member(document, "_self").get("href")),
        timestamp=time_of(document),
        reference=identifier(document.get("client_ref")),
        answers_uuid=identifier(member(document, "context").get("message_uuid")),
    )


def _text(content: Document) -> str | None:
    said = (content.get("text"), member(content, "button").get("text"), member(content, "reply").get("title"))
    return next((each for each in said if isinstance(each, str)), None)
