"""Dead letters: what could not be read or handled, kept as it came with the reason beside it, for people and replay."""

from __future__ import annotations

import hashlib

from services.dispatcher.ports import Delivery
from shared.queue import envelope
from shared.queue.topology import DEAD
from shared.store.records import OutboxRow

_LONGEST_DETAIL = 500
_LONGEST_WORD = 200
_MOST_HEADERS = 20


def dead_letter(delivery: Delivery, *, reason: str, detail: str, at: float, owner: str) -> OutboxRow:
    """Return the row that keeps a delivery in `cascade.dead`.

    `reason` is a word for programs and metrics, `detail` a sentence for people. A body above the limit is cut: the
    dead letter shows what it was, and nothing that large could be replayed.
    """
    cut = len(delivery.body) > envelope.MAXIMUM_BODY_BYTES
    headers = {
        **_kept(delivery),
        envelope.DEAD_REASON: reason,
        envelope.DEAD_DETAIL: (detail + (f" (cut, was {len(delivery.body)} bytes)" if cut else ""))[:_LONGEST_DETAIL],
        envelope.DEAD_QUEUE: delivery.queue,
        envelope.DEAD_EXCHANGE: delivery.exchange[:_LONGEST_WORD],
        envelope.DEAD_ROUTING_KEY: delivery.routing_key[:_LONGEST_WORD],
        envelope.DEAD_USER: (delivery.user_id or "")[:_LONGEST_WORD],
        envelope.DEAD_TYPE: (delivery.type or "")[:_LONGEST_WORD],
        envelope.DEAD_AT: f"{at:.3f}",
    }
    return OutboxRow(
        exchange=DEAD,
        routing_key="",
        type=short_id(delivery.type or "unknown"),
        message_id=short_id(delivery.message_id or hashlib.sha256(delivery.body).hexdigest()),
        body=delivery.body[: envelope.MAXIMUM_BODY_BYTES],
        correlation_id=short_id(delivery.correlation_id) if delivery.correlation_id else None,
        headers=headers,
        owner=owner,
    )


def short_id(text: str) -> str:
    """Return an id that fits a message: as it is, or its hash where it is too long."""
    raw = text.encode(errors="replace")
    return text if len(raw) <= envelope.MAXIMUM_ID_BYTES else hashlib.sha256(raw).hexdigest()


def _kept(delivery: Delivery) -> dict[str, object]:
    """Our own headers, which a replay needs; strangers' are kept where they are short and plain."""
    plain: dict[str, object] = {
        name: value
        for name, value in list(envelope.own_headers(delivery.headers).items())[:_MOST_HEADERS]
        if isinstance(value, str | int | bool) and len(str(value)) <= 100 and len(name) <= 64
    }
    return plain if envelope.headers_size(plain) < envelope.MAXIMUM_HEADERS_BYTES // 2 else {}
