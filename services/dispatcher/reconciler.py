"""Once a minute, compare the store with the broker and mend what fell between them (architecture 7).

It is run by whichever living dispatcher has the first name, so that one does and not all; compare-and-set makes a
second one harmless. What it mends it counts, and what it can't mend becomes an alarm.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import structlog

from services.dispatcher.events import Republished, Resumed
from services.dispatcher.ports import Broker, Clock
from services.dispatcher.stops import Stops, accounts_serving
from services.dispatcher.sweeps import Sweep, Sweeps, while_in_force
from services.dispatcher.work import Nudge
from shared.channels import CHANNELS
from shared.metrics import Metrics
from shared.model import State, Stop, StopKind
from shared.queue.topology import step_queue
from shared.store.directory import Directory
from shared.store.port import Store
from shared.store.records import Backlog

log = structlog.get_logger()

EVERY_S = 60.0
READY_FOR_S = 60.0
"""A row that is `ready` for so long while both queues of its channel are empty has lost its message."""
READY_LONG_S = 600.0
"""And one for so long is published again whatever is in the queues: on a busy channel they are never empty. Where
its message was only late, one of the two is stale; a row's time begins anew, so it is once in ten minutes."""
LIVING_S = 6.0
"""A dispatcher whose heartbeat is older than this (three were missed) does not count."""
LOT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Ages from which a person must look."""

    outbox_s: float = 10.0
    overdue_s: float = 5.0


class Reconciler:
    """Finds what nobody else would."""

    def __init__(
        self, *, store: Store, broker: Broker, clock: Clock, metrics: Metrics, name: str, limits: Limits | None = None
    ) -> None:
        self._store = store
        self._broker = broker
        self._clock = clock
        self._metrics = metrics
        self._name = name
        self._limits = limits or Limits()
        self._due_at = clock.monotonic() + EVERY_S
        self._stops_before: tuple[Stop, ...] = ()

    @property
    def due_at(self) -> float:
        """Monotonic time of the next round."""
        return self._due_at

    def run(
        self, *, stops: Stops, directory: Directory, now: float, in_hand: Collection[str], sweeps: Sweeps
    ) -> list[Nudge]:
        """Do a round if it is time and nobody else does it. `in_hand`: workflows whose message we hold unclaimed."""
        if self._clock.monotonic() < self._due_at:
            return []
        self._due_at = self._clock.monotonic() + EVERY_S
        backlog = self._store.backlog()
        self._watch(backlog)
        if not self._first(now):
            return []
        changed = stops.in_force != self._stops_before
        self._stops_before = stops.in_force
        for sweep in _of_stops(stops, directory, changed=changed):
            sweeps.add(sweep)
        self._store.purge_parked(now=now)
        self._metrics.orphans.set(self._store.count_orphans())
        if not self._broker.connected or backlog.outbox_oldest_s > self._limits.outbox_s:
            return []  # messages that are still in the outbox are late, not lost
        return list(self._lost_steps(stops, directory, now, in_hand))

    def _first(self, now: float) -> bool:
        living = [row.name for row in self._store.dispatchers() if now - row.seen_at <= LIVING_S]
        return all(self._name <= name for name in living)

    def _lost_steps(self, stops: Stops, directory: Directory, now: float, in_hand: Collection[str]) -> Iterator[Nudge]:
        for channel in CHANNELS:
            if stops.closed(channel, directory):
                continue
            depths = [self._broker.depth(step_queue(channel, goes_on=goes_on)) for goes_on in (False, True)]
            before = now - (READY_FOR_S if depths == [0, 0] else READY_LONG_S)
            # Rows under a stop are left out: its end puts their messages back.
            ids = self._store.ready_since(channel=channel, before=before, limit=LOT, but_under=stops.in_force)
            for workflow_id in ids:
                if workflow_id not in in_hand:
                    log.warning("step.missed", workflow_id=workflow_id, channel=channel)
                    yield Nudge(workflow_id=workflow_id, event=Republished())

    def _watch(self, backlog: Backlog) -> None:
        self._metrics.oldest_pending.labels("outbox").set(backlog.outbox_oldest_s)
        self._metrics.oldest_pending.labels("timers").set(backlog.overdue_s)
        if backlog.outbox_oldest_s > self._limits.outbox_s:
            self._alarm("outbox_old", age_s=backlog.outbox_oldest_s, rows=backlog.outbox_count)
        if backlog.overdue_s > self._limits.overdue_s:
            self._alarm("timers_late", age_s=backlog.overdue_s)
        if backlog.leases_over > 0:
            self._alarm("leases_over", rows=backlog.leases_over)
        if backlog.quarantined > 0:
            self._alarm("quarantined", rows=backlog.quarantined)

    def _alarm(self, name: str, **facts: object) -> None:
        self._metrics.alarms.labels(name).inc()
        log.error("alarm.raised", alarm=name, **facts)


def _of_stops(stops: Stops, directory: Directory, *, changed: bool) -> Iterator[Sweep]:
    """Yield what stops in force ask for, and wake held rows that no stop covers any more.

    Those are left where a dispatcher died between the end of a stop and the last of its lots.
    """
    for stop in stops.in_force:
        if stop.kind is not StopKind.PAUSE:
            # A held row was told when it was held; only another stop's coming or going can change its answer.
            yield while_in_force(stop, held_too=changed)
    for channel in CHANNELS:
        for account in accounts_serving(channel, directory):
            whole = (stop for stop in stops.in_force if stop.sender is None)
            if not any(stop.covers(account=account, channel=channel, sender="") for stop in whole):
                place = Stop(kind=StopKind.FAULT, account=account, channel=channel, reason="", since=0.0)
                yield Sweep(stop=place, states=(State.HELD,), event=Resumed)
