"""A dispatcher without decisions, for faults of the broker: each start makes one step, a step is done when it is read.

Its store is memory that no fault reaches, so all that can be lost is lost by the broker, or by what stands around it.
It acks after it remembers, keeps an outbox row until the confirm, publishes rows again that failed, and, like the
reconciler, steps that were confirmed and yet are on no queue.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from time import monotonic

from services.dispatcher.amqp import Amqp
from services.dispatcher.ports import Delivery
from shared.errors import BrokerUnavailable
from shared.queue.publisher import Publisher
from shared.queue.topology import INTAKE, STEPS
from shared.store.records import OutboxRow
from tests.support.queues import start_of

STEP_QUEUE = "cascade.send.sms"
_SWEEP_S = 1.0
_RECONCILE_S = 3.0
_PACE_S = 0.02
"""Between two publishes of a caller, so that there is still work when the fault comes."""


class EchoStore:
    """What is known for good; shared by several dispatchers."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows: dict[str, int] = {}
        """Row id by message id, for every start that was taken."""
        self.outbox: dict[int, float] = {}
        """Rows without a confirm, with the time of their last publish."""
        self.confirmed: dict[int, float] = {}
        """Rows confirmed but whose step was not read yet, since when."""
        self.done: set[str] = set()
        self.starts: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.unexplained: list[str] = []
        """Repeats that were neither redelivered nor published again by us."""
        self.published_again: set[str] = set()

    def ids_of(self, row_ids: set[int]) -> set[str]:
        return {message_id for message_id, row_id in self.rows.items() if row_id in row_ids}


class EchoDispatcher:
    """Runs on a thread of its own from `start` to `stop`."""

    def __init__(self, url: str, store: EchoStore, *, name: str = "echo", prefetch: int = 64) -> None:
        self.amqp = Amqp(url, name=name)
        self.store = store
        self.handled = 0
        self.lost_tokens = 0
        self._prefetch = prefetch
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        self.amqp.start()
        self.amqp.consume({INTAKE: self._prefetch, STEP_QUEUE: self._prefetch})
        self._thread.start()

    def stop(self) -> None:
        """End as SIGTERM makes it end: what is committed is acked and relayed, the rest is somebody else's."""
        self._stopping.set()
        self._thread.join(30.0)
        self.amqp.close(drain_s=5.0)
        self._learn()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.amqp.wait(monotonic() + 0.2)
            self._learn()
            self._sweep()

    def _learn(self) -> None:
        arrivals = self.amqp.take()
        self.lost_tokens += len(arrivals.lost_tokens)
        with self.store.lock:
            now = monotonic()
            rows = [row for delivery in arrivals.deliveries if (row := self._handle(delivery)) is not None]
            for row_id in arrivals.confirmed:
                if self.store.outbox.pop(row_id, None) is not None:
                    self.store.confirmed[row_id] = now
        if not self._stopping.is_set():
            self.amqp.publish(rows)
            self.amqp.ack([delivery.token for delivery in arrivals.deliveries])

    def _handle(self, delivery: Delivery) -> OutboxRow | None:
        store, message_id = self.store, str(delivery.message_id)
        self.handled += 1
        seen = store.starts if delivery.queue == INTAKE else store.steps
        seen[message_id] += 1
        if seen[message_id] > 1 and not delivery.redelivered and message_id not in store.published_again:
            store.unexplained.append(f"{delivery.queue} {message_id}")
        if delivery.queue != INTAKE:
            store.done.add(message_id)
            return None
        if message_id in store.rows:
            return None
        row_id = store.rows[message_id] = len(store.rows) + 1
        store.outbox[row_id] = monotonic()
        return self._row(row_id, message_id)

    def _sweep(self) -> None:
        now = monotonic()
        with self.store.lock:
            undone = {row_id for message_id, row_id in self.store.rows.items() if message_id not in self.store.done}
            due = {row_id for row_id, at in self.store.outbox.items() if now - at > 5.0 + _SWEEP_S}
            due |= {
                row_id
                for row_id, at in self.store.confirmed.items()
                if row_id in undone and now - at > _RECONCILE_S and self.amqp.depth(STEP_QUEUE) == 0
            }
            if not due or not self.amqp.connected:
                return
            again = self.store.ids_of(due)
            self.store.published_again |= again
            self.store.outbox.update(dict.fromkeys(due, now))
            rows = [self._row(self.store.rows[message_id], message_id) for message_id in again]
        self.amqp.publish(rows)

    @staticmethod
    def _row(row_id: int, message_id: str) -> OutboxRow:
        return OutboxRow(
            exchange=STEPS, routing_key="send.sms", type="step.1", message_id=message_id, body=b"{}", row_id=row_id
        )


class Callers:
    """Threads that publish starts as clients do: what was not confirmed is sent again under its id."""

    def __init__(self, url: str, store: EchoStore, *, count: int, threads: int = 4) -> None:
        self.accepted: set[str] = set()
        self.refused = 0
        self.slowest_s = 0.0
        self._publisher = Publisher(url)
        self._store = store
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._publish, args=(range(number, count, threads),)) for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self, deadline_s: float) -> None:
        for thread in self._threads:
            thread.join(deadline_s)
            assert not thread.is_alive(), "a caller hangs"

    def stop(self) -> None:
        """End before the last start, where a test has failed."""
        self._stopping.set()
        self.join(10.0)

    def _publish(self, numbers: range) -> None:
        for message_id in (f"start-{number}" for number in numbers):
            while not self._stopping.is_set():
                if self._confirmed(message_id):
                    self.accepted.add(message_id)
                    break
                with self._store.lock:
                    self.refused += 1
                    self._store.published_again.add(message_id)
                self._stopping.wait(0.1)
            self._stopping.wait(_PACE_S)
        self._publisher.close()

    def _confirmed(self, message_id: str) -> bool:
        begun = monotonic()
        try:
            self._publisher.publish(start_of(message_id))
        except BrokerUnavailable:
            return False
        finally:
            self.slowest_s = max(self.slowest_s, monotonic() - begun)
        return True


def when(store: EchoStore, done: int) -> Callable[[], bool]:
    """Return a look at whether so many steps are done."""
    return lambda: len(store.done) >= done
