"""Markers: "every webhook that came before this moment is in the queue" (architecture 7, Receipts first).

Five times a second each ingress process puts one behind the receipts, stamped with the store's time. Whoever reads it
knows how far the receipts have been read. While nobody reads the queue one in ten seconds is enough: a night without
dispatchers must not leave a million of them.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import structlog

from services.ingress.clock import Clock, StoreTime
from services.ingress.known import KnownCallers
from services.ingress.ports import Publisher
from shared.errors import BrokerUnavailable
from shared.queue import envelope, topology

EVERY_S = 0.2
EVERY_UNREAD_S = 10.0
LOOK_S = 1.0
"""How often it is asked whether somebody reads: a marker missing for 2 s makes windows wait."""
AFTER_A_FAILURE_S = 1.0

_log = structlog.get_logger()


class Markers:
    """Decides when a marker is due, and publishes it. One thread calls `step`; no state of it is shared."""

    def __init__(
        self,
        publisher: Publisher,
        known: KnownCallers,
        store_time: StoreTime,
        clock: Clock,
        *,
        body: Callable[[float], bytes],
    ) -> None:
        """`body` makes a marker of a store time."""
        self._publisher = publisher
        self._known = known
        self._store_time = store_time
        self._clock = clock
        self._body = body
        self._looked_at: float | None = None
        self._somebody_reads = True
        self._sent_at: float | None = None
        self._failing = False

    def step(self) -> float:
        """Do what is due; return the seconds until `step` is wanted again."""
        try:
            self._step()
        except BrokerUnavailable as error:
            if not self._failing:
                _log.warning("marker.not_published", error=str(error))
            self._failing, self._looked_at = True, None
            return AFTER_A_FAILURE_S
        self._failing = False
        return EVERY_S if self._somebody_reads else LOOK_S

    def _step(self) -> None:
        if not self._store_time.known and not self._known.refresh():
            return
        now = self._clock.monotonic()
        if self._looked_at is None or now - self._looked_at >= LOOK_S:
            self._somebody_reads = self._publisher.depth(topology.RECEIPTS).consumers > 0
            self._looked_at = now
        if not self._somebody_reads and self._sent_at is not None and now - self._sent_at < EVERY_UNREAD_S:
            return
        # Stamped before it is published, so that whatever the queue holds behind it came later than the stamp.
        self._publisher.publish(
            envelope.OutboundMessage(
                exchange=topology.RECEIPTS,
                routing_key=topology.RECEIPT_KEY,
                type=envelope.MARKER,
                message_id=str(uuid4()),
                body=self._body(self._store_time.now()),
            )
        )
        self._sent_at = now
