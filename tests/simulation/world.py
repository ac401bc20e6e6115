"""The simulated world: virtual time, two dispatchers, a broker, a provider, callers; one thread, one seed.

At every call of a port a process may crash, sleep for a minute (SIGSTOP), or be overtaken by the other one in the
middle of its turn. After the storm everything heals, and what the invariants say must be true.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable
from random import Random

from shared.ids import marked_workflow_id, parse_reference, queued_workflow_id
from shared.model import State, Stop, StopKind
from shared.queue import envelope
from shared.queue.topology import COMMAND_KEY, COMMANDS, RECEIPT_KEY, RECEIPTS, SENDS
from shared.store.directory import Account, Publisher, Route, Tenant
from shared.store.opening import open_memory_store
from shared.store.port import Store
from shared.wire.envelopes import Command, CommandName, Marker, write
from tests.simulation.process import CrashError, Process
from tests.simulation.provider import Provider
from tests.simulation.rabbit import Published, Rabbit
from tests.simulation.sabotage import Sabotage
from tests.simulation.wholes import request_of

EPOCH = 1_800_000_000.0
STORM_S = 120.0
LONGEST_S = 2500.0
CHANNELS = ("viber_service", "sms", "messenger")
SECRET = b"s" * 32
BETWEEN = frozenset({"after load", "before commit", "after commit", "before submit"})
"""Where another process, or a long sleep, does the most harm."""


def _in_memory(clock: Callable[[], float]) -> Store:
    return open_memory_store(clock=clock)


class World:
    """Everything there is. It is also the engines' clock."""

    def __init__(
        self,
        seed: int,
        *,
        sabotage: Sabotage | None = None,
        workflows: int = 10,
        wholes: int = 0,
        make_store: Callable[[Callable[[], float]], Store] | None = None,
    ) -> None:
        """`wholes`: workflows beside the others that the provider is to run.

        `make_store` opens a store with this clock; None: one in memory.
        """
        self.seed = seed
        self.random = Random(seed)
        self.sabotage = sabotage or Sabotage()
        self.now = 0.0
        self.stormy = True
        self.laziness_s = 0.5
        self.store_faults = 0.002
        self.store_away_until = 0.0
        self.ingress_away_until = 0.0
        self.store = (make_store or _in_memory)(lambda: EPOCH + self.now)
        self.rabbit = Rabbit(self)
        self.provider = Provider(self, Random(f"{seed}/provider"))
        self.processes = [Process(self, "dispatcher-1"), Process(self, "dispatcher-2")]
        self.started: dict[str, float] = {}
        """Accepted workflows and when."""
        self.conflicting = 0
        self.ready_unstopped_since: dict[str, float] = {}
        """After the storm: since when a row has been `ready` while no stop covers it."""
        self.longest_turn_s = 0.0
        """And the longest that any has waited so for its turn."""
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._counter = 0
        self._depth = 0
        self._set_up(workflows)
        self._hand_over(wholes)

    # The clock

    def monotonic(self) -> float:
        """See the port."""
        return self.now

    def count(self) -> int:
        """Return a number that was never given out."""
        self._counter += 1
        return self._counter

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something after some virtual seconds."""
        heapq.heappush(self._heap, (self.now + delay, self.count(), action))

    # The run

    def run(self) -> bool:
        """Live through the storm and after; True when everything came to rest."""
        self._until(STORM_S)
        self._heal()
        while self.now < LONGEST_S:
            self._until(self.now + 10.0)
            self._look_for_stranded()
            if self._at_rest():
                return True
        return False

    def point(self, process: Process, name: str) -> None:
        """Between two calls of a port anything may happen to a process. `name` is for whoever debugs a seed."""
        if not self.stormy or self._depth > 1 or not name:
            return
        chance, between = process.random.random(), name in BETWEEN
        if chance < 0.001:
            raise CrashError
        if chance < (0.01 if between else 0.0025):
            self._nested(process.random.choice((6.0, 20.0, 45.0)))
        elif chance < (0.35 if between else 0.03):
            other = next(each for each in self.processes if each is not process)
            if not other.running and other.engine is not None:
                self._depth += 1
                other.step()
                self._depth -= 1

    def _nested(self, seconds: float) -> None:
        self._depth += 1
        self._until(self.now + seconds)
        self._depth -= 1

    def _until(self, end: float) -> None:
        while True:
            awake = [process for process in self.processes if not process.running]
            process = min(awake, key=lambda each: each.wake_at, default=None)
            wake_at = max(process.wake_at, self.now) if process is not None else end
            if self._heap and self._heap[0][0] <= min(wake_at, end):
                at, _, action = heapq.heappop(self._heap)
                self.now = max(self.now, at)
                action()
            elif process is not None and wake_at <= end:
                self.now = wake_at
                process.step()
                self.now += 0.001
            else:
                self.now = max(self.now, end)
                return

    def _heal(self) -> None:
        self.stormy = False
        self.laziness_s = 2.0
        for key in [stop.key for stop in self.store.controls().stops if stop.kind is not StopKind.FAULT]:
            self.store.lift_stop(key)

    def _look_for_stranded(self) -> None:
        place = Stop(kind=StopKind.PAUSE, reason="", since=0.0)  # it covers everything
        ready = set(self.store.in_state((State.READY.value,), stop=place, limit=1000))
        for stop in self.store.controls().stops:
            ready -= set(self.store.in_state((State.READY.value,), stop=stop, limit=1000))
        known = self.ready_unstopped_since
        self.ready_unstopped_since = {each: known.get(each, self.now) for each in ready}
        waits = (self.now - since for since in self.ready_unstopped_since.values())
        self.longest_turn_s = max(self.longest_turn_s, *waits, 0.0)

    def _at_rest(self) -> bool:
        if (
            not self.rabbit.quiet(but_steps=bool(self.store.controls().stops))
            or self._pending_work()
            or self.store.outbox_count() > 0
        ):
            return False
        snapshot = self.store.snapshot()
        return all(state == "final" or count == 0 for state, count in snapshot.by_state.items())

    def _pending_work(self) -> bool:
        """Tell whether anything but markers is still to come."""
        return any(action.__name__ != "_mark" for _, _, action in self._heap)

    def sending_somewhere(self, raw: bytes) -> bool:
        """Tell whether a receipt speaks of a call whose answer nobody has recorded."""
        reference = json.loads(raw).get("client_ref")
        named = parse_reference(reference) if reference is not None else None
        stored = self.store.find(named[0]) if named is not None else None
        return stored is not None and stored.workflow.state is State.SENDING

    # Who lives there

    def _set_up(self, workflows: int) -> None:
        for name in ("default", "second"):
            account = Account(
                name=name,
                base_url="http://nowhere",
                generation="v1",
                api_key=name,
                application_id=None,
                private_key=None,
                api_secret="b",
                signature_secrets=("c" * 32,),
            )
            self.store.change_directory(account)
        for channel in CHANNELS:
            self.store.change_directory(Route(account="second", channel=channel, sender="Second"))
        self.store.change_directory(Tenant(name="acme", status_url="http://acme.test/status"))
        self.store.change_directory(Publisher(user="shop", tenant="acme"))
        for number in range(workflows):
            at = self.random.uniform(0.0, STORM_S * 0.6)
            self.later(at, lambda n=number: self._start(n))  # type: ignore[misc]
        for _ in range(2):
            self.later(self.random.uniform(0.0, STORM_S), self._cut)
        if self.random.random() < 0.3:
            self.later(self.random.uniform(0.0, STORM_S * 0.7), self._pause)
        if self.random.random() < 0.3:
            self.later(self.random.uniform(0.0, STORM_S * 0.7), self._stop_in_part)
        if self.random.random() < 0.3:
            self.later(self.random.uniform(0.0, STORM_S * 0.8), self._store_goes_away)
        if self.random.random() < 0.2:
            self.later(self.random.uniform(0.0, STORM_S * 0.5), self._ingress_goes_away)
        if self.random.random() < 0.3:
            self.later(self.random.uniform(0.0, STORM_S), self._terminate)
        self.later(0.0, self._mark)

    def _start(self, number: int) -> None:
        body = json.dumps(self._request(number)).encode()
        if self.random.random() < 0.75:
            workflow_id = marked_workflow_id(
                milliseconds=int((EPOCH + self.now) * 1000),
                random_bits=self.random.getrandbits(50),
                tenant="acme",
                secret=SECRET,
            )
            message = Published(
                exchange=SENDS,
                routing_key=envelope.MESSAGE_V1,
                type=envelope.MESSAGE_V1,
                message_id=workflow_id,
                body=body,
                user_id="cascade-ingress",
                headers={envelope.TENANT: "acme", envelope.WORKFLOW_ID: workflow_id},
            )
        else:
            message_id = f"order-{number}"
            workflow_id = queued_workflow_id(tenant="acme", message_id=message_id)
            message = Published(
                exchange=SENDS,
                routing_key=envelope.MESSAGE_V1,
                type=envelope.MESSAGE_V1,
                message_id=message_id,
                body=body,
                user_id="shop",
                reply_to="shop.answers",
            )
        self.started[workflow_id] = self.now
        cancelled = self.random.random() < 0.12
        if cancelled:
            self.later(self.random.choice((0.0, 1.0, 20.0)), lambda: self._command(workflow_id, CommandName.CANCEL))
        elif self.random.random() < 0.1:
            self.later(self.random.uniform(1.0, 20.0), lambda: self._command(workflow_id, CommandName.NEXT))
        self.later(self.random.choice((0.0, 0.0, 2.0)), lambda: self.rabbit.publish(message))
        if self.random.random() < 0.2:
            self.later(self.random.uniform(0.0, 10.0), lambda: self.rabbit.publish(message))

    def _hand_over(self, wholes: int) -> None:
        """Plan workflows that the provider is to run; by a chance of their own, so that the others stay as they are."""
        random = Random(f"{self.seed}/hand over")
        for number in range(wholes):
            type_, body = request_of(number, random)
            at, cancelled = random.uniform(0.0, STORM_S * 0.6), random.random() < 0.2
            self.later(at, lambda n=number, t=type_, b=body, c=cancelled: self._start_whole(n, t, b, c))  # type: ignore[misc]

    def _start_whole(self, number: int, type_: str, body: bytes, cancelled: bool) -> None:
        workflow_id = marked_workflow_id(
            milliseconds=int((EPOCH + self.now) * 1000), random_bits=number, tenant="acme", secret=SECRET
        )
        self.started[workflow_id] = self.now
        self.rabbit.publish(
            Published(
                exchange=SENDS,
                routing_key=type_,
                type=type_,
                message_id=workflow_id,
                body=body,
                user_id="cascade-ingress",
                headers={envelope.TENANT: "acme", envelope.WORKFLOW_ID: workflow_id},
            )
        )
        if cancelled:
            self._command(workflow_id, CommandName.CANCEL)
            self.later(5.0, lambda: self._command(workflow_id, CommandName.NEXT))

    def _request(self, number: int) -> dict[str, object]:
        steps = self.random.choice((1, 2, 2, 3))
        order = self.random.sample(CHANNELS, steps)
        person = f"4477009{number:05d}"
        messages: list[dict[str, object]] = []
        for index, channel in enumerate(order):
            message: dict[str, object] = {
                "channel": channel,
                "message_type": "text",
                "to": person if channel != "messenger" else f"page{number}",
                "from": "Second" if number % 4 == 0 else "Shop",
                "text": f"mark {number}",
            }
            if index < steps - 1 and self.random.random() < 0.8:
                message["expiry_time"] = self.random.choice((15, 20, 40))
                message["condition_status"] = self.random.choice(("delivered", "delivered", "read"))
            messages.append(message)
        body = messages[0]
        if steps > 1:
            body["failover"] = messages[1:]
        body["valid_for"] = self.random.choice((60, 200, 400))
        body["final_receipt_time"] = self.random.choice((60, 150))
        if self.random.random() < 0.3:
            body["delivery"] = self.random.choice(("at_least_once", "at_most_once"))
        if self.random.random() < 0.3:
            body["when_stopped"] = "next"
        if self.random.random() < 0.2:
            body["priority"] = "high"
        return body

    def _command(self, workflow_id: str, name: CommandName) -> None:
        command = Command(command=name, workflow_id=workflow_id, tenant="acme", by="caller", at=EPOCH + self.now)
        self.rabbit.publish(
            Published(
                exchange=COMMANDS,
                routing_key=COMMAND_KEY,
                type=envelope.COMMAND,
                message_id=f"command-{self.count()}",
                body=write(command),
            )
        )

    def _mark(self) -> None:
        somebody_reads = self.rabbit.consumed(RECEIPTS) or self.random.random() < 0.1
        if somebody_reads and self.now >= self.ingress_away_until:
            self.rabbit.publish(
                Published(
                    exchange=RECEIPTS,
                    routing_key=RECEIPT_KEY,
                    type=envelope.MARKER,
                    message_id=f"marker-{self.count()}",
                    body=write(Marker(at=EPOCH + self.now)),
                )
            )
        self.later(1.0 if self.stormy else 2.0, self._mark)

    def _cut(self) -> None:
        process = self.random.choice(self.processes)
        connection = process.connection
        if connection is not None:
            connection.cut()
            self.later(self.random.uniform(0.5, 8.0), connection.mend)

    def _store_goes_away(self) -> None:
        self.store_away_until = self.now + self.random.uniform(3.0, 20.0)

    def _ingress_goes_away(self) -> None:
        self.ingress_away_until = self.now + self.random.uniform(10.0, 90.0)

    def _terminate(self) -> None:
        self.random.choice(self.processes).terminate()

    def _pause(self) -> None:
        channel = self.random.choice(CHANNELS)
        kind = self.random.choice((StopKind.PAUSE, StopKind.PAUSE, StopKind.SKIP))
        stop = Stop(kind=kind, channel=channel, reason="made up", since=EPOCH + self.now, by="operator:test")
        self.store.put_stop(stop)
        self.later(self.random.uniform(5.0, 40.0), lambda: self._lift(stop))

    def _stop_in_part(self) -> None:
        """Stop one account, or one sender of it, on a channel that the other account goes on to serve."""
        stop = Stop(
            kind=StopKind.FAULT,
            account="default",
            channel=self.random.choice(CHANNELS),
            sender=self.random.choice((None, "Shop")),
            reason="made up",
            since=EPOCH + self.now,
        )
        self.store.put_stop(stop)
        self.later(self.random.uniform(5.0, 40.0), lambda: self._lift(stop))

    def _lift(self, stop: Stop) -> None:
        self.store.lift_stop(stop.key)
