"""Probes: one call in spite of a stop, to see whether it is over (semantics 5).

Taken by compare-and-set in the store, so that all dispatchers together make one. A probe that is lost with its
dispatcher is simply the last but one: the next is due anyway.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from services.dispatcher.ports import CallAnswer, CallTicket, Clock
from services.dispatcher.stops import Stops, next_probe_at
from services.dispatcher.work import Probe
from shared.model import State, Stop, StopKind
from shared.outcomes import Busy, CallOutcome, OurFault, Refused, Stale, Unsure
from shared.store.port import Store

_Claim = tuple[str, int, int, float]
LOOK_EVERY_S = 1.0
CANDIDATES = 20
"""One of so many rows is chosen by chance: the first might be held by another stop as well, for ever."""


class Probes:
    """Takes probes that are due, and knows which calls are probes."""

    def __init__(self, *, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._out: dict[_Claim, Stop] = {}
        self._look_at = float("-inf")

    def take(self, stops: Stops, now: float) -> list[Probe]:
        """Return the probes that this dispatcher may make now. Raises StoreUnavailable."""
        monotonic = self._clock.monotonic()
        due = stops.due_probes(now)
        if not due or monotonic < self._look_at:
            return []
        self._look_at = monotonic + LOOK_EVERY_S
        taken = []
        for stop in due:
            workflow_id = self._candidate(stop)
            if workflow_id is None:
                continue  # nothing to try it with: the first row that comes will be the probe
            after = replace(stop, probe_count=stop.probe_count + 1, probe_at=next_probe_at(stop, now))
            if self._store.take_probe(stop.key, probe_count=stop.probe_count, next_probe_at=next_probe_at(stop, now)):
                taken.append(Probe(workflow_id=workflow_id, stop=stop))
                stops.add(after)
        return taken

    def sent(self, ticket: CallTicket, stop: Stop) -> None:
        """Note that a call is the probe of a stop."""
        self._out[_claim_of(ticket)] = stop

    def answered(self, answer: CallAnswer) -> Stop | None:
        """Return the stop that this answer lifts; None where it is no probe's or its stop goes on."""
        stop = self._out.pop(_claim_of(answer.ticket), None)
        whole = answer.ticket.whole is not None
        return stop if stop is not None and lifts(stop, answer.outcome, whole=whole) else None

    def _candidate(self, stop: Stop) -> str | None:
        for state in (State.HELD, State.READY):
            ids = self._store.in_state((state.value,), stop=stop, limit=CANDIDATES)
            if ids:
                return self._random.choice(ids)
        return None


def lifts(stop: Stop, outcome: CallOutcome, *, whole: bool = False) -> bool:
    """Tell whether a probe's outcome ends its stop: any but OurFault, for a breaker any but Busy and 5xx.

    `Stale` says nothing, nor does a refusal of our own: no call was made. `whole`: a workflow was to be handed over.
    That the provider will not run it may be said before it looks at what made the stop, the account's balance say.
    """
    match outcome:
        case Stale() | Refused(asked=False):
            return False
        case Refused() if whole:
            return stop.kind is not StopKind.FAULT
        case Busy():
            return stop.kind is not StopKind.BREAKER
        case Unsure(server_error=server_error):
            return stop.kind is not StopKind.BREAKER or not server_error
        case OurFault():
            return stop.kind is not StopKind.FAULT
        case _:
            return True


def _claim_of(ticket: CallTicket) -> _Claim:
    return ticket.workflow_id, ticket.step, ticket.attempt, ticket.claimed_at
