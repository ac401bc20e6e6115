"""A workflow while it is being decided on: its new state, journal and effects pile up here. Pure.

A `Draft` lives inside one call of `decide()`; nobody else sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from services.dispatcher.clocks import running
from services.dispatcher.events import Decision, Effect, Outside, TellStatus
from shared.model import Attempt, Entry, Problem, Reason, RequestKind, State, Status, Step, What, Workflow


class Draft:
    """Collects what one event does to one workflow."""

    def __init__(self, workflow: Workflow, *, now: float, outside: Outside, by: str) -> None:
        self.workflow = workflow
        self.now = now
        self.outside = outside
        self.by = by
        self._entries: list[Entry] = []
        self._effects: list[Effect] = []

    @property
    def step(self) -> Step:
        """The current step as it stands now."""
        return self.workflow.step

    def change(self, **fields: object) -> None:
        """Change members of the workflow."""
        self.workflow = replace(self.workflow, **fields)  # type: ignore[arg-type]  # mypy can't see through **

    def change_step(self, number: int, **fields: object) -> None:
        """Change members of one step."""
        steps = self.workflow.steps
        changed = replace(steps[number - 1], **fields)  # type: ignore[arg-type]  # mypy can't see through **
        self.change(steps=(*steps[: number - 1], changed, *steps[number:]))

    def change_current(self, **fields: object) -> None:
        """Change members of the current step."""
        self.change_step(self.workflow.current, **fields)

    def put_attempt(self, number: int, attempt: Attempt) -> None:
        """Add an attempt to a step, or replace the one with its number."""
        kept = tuple(a for a in self.workflow.steps[number - 1].attempts if a.number != attempt.number)
        attempts = tuple(sorted((*kept, attempt), key=lambda a: a.number))
        self.change_step(number, attempts=attempts)

    def write(
        self,
        what: What,
        *,
        step: int | None = None,
        attempt: int | None = None,
        reason: Reason | None = None,
        event: str | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> int:
        """Write a journal entry under the next sequence and return that; facts that are None are left out."""
        sequence = self.workflow.sequence + 1
        self.change(sequence=sequence)
        known = {key: value for key, value in (facts or {}).items() if value is not None}
        if self.outside.dispatcher:
            known["dispatcher"] = self.outside.dispatcher
        self._entries.append(
            Entry(
                sequence=sequence,
                at=self.now,
                by=self.by,
                what=what,
                step=step,
                attempt=attempt,
                reason=reason,
                facts=known,
                event=event,
            )
        )
        return sequence

    def follow(self, effect: Effect) -> None:
        """Add something that follows from the decision."""
        self._effects.append(effect)

    def may_tell(self, number: int, status: Status) -> bool:
        """Tell whether the caller may still be told this of a step: once a status, rank only upward."""
        told = self.workflow.steps[number - 1].told
        if status.negative:
            return not any(known.negative or known.rank >= Status.DELIVERED.rank for known in told)
        return all(known.rank < status.rank for known in told)

    def told_event(self, number: int, status: Status) -> str | None:
        """Return the event's name where the caller will be told, None where not."""
        return f"message.{status.value}" if self.may_tell(number, status) else None

    def tell(
        self,
        sequence: int,
        number: int,
        status: Status,
        *,
        problem: Problem | None = None,
        price: str | None = None,
        currency: str | None = None,
        timestamp: str | None = None,
        extras: Mapping[str, object] | None = None,
    ) -> None:
        """Tell the caller a status under the id of an entry, unless it was told as much before."""
        if not self.may_tell(number, status):
            return
        self.change_step(number, told=(*self.workflow.steps[number - 1].told, status))
        self.follow(
            TellStatus(
                sequence=sequence,
                step=number,
                status=status,
                problem=problem,
                price=price,
                currency=currency,
                timestamp=timestamp,
                extras=extras or {},
            )
        )

    def decision(self) -> Decision:
        """Close the draft. The last entry says what happens next, and when."""
        entries = list(self._entries)
        if entries and self.workflow.state is not State.FINAL:
            last = entries[-1]
            entries[-1] = replace(
                last, next_at=_next_at(self.workflow), facts={**last.facts, "waits_for": _waits_for(self.workflow)}
            )
        return Decision(workflow=self.workflow, entries=tuple(entries), effects=tuple(self._effects))


def _waits_for(workflow: Workflow) -> str:
    """Name what a row waits for: its turn, the end of a stop, or the clock that is over first."""
    if workflow.state is State.READY:
        return "turn"
    if workflow.state is State.HELD:
        return "stop"
    if workflow.run_by_provider and workflow.state is State.WAITING:
        return "report" if workflow.kind is RequestKind.WORKFLOW else "receipts"  # a v1 chain has no report
    ends = running(workflow)
    return min(ends, key=lambda clock: ends[clock]).value


def _next_at(workflow: Workflow) -> float | None:
    """Return when that is; a turn comes when a sender is free, which no clock tells."""
    if workflow.state is State.READY:
        return None
    return min(running(workflow).values())
