"""What a message costs here, and when it is due (protocol 4.4). Pure."""

from collections.abc import Mapping
from typing import Final

from services.sandbox.drafts import Draft

CURRENCY: Final = "EUR"
NOTHING: Final = "0.0000"
# Price of one message, and the status that makes it due.
_PRICES: Final[Mapping[str, tuple[str, str]]] = {
    "sms": ("0.0333", "submitted"),
    "mms": ("0.0500", "submitted"),
    "viber_service": ("0.0150", "delivered"),
    "messenger": ("0.0080", "delivered"),
}
_OTHERS: Final = ("0.0100", "delivered")
_INBOUND: Final[Mapping[str, str]] = {"sms": "0.0050", "mms": "0.0100"}
_RANKS: Final = ("submitted", "delivered", "read")


def price_of(channel: str, status: str) -> str:
    """Give what is due for a message once it has this status."""
    price, due_at = _PRICES.get(channel, _OTHERS)
    due = status in _RANKS and _RANKS.index(status) >= _RANKS.index(due_at)
    return price if due else NOTHING


def inbound_price_of(channel: str) -> str:
    return _INBOUND.get(channel, NOTHING)


def parts_of(draft: Draft) -> int:
    """Count the parts of an SMS."""
    return parts(str(draft.content or ""))


def parts(text: str) -> int:
    """Count the parts of a text. ASCII stands for the 7-bit alphabet here, which is near enough for a price."""
    single, several = (160, 153) if text.isascii() else (70, 67)
    length = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    return 1 if length <= single else -(-length // several)
