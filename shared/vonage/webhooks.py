"""Read the provider's webhooks: statuses and inbound messages, tolerant where its own sources disagree. Pure.

`verify` first (over the raw bytes), then `classify` or `read`. Every reader raises WireError for what it can't read,
and nothing else. Read either way: an error flat or nested once more, its title a text or a number, both sets of
names for a workflow's items, and the nested addresses of v0.1 (protocol A1-A3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.channels import CHANNELS
from shared.errors import Fault, WireError
from shared.model import Problem, Receipt, Status
from shared.strict_json import loads
from shared.vonage.fields import count_of, fragment_of, identifier, price_of, web_address, words
from shared.vonage.signatures import Verdict, Verification, verify

__all__ = [
    "LARGEST_WEBHOOK",
    "InboundWebhook",
    "ReportWebhook",
    "StatusWebhook",
    "Verdict",
    "Verification",
    "WebhookKind",
    "classify",
    "read",
    "read_inbound",
    "read_status",
    "verify",
]

LARGEST_WEBHOOK = 1_048_576
"""Bytes."""
UNKNOWN_CODE = "unknown"
"""Code of a negative status whose error names none we can read."""

Document = Mapping[str, object]


class WebhookKind(StrEnum):
    """What a webhook tells. One address may get all three."""

    STATUS = "status"
    INBOUND = "inbound"
    REPORT = "report"
    """The end of a workflow that the provider ran itself."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWebhook:
    """The end of a workflow that the provider ran itself."""

    workflow_id: str
    completed: bool


AnyWebhook = StatusWebhook | InboundWebhook | ReportWebhook


def classify(raw: bytes) -> WebhookKind:
    """Tell what a body is (protocol 5.1); raises WireError where it is none of the three."""
    return _kind(_document(raw))


def read(raw: bytes) -> AnyWebhook:
    """Read a body of any kind; raises WireError."""
    document = _document(raw)
    return _READERS[_kind(document)](document)


def read_status(raw: bytes) -> StatusWebhook:
    """Read a status webhook; raises WireError also for a status word that we do not know."""
    return _status(_document(raw))


def read_inbound(raw: bytes) -> InboundWebhook:
    """Read an inbound message; raises WireError."""
    return _inbound(_document(raw))


def _document(raw: bytes) -> Document:
    value = loads(raw, max_bytes=LARGEST_WEBHOOK, max_depth=32)
    if not isinstance(value, dict):
        raise _unreadable("", "type", "is not a JSON object")
    return value


def _kind(document: Document) -> WebhookKind:
    if "status" in document:
        if document.get("message_uuid") is None and "template" in document:
            return WebhookKind.REPORT
        return WebhookKind.STATUS
    if any(name in document for name in ("message_type", "message", "text")):
        return WebhookKind.INBOUND
    raise _unreadable("", "kind", "is neither a status nor an inbound message nor a final report")


def _status(document: Document) -> StatusWebhook:
    word = document.get("status")
    try:
        status = Status(word if isinstance(word, str) else "")
    except ValueError as error:
        raise _unreadable("status", "unknown_status", "is not a status we know") from error
    uuid, reference = identifier(document.get("message_uuid")), identifier(document.get("client_ref"))
    if uuid is None and reference is None:
        raise _unreadable("message_uuid", "required", "is missing, and client_ref too: nothing says which message")
    usage, workflow = _member(document, "usage"), _member(document, "workflow")
    return StatusWebhook(
        receipt=Receipt(
            status=status,
            problem=_problem(document.get("error")) if status.negative else None,
            provider_uuid=uuid,
            price=price_of(usage.get("price")),
            currency=identifier(usage.get("currency")),
            timestamp=words(document.get("timestamp"))[:64] or None,
        ),
        reference=reference,
        provider_uuid=uuid,
        channel=_channel(document),
        sender=_address(document.get("from")),
        recipient=_address(document.get("to")),
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


def _inbound(document: Document) -> InboundWebhook:
    uuid, channel = identifier(document.get("message_uuid")), _channel(document)
    sender, recipient = _address(document.get("from")), _address(document.get("to"))
    if uuid is None:
        raise _unreadable("message_uuid", "required", "is missing or no id")
    if channel is None:
        raise _unreadable("channel", "required", "is missing or no name")
    if sender is None:
        raise _unreadable("from", "required", "is missing or no address")
    if recipient is None:
        raise _unreadable("to", "required", "is missing or no address")
    content = _member(_member(document, "message"), "content") or document
    text = _text(content)
    kind = words(content.get("message_type")) or words(content.get("type"))
    return InboundWebhook(
        provider_uuid=uuid,
        channel=channel,
        sender=sender,
        recipient=recipient,
        kind=kind or ("text" if text is not None else "unsupported"),
        text=text,
        region_url=web_address(_member(document, "_self").get("href")),
        timestamp=words(document.get("timestamp"))[:64] or None,
        reference=identifier(document.get("client_ref")),
        answers_uuid=identifier(_member(document, "context").get("message_uuid")),
    )


def _text(content: Document) -> str | None:
    said = (content.get("text"), _member(content, "button").get("text"), _member(content, "reply").get("title"))
    return next((each for each in said if isinstance(each, str)), None)


def _report(document: Document) -> ReportWebhook:
    workflow_id = identifier(document.get("dispatch_uuid")) or identifier(document.get("workflow_uuid"))
    status = document.get("status")
    if workflow_id is None:
        raise _unreadable("dispatch_uuid", "required", "is missing or no id")
    if status not in ("completed", "error"):
        raise _unreadable("status", "unknown_status", "is neither completed nor error")
    return ReportWebhook(workflow_id=workflow_id, completed=status == "completed")


def _member(document: Document, name: str) -> Document:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def _channel(document: Document) -> str | None:
    named = identifier(document.get("channel"))
    if named is not None:
        return named
    older = identifier(_member(document, "to").get("type"))
    return next((row.name for row in CHANNELS.values() if row.v0_1_name == older), older)


def _address(value: object) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("number", value.get("id"))
    text = words(value)
    return text if 0 < len(text) <= 320 else None


def _linked_workflow(document: Document) -> str | None:
    workflow = _member(_member(document, "_links"), "workflow")
    return identifier(workflow.get("dispatch_uuid")) or identifier(workflow.get("workflow_uuid"))


def _unreadable(name: str, code: str, reason: str) -> WireError:
    return WireError(Fault(pointer=f"/{name}" if name else "", name=name, reason=reason, code=code))


_READERS: Mapping[WebhookKind, Callable[[Document], AnyWebhook]] = {
    WebhookKind.STATUS: _status,
    WebhookKind.INBOUND: _inbound,
    WebhookKind.REPORT: _report,
}
