"""Tell whether a broker truly serves: a handshake, and a confirmed publish on a quorum queue (architecture 5).

An open port is no proof: it opens before the node is done, and a node whose disk is full still shakes hands.
"""

from __future__ import annotations

import secrets
from time import monotonic

from shared.errors import BrokerUnavailable
from shared.queue.envelope import MARKER, OutboundMessage
from shared.queue.link import Link


def serves(url: str, *, deadline_s: float = 5.0) -> bool:
    """Return True once a message was confirmed. `url` is of a user that may configure and write what it likes."""
    try:
        prove(url, deadline_s=deadline_s)
    except BrokerUnavailable:
        return False
    return True


def prove(url: str, *, deadline_s: float = 5.0) -> None:
    """Publish to a queue that is made for it and deleted again. Raises BrokerUnavailable with the reason."""
    ends = monotonic() + deadline_s
    queue = f"cascade.probe.{secrets.token_hex(4)}"
    link = Link(url, ends=ends, name="cascade probe")
    # Where we die before the delete, the broker does it.
    link.declare_queue(queue, {"x-queue-type": "quorum", "x-expires": 60_000}, ends=ends)
    link.publish(OutboundMessage(exchange="", routing_key=queue, type=MARKER, message_id=queue, body=b"{}"), ends=ends)
    link.delete_queue(queue, ends=ends)
    link.close()
