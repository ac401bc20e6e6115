"""One dispatcher process of the simulation: its lives, its pool of senders, and the crash points of its ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, cast

from services.dispatcher.engine import DRAIN_S, Engine
from services.dispatcher.ports import CallAnswer, CallTicket, UpdateWish
from shared.errors import StoreUnavailable
from shared.outcomes import Stale
from shared.settings import DispatcherSettings
from shared.store.port import Store
from tests.simulation.rabbit import Connection

if TYPE_CHECKING:
    from tests.simulation.world import World

SLOTS = 4
START_DELAY_S = 5.0


class CrashError(BaseException):
    """The process is gone. Not an Exception: nothing in the engine may catch it."""


class Faulty:
    """Stands before a port and gives every call two crash points: before it and after it."""

    def __init__(self, target: object, point: Callable[[str], None]) -> None:
        self._target = target
        self._point = point

    def __getattr__(self, name: str) -> object:
        value = getattr(self._target, name)
        if not callable(value):
            return value
        point = self._point

        def call(*args: object, **kwargs: object) -> object:
            point(f"before {name}")
            result = value(*args, **kwargs)
            point(f"after {name}")
            return result

        return call


class SimulatedSenders:
    """The `Senders` port: calls take virtual time, and are lost with the process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._life = process.life
        self.busy: Counter[str] = Counter()

    def free(self, channel: str) -> int:
        """See the port."""
        return SLOTS - self.busy[channel]

    @property
    def in_flight(self) -> int:
        """See the port."""
        return self.busy.total()

    def update(self, wish: UpdateWish) -> None:
        """See the port; nobody wishes for one here."""
        raise AssertionError(f"an update of {wish.update.message_uuid}")

    def submit(self, tickets: Sequence[CallTicket]) -> None:
        """See the port."""
        for ticket in tickets:
            self.busy[ticket.message.channel] += 1
            delay = self._process.random.choice((0.0, 0.0, 0.0, self._process.random.uniform(0.0, 7.0)))
            self._process.world.later(delay, lambda t=ticket: self._begin(t))  # type: ignore[misc]

    def _begin(self, ticket: CallTicket) -> None:
        process = self._process
        if process.life != self._life:
            return
        too_old = process.world.now - ticket.claimed_monotonic > START_DELAY_S
        if too_old and not process.world.sabotage.no_age_check:
            self._end(ticket, CallAnswer(ticket=ticket, outcome=Stale(), ended_monotonic=process.world.now))
            return
        outcome, latency = process.world.provider.call(ticket)
        outcome = process.world.sabotage.heard(outcome)

        def answer() -> None:
            self._end(ticket, CallAnswer(ticket=ticket, outcome=outcome, ended_monotonic=process.world.now))

        process.world.later(latency, answer)

    def _end(self, ticket: CallTicket, answer: CallAnswer) -> None:
        if self._process.life != self._life:
            return
        self.busy[ticket.message.channel] -= 1
        if self._process.connection is not None:
            self._process.connection.answer(answer)


class Process:
    """A dispatcher that crashes and comes back."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.random = Random(f"{world.seed}/{name}")
        self.life = 0
        self.engine: Engine | None = None
        self.connection: Connection | None = None
        self.running = False
        """True while its turn is on the stack."""
        self.start_at = 0.0
        self.crashes = 0
        self._wake_at = 0.0
        self._ends_at: float | None = None

    @property
    def wake_at(self) -> float:
        """Virtual time of its next turn."""
        if self.engine is None or self.connection is None:
            return self.start_at
        if self.connection.has_arrivals:
            return self.world.now
        return self._wake_at

    def step(self) -> None:
        """Start it, or let it turn once; a crash ends this life."""
        self.running = True
        try:
            if self.engine is None:
                self._start()
            else:
                self.engine.turn()
                if self._ends_at is not None and (self.engine.drained or self.world.now >= self._ends_at):
                    self._end()
            self._sleep()
        except CrashError:
            self.crash()
        finally:
            self.running = False

    def _sleep(self) -> None:
        """Come back when the engine wants to, or somewhat later: the machine has other work."""
        until = self.engine.until if self.engine is not None else 0.0
        lazy_s = self.random.uniform(0.0, self.world.laziness_s) if until > self.world.now else 0.0
        self._wake_at = until + lazy_s

    def terminate(self) -> None:
        """Ask it to end in good order."""
        if self.engine is not None:
            self.engine.drain()
            self._ends_at = self.world.now + DRAIN_S

    def crash(self) -> None:
        """End this life: unacknowledged messages return, calls in flight are heard by nobody."""
        self.crashes += 1
        self._end()

    def _end(self) -> None:
        self.life += 1
        self._ends_at = None
        if self.connection is not None:
            self.connection.die()
        self.engine = None
        self.connection = None
        self.start_at = self.world.now + self.random.uniform(0.1, 12.0)

    def _start(self) -> None:
        self.connection = Connection(self.world.rabbit, self.random)
        ports = self.world.sabotage.connection(self.connection, self.world)
        faulty = cast("Connection", Faulty(ports, self._point))
        store = self.world.sabotage.store(self.world.store, self.connection, self._point)
        self.engine = Engine(
            faulty,
            cast("Store", Faulty(store, self._store_point)),
            faulty,
            cast("SimulatedSenders", Faulty(SimulatedSenders(self), self._point)),
            self.world,
            settings(self.name),
            random=self.random,
        )

    def _point(self, name: str) -> None:
        self.world.point(self, name)

    def _store_point(self, name: str) -> None:
        away = self.world.now < self.world.store_away_until
        if away or (self.world.stormy and self.random.random() < self.world.store_faults):
            raise StoreUnavailable(f"made up, {name}")
        self.world.point(self, name)


def settings(name: str) -> DispatcherSettings:
    """Return a dispatcher's settings for the simulation: short doubts, few slots."""
    return DispatcherSettings(
        broker_url="amqp://cascade-dispatcher@nowhere",
        store_url="memory",
        state_dir=Path(),
        name=name,
        slots=SLOTS,
        reconcile_s={"viber_service": 60.0, "sms": 60.0, "messenger": 60.0},
    )
