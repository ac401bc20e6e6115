"""Long lists of rows that must be told something, taken from the store in lots."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from services.dispatcher.events import AnyEvent, Due, Resumed, Stopped
from services.dispatcher.failover_patience import stands_patience_still
from services.dispatcher.work import BackInQueue, Nudge
from shared.model import State, Stop, StopKind
from shared.store.port import Store

LOT = 500


@dataclass(slots=True, kw_only=True)
class Sweep:
    """Tells one event to every row in some states that a stop covers, or puts their messages back in the queue."""

    stop: Stop
    states: tuple[State, ...]
    event: Callable[[], AnyEvent] | None
    """None: the step messages of the rows are published once more."""
    after: str = ""
    """Id of the last row that was taken."""


class Sweeps:
    """Those under way, one lot at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: deque[Sweep] = deque()

    def __bool__(self) -> bool:
        return bool(self._under_way)

    def add(self, sweep: Sweep) -> None:
        """Begin one, unless the same is under way. One that puts messages back begins anew: more were set aside."""
        if sweep.event is None:
            self._under_way = deque(each for each in self._under_way if not _same(each, sweep))
        if not any(_same(each, sweep) for each in self._under_way):
            self._under_way.append(sweep)

    def next_lot(self, *, in_hand: Collection[str] = ()) -> list[Nudge | BackInQueue]:
        """Return the next lot of the first one; empty when it has just come to its end.

        `in_hand`: workflows whose step message we hold unclaimed; it need not be put back.
        """
        if not self._under_way:
            return []
        sweep = self._under_way[0]
        ids = self._store.in_state(
            tuple(state.value for state in sweep.states), stop=sweep.stop, limit=LOT, after=sweep.after
        )
        if len(ids) < LOT:
            self._under_way.popleft()
        if ids:
            sweep.after = ids[-1]
        if sweep.event is None:
            return [BackInQueue(workflow_id=workflow_id) for workflow_id in ids if workflow_id not in in_hand]
        return [Nudge(workflow_id=workflow_id, event=sweep.event()) for workflow_id in ids]


def _same(one: Sweep, other: Sweep) -> bool:
    alike = (one.event is None) == (other.event is None)
    return alike and one.stop.key == other.stop.key and one.states == other.states


def after_the_end_of(stop: Stop, *, with_ready: bool) -> tuple[Sweep, ...]:
    """Return what follows from the end of a stop: held rows become ready, and patience that stood still runs on.

    `with_ready`: messages of ready rows may have been acknowledged under it, so those are published once more.
    """
    stood_still = stands_patience_still(stop)

    def ended() -> Resumed:
        return Resumed(since=stop.since if stood_still else None)

    sweeps = [Sweep(stop=stop, states=(State.HELD,), event=ended)]
    if stood_still:
        sweeps.append(Sweep(stop=stop, states=(State.READY, State.BACKING_OFF), event=ended))
    if with_ready:
        sweeps.append(Sweep(stop=stop, states=(State.READY,), event=None))
    return tuple(sweeps)


def while_in_force(stop: Stop, *, held_too: bool) -> Sweep:
    """Return what a stop asks for while it lasts: who may pass it passes, who waited long enough goes on.

    `held_too`: rows that were held or back off are asked again, beside the ready ones. A breaker's rows are judged by
    patience, which no wake time knows, since the breaker opened later than they came.
    """
    if stop.kind is StopKind.BREAKER:
        return Sweep(stop=stop, states=(State.READY,), event=lambda: Due(read_to=0.0))
    states = (State.READY, State.BACKING_OFF, State.HELD) if held_too else (State.READY,)
    return Sweep(stop=stop, states=states, event=Stopped)
