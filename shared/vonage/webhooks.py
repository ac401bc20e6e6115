"""Read the provider's webhooks: statuses, inbound messages and final reports, on whichever address they come. Pure.

`verify` first (over the raw bytes), then `classify` or `read`. Every reader raises WireError for what it can't read,
and nothing else. The SMS API's own older webhooks are translated first (`legacy_sms.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from shared.vonage.signatures import Verdict, Verification, verify
from shared.vonage.webhook_inbound import InboundWebhook, inbound_in
from shared.vonage.webhook_parts import LARGEST_WEBHOOK, Document, document_of, unreadable
from shared.vonage.webhook_reports import ReportedMessage, ReportWebhook, report_in
from shared.vonage.webhook_statuses import StatusWebhook, status_in

__all__ = [
    "LARGEST_WEBHOOK",
    "InboundWebhook",
    "ReportWebhook",
    "ReportedMessage",
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


class WebhookKind(StrEnum):
    """What a webhook tells. One address may get all three."""

    STATUS = "status"
    INBOUND = "inbound"
    REPORT = "report"
    """The end of a workflow that the provider ran itself."""


AnyWebhook = StatusWebhook | InboundWebhook | ReportWebhook


def classify(raw: bytes) -> WebhookKind:
    """Tell what a body is (protocol 5.1); raises WireError where it is none of the three."""
    return _kind(document_of(raw))


def read(raw: bytes) -> AnyWebhook:
    """Read a body of any kind; raises WireError."""
    document = document_of(raw)
    return _READERS[_kind(document)](document)


def read_status(raw: bytes) -> StatusWebhook:
    """Read a status webhook; raises WireError also for a status word that we do not know."""
    return status_in(document_of(raw))


def read_inbound(raw: bytes) -> InboundWebhook:
    """Read an inbound message; raises WireError."""
    return inbound_in(document_of(raw))


def _kind(document: Document) -> WebhookKind:
    if "status" in document:
        if document.get("message_uuid") is None and "template" in document:
            return WebhookKind.REPORT
        return WebhookKind.STATUS
    if any(name in document for name in ("message_type", "message", "text")):
        return WebhookKind.INBOUND
    raise unreadable("", "kind", "is neither a status nor an inbound message nor a final report")


_READERS: Mapping[WebhookKind, Callable[[Document], AnyWebhook]] = {
    WebhookKind.STATUS: status_in,
    WebhookKind.INBOUND: inbound_in,
    WebhookKind.REPORT: report_in,
}
