"""The bodies of the provider's v1 webhooks: statuses (protocol 5.4) and inbound messages (5.5). Pure."""

from collections.abc import Mapping
from typing import Any, Final

from services.sandbox.clock import written
from services.sandbox.ledger import Message
from services.sandbox.scripts import NEGATIVE, Receipt

# Price in euros of one message, and the status that makes it due (protocol 4.4).
_PRICES: Final[Mapping[str, tuple[str, str]]] = {
    "sms": ("0.0333", "submitted"),
    "viber_service": ("0.0150", "delivered"),
    "messenger": ("0.0080", "delivered"),
}
_INBOUND_PRICES: Final[Mapping[str, str]] = {"sms": "0.0050"}
_RANKS: Final = ("submitted", "delivered", "read")

_USUAL_CODES: Final = {"rejected": 1300, "undeliverable": 1260}
_MEANINGS: Final[Mapping[int, str]] = {
    1000: "Throttled",
    1240: "Illegal number",
    1260: "Destination unreachable",
    1280: "Blocked by the carrier",
    1300: "Not part of the provider network",
    1320: "Already sent",
    1330: "Unknown error of the carrier",
    1360: "TTL expired",
}


def status_body(message: Message, receipt: Receipt, moment_s: float, instance: str) -> dict[str, object]:
    """Build a v1 status webhook; `instance` is drawn by the caller and appears in errors only."""
    body: dict[str, object] = {
        "message_uuid": message.message_uuid,
        "to": message.to,
        "from": message.sender,
        "timestamp": written(moment_s),
        "status": receipt.status,
        "channel": message.channel,
        "usage": {"currency": "EUR", "price": _price(message.channel, receipt.status)},
    }
    if message.client_ref is not None:
        body["client_ref"] = message.client_ref
    if receipt.status in NEGATIVE:
        code = receipt.code or _USUAL_CODES[receipt.status]
        body["error"] = {
            "type": f"https://developer.vonage.com/api-errors/messages#{code}",
            "title": str(code),
            "detail": _MEANINGS.get(code, f"Error {code}"),
            "instance": instance,
        }
    if message.channel == "sms":
        body["destination"] = {"network_code": "23410"}
        body["sms"] = {"count_total": str(_parts(str(message.body.get("text", ""))))}
    return body


def inbound_body(
    fields: Mapping[str, Any], message_uuid: str, answered: Message | None, moment_s: float
) -> dict[str, object]:
    """Build a v1 inbound webhook from `channel`, `to`, `from`, `text` and whatever else is given.

    `answered` is the message that is replied to, None if there is none; its reference comes back. A given field goes
    before one made here.
    """
    channel, text = str(fields["channel"]), fields.get("text")
    body: dict[str, object] = {
        "channel": channel,
        "message_uuid": message_uuid,
        "to": fields["to"],
        "from": fields["from"],
        "timestamp": written(moment_s),
        "message_type": "text",
        "usage": {"currency": "EUR", "price": _INBOUND_PRICES.get(channel, "0.0000")},
    }
    if channel == "sms" and isinstance(text, str):
        parts, words = str(_parts(text)), text.split()
        body["sms"] = {"num_messages": parts, "total_count": parts, "keyword": words[0].upper() if words else ""}
        body["origin"] = {"network_code": "23410"}
    if answered is not None and answered.client_ref is not None:
        body["client_ref"] = answered.client_ref
    return {**body, **fields}


def _price(channel: str, status: str) -> str:
    price, due_at = _PRICES.get(channel, ("0.0100", "delivered"))
    due = status in _RANKS and _RANKS.index(status) >= _RANKS.index(due_at)
    return price if due else "0.0000"


def _parts(text: str) -> int:
    """Count the parts of an SMS. ASCII stands for the 7-bit alphabet here, which is near enough for a price."""
    single, several = (160, 153) if text.isascii() else (70, 67)
    length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    return 1 if length <= single else -(-length // several)
