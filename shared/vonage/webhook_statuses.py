"""Read a status webhook of any generation. Pure.

Read either way: an error flat or nested once more, its title a text or a number, both sets of names for a workflow's
items, and the nested addresses of v0.1 (protocol 5.2, 5.4, A1-A3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from shared.model import Problem, Receipt, Status
from shared.vonage.fields import count_of, fragment_of, identifier, price_of, words
from shared.vonage.webhook_parts import Document, address_of, channel_of, member, time_of, unreadable

UNKNOWN_CODE = "unknown"
"""Code of a negative status whose error names none we can read."""
EXTRAS = ("destination", "sms", "whatsapp", "profile")
"""Members of a v1 status that callers parse and that mean nothing to us: network, number of parts, prices, names."""
LARGEST_EXTRAS = 4096
"""Bytes of all of them together; larger ones are no extras of the provider's, and are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWebhook:
    """A status of one message."""

    receipt: Receipt
    reference: str | None
    """`client_ref` as we sent it; None where the provider did not give it back."""
    provider_uuid: str | None
    """The provider's message uuid; None only where `reference` is there."""
    channel: str | None = None
    sender: str | None = None
    recipient: str | None = None
    workflow_id: str | None = None
    """The provider's id of a workflow it runs; None for single messages."""
    item_number: int | None = None
    """Which item of that workflow, from 1."""
    items_total: int | None = None


def status_in(document: Document) -> StatusWebhook:
    """Read a status; raises WireError also for a status word that we do not know."""
    word = document.get("status")
    try:
        status = Status(word if isinstance(word, str) else "")
    except ValueError as error:
        raise unreadable("status", "unknown_status", "is not a status we know") from error
    uuid, reference = identifier(document.get("message_uuid")), identifier(document.get("client_ref"))
    if uuid is None and reference is None:
        raise unreadable("message_uuid", "required", "is missing, and client_ref too: nothing says which message")
    usage, workflow = member(document, "usage"), member(document, "workflow")
    return StatusWebhook(
        receipt=Receipt(
            status=status,
            problem=_problem(document.get("error")) if status.negative else None,
            provider_uuid=uuid,
            price=price_of(usage.get("price")),
            currency=identifier(usage.get("currency")),
            timestamp=time_of(document),
            extras=_extras(document),
        ),
        reference=reference,
        provider_uuid=uuid,
        channel=channel_of(document),
        sender=address_of(document.get("from")),
        recipient=address_of(document.get("to")),
        workflow_id=identifier(workflow.get("workflow_id", workflow.get("id"))) or _linked_workflow(document),
        item_number=count_of(workflow.get("items_number", workflow.get("item_number"))),
        items_total=count_of(workflow.get("items_total", workflow.get("total_items"))),
    )


def _problem(error: object) -> Problem | None:
    if isinstance(error, Mapping) and isinstance(error.get("error"), Mapping):
        error = error["error"]
    if not isinstance(error, Mapping) or not error:
        return None
    title, type_uri = words(error.get("title")), words(error.get("type"))
    text = words(error.get("detail")) or words(error.get("reason"))
    # v1 puts the code into the title, v0.1 into `code`; the type's fragment repeats it.
    stated = (words(error.get("code")), title, fragment_of(type_uri))
    code = next((each for each in stated if each.isascii() and each.isdigit() and len(each) <= 6), UNKNOWN_CODE)
    if title == code:
        title = ""
    return Problem(code=code, title=title or text, detail=text, type=type_uri)


def _extras(document: Document) -> Document:
    extras = {name: value for name in EXTRAS if isinstance(value := document.get(name), Mapping) and value}
    return extras if not extras or len(msgspec.json.encode(extras)) <= LARGEST_EXTRAS else {}


def _linked_workflow(document: Document) -> str | None:
    workflow = member(member(document, "_links"), "workflow")
    return identifier(workflow.get("dispatch_uuid")) or identifier(workflow.get("workflow_uuid"))
