"""The dispatcher's end of the broker without an engine: collect what arrives, and wait for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from services.dispatcher.amqp import Amqp
from services.dispatcher.ports import Delivery
from shared.queue.topology import STEPS
from shared.store.records import OutboxRow


class Ends:
    """Everything that arrived at one Amqp so far."""

    def __init__(self, amqp: Amqp) -> None:
        self.amqp = amqp
        self.deliveries: list[Delivery] = []
        self.confirmed: list[int] = []
        self.failed: list[int] = []
        self.lost: set[int] = set()

    def collect(self) -> None:
        """Take what has arrived, without waiting."""
        arrivals = self.amqp.take()
        self.deliveries.extend(arrivals.deliveries)
        self.confirmed.extend(arrivals.confirmed)
        self.failed.extend(arrivals.failed)
        self.lost |= arrivals.lost_tokens

    def until(self, holds: Callable[[], object], deadline_s: float = 15.0) -> None:
        """Collect until `holds()`, with a deadline."""
        ends = monotonic() + deadline_s
        self.collect()
        while not holds():
            if monotonic() >= ends:
                raise AssertionError(f"did not come to hold within {deadline_s} s: {self}")
            self.amqp.wait(min(ends, monotonic() + 0.1))
            self.collect()

    def during(self, seconds: float) -> None:
        """Collect for so long: to see that something does not happen."""
        ends = monotonic() + seconds
        while monotonic() < ends:
            self.amqp.wait(ends)
            self.collect()

    def ids(self) -> Counter[str | None]:
        """Count the deliveries of each message id."""
        return Counter(delivery.message_id for delivery in self.deliveries)

    def __str__(self) -> str:
        return (
            f"{len(self.deliveries)} deliveries, {len(self.confirmed)} confirmed, {len(self.failed)} failed,"
            f" {len(self.lost)} lost, connected {self.amqp.connected}"
        )


@contextmanager
def ends_of(url: str, *, heartbeat_s: int = 10, renew_idle_s: float = 30.0, connected: bool = True) -> Iterator[Ends]:
    """Start an Amqp, wait until it is connected, and close it afterwards."""
    amqp = Amqp(url, name="test", heartbeat_s=heartbeat_s, renew_idle_s=renew_idle_s)
    amqp.start()
    ends = Ends(amqp)
    try:
        if connected:
            ends.until(lambda: amqp.connected)
        yield ends
    finally:
        amqp.close(drain_s=0.5)


def row(row_id: int, *, exchange: str = STEPS, routing_key: str = "send.sms", mandatory: bool = True) -> OutboxRow:
    """Return an outbox row with a made-up body."""
    return OutboxRow(
        exchange=exchange,
        routing_key=routing_key,
        type="step.1",
        message_id=f"row-{row_id}",
        body=b"{}",
        row_id=row_id,
        mandatory=mandatory,
    )
