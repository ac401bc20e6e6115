"""Broken copies of the design, one fault each. The simulation must catch every one of them, else it proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.dispatcher.ports import Arrivals, Delivery
from shared.model import State, Stop
from shared.outcomes import Busy, CallOutcome, Refused, Unsure
from shared.queue import envelope
from shared.queue.topology import RECEIPTS
from shared.store.port import Store
from shared.store.records import Batch, Committed, OutboxRow
from tests.simulation.rabbit import Connection

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """Which rule is broken; none by default."""

    no_compare_and_set: bool = False
    ack_before_commit: bool = False
    resend_on_doubt: bool = False
    taken_over_on_doubt: bool = False
    early_receipts_dropped: bool = False
    no_outbox: bool = False
    no_age_check: bool = False
    no_timers: bool = False
    set_aside_and_forgotten: bool = False

    def heard(self, outcome: CallOutcome) -> CallOutcome:
        """Return what the engine is told of a call."""
        if self.resend_on_doubt and isinstance(outcome, Unsure):
            return Busy(problem=outcome.problem)
        if self.taken_over_on_doubt and isinstance(outcome, Unsure):
            return Refused(problem=outcome.problem)
        return outcome

    def connection(self, connection: Connection, world: World) -> object:
        """Return the connection as this copy has it."""
        if self.ack_before_commit:
            return _AckFirst(connection)
        if self.early_receipts_dropped:
            return _DropEarly(connection, world)
        return connection

    def store(self, store: Store, connection: Connection, point: Callable[[str], None]) -> object:
        """Return the store as this copy has it."""
        if self.no_compare_and_set:
            return _LastWriterWins(store)
        if self.no_outbox:
            return _NoOutbox(store, connection, point)
        if self.no_timers:
            return _NoTimers(store)
        if self.set_aside_and_forgotten:
            return _Forgetful(store)
        return store


class _Around:
    def __init__(self, target: object) -> None:
        self._target = target

    def __getattr__(self, name: str) -> object:
        return getattr(self._target, name)


class _AckFirst(_Around):
    """Acknowledges what it takes, before anything is committed."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection

    def take(self) -> Arrivals:
        arrivals = self._connection.take()
        self._connection.ack([delivery.token for delivery in arrivals.deliveries])
        return arrivals


class _DropEarly(_Around):
    """Drops receipts of calls whose answer is not recorded yet."""

    def __init__(self, connection: Connection, world: World) -> None:
        super().__init__(connection)
        self._connection = connection
        self._world = world

    def take(self) -> Arrivals:
        arrivals = self._connection.take()
        early = [each for each in arrivals.deliveries if self._early(each)]
        self._connection.ack([delivery.token for delivery in early])
        return replace(arrivals, deliveries=tuple(each for each in arrivals.deliveries if each not in early))

    def _early(self, delivery: Delivery) -> bool:
        if delivery.queue != RECEIPTS or delivery.type != envelope.WEBHOOK:
            return False
        return self._world.sending_somewhere(delivery.body)


class _LastWriterWins(_Around):
    """Writes whatever it decided, over whatever is there."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store

    def commit(self, batch: Batch) -> Committed:
        changes = []
        for change in batch.changes:
            stored = self._store.find(change.workflow.workflow_id)
            if stored is None or change.version is None:
                changes.append(change)
                continue
            missed = stored.workflow.sequence - (change.workflow.sequence - len(change.entries))
            entries = tuple(replace(entry, sequence=entry.sequence + missed) for entry in change.entries)
            workflow = replace(change.workflow, sequence=change.workflow.sequence + missed)
            changes.append(replace(change, version=stored.version, workflow=workflow, entries=entries))
        return self._store.commit(replace(batch, changes=tuple(changes)))


class _NoOutbox(_Around):
    """Publishes after the commit and writes nothing down: a crash in between loses the message."""

    def __init__(self, store: Store, connection: Connection, point: Callable[[str], None]) -> None:
        super().__init__(store)
        self._store = store
        self._connection = connection
        self._point = point

    def commit(self, batch: Batch) -> Committed:
        bare = tuple(replace(change, outbox=()) for change in batch.changes)
        committed = self._store.commit(replace(batch, changes=bare, outbox=()))
        rows: Collection[OutboxRow] = [
            row
            for change in batch.changes
            if change.workflow.workflow_id not in committed.lost
            for row in change.outbox
        ]
        for row in (*rows, *batch.outbox):
            self._point("before publish")
            self._connection.publish([row])
        made_up = range(-1, -len(rows) - len(batch.outbox) - 1, -1)
        return replace(committed, outbox_ids=tuple(made_up))


class _Forgetful(_Around):
    """Puts no message back that was read under a stop, neither at its end nor later."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store

    def in_state(self, states: Collection[str], *, stop: Stop, limit: int, after: str = "") -> tuple[str, ...]:
        if tuple(states) == (State.READY.value,):
            return ()
        return self._store.in_state(states, stop=stop, limit=limit, after=after)

    def ready_since(self, **_: object) -> tuple[str, ...]:
        return ()


class _NoTimers(_Around):
    """Keeps its clocks in memory: none is ever found in the store."""

    def due(self, **_: object) -> tuple[str, ...]:
        return ()
