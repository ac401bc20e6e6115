"""Decide what becomes of a workflow: `decide(workflow, event, now)`. Pure: no clock, no broker, no provider.

Strategy: every event is first named by a `Row` of the table in semantics 7; the row and the state pick one handler.
A cell that is missing means that nothing happens there. Handlers write into a `Draft`; the moves they share
(next, exhausted, final, held) are in `failover_moves`. Ids follow from the workflow's, jitter is a hash, and what
the core must know of the world comes inside the event: the same three arguments always give the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from services.dispatcher.draft import Draft
from services.dispatcher.events import (
    Answered,
    AnyEvent,
    Cancel,
    Decision,
    Due,
    NextNow,
    Outside,
    Received,
    Reported,
    Republished,
    Resumed,
    StepMessage,
    Stopped,
    Updated,
)
from services.dispatcher.failover_calls import answer, claim, late_answer, note_answer
from services.dispatcher.failover_moves import become_ready
from services.dispatcher.failover_provider import decide_by_provider
from services.dispatcher.failover_receipts import (
    after_the_end,
    as_understood,
    attempt_of,
    below_while_not_sending,
    below_while_sending,
    below_while_waiting,
    negative,
    of_another_step,
    says_nothing_new,
    success,
)
from services.dispatcher.failover_timers import (
    cancel,
    next_now,
    patience_runs_on,
    republish,
    resumed,
    stopped,
    updated,
    when_due,
)
from shared.model import AttemptState, State, What, Workflow


class Row(StrEnum):
    """The rows of the table: what an event means for this workflow."""

    STEP_MESSAGE = "step message with a permit"
    ANSWER = "answer of the claimed attempt"
    LATE_ANSWER = "late answer"
    SUCCESS = "success, any step, any attempt"
    BELOW = "below the condition, current step"
    NEGATIVE = "negative, current step"
    OTHER_STEP = "any other receipt of another step"
    DUE = "due"
    STOP = "stop"
    STOP_ENDED = "its end"
    CANCEL = "cancel"
    NEXT_NOW = "operator's next now"
    REPUBLISHED = "the reconciler found the message gone"
    UPDATED = "a PATCH came to its end"


Handler = Callable[..., None]
"""Takes the draft and the row's own type of event."""


def _told_nothing(handler: Callable[[Draft], None]) -> Handler:
    return lambda draft, _event: handler(draft)


_OPEN = (State.READY, State.SENDING, State.WAITING, State.BACKING_OFF, State.HELD)
_AT_REST = (State.READY, State.BACKING_OFF, State.HELD)


def _in(states: tuple[State, ...], handler: Handler) -> dict[State, Handler]:
    return dict.fromkeys(states, handler)


TABLE: Mapping[Row, Mapping[State, Handler]] = {
    Row.STEP_MESSAGE: _in((State.READY,), claim),
    Row.ANSWER: _in((State.SENDING,), answer),
    Row.LATE_ANSWER: {**_in(_OPEN, late_answer), **_in((State.FINAL,), note_answer)},
    Row.SUCCESS: {**_in(_OPEN, success), **_in((State.FINAL,), after_the_end)},
    Row.BELOW: {
        **_in(_AT_REST, below_while_not_sending),
        **_in((State.SENDING,), below_while_sending),
        **_in((State.WAITING,), below_while_waiting),
        **_in((State.FINAL,), after_the_end),
    },
    Row.NEGATIVE: {**_in(_OPEN, negative), **_in((State.FINAL,), after_the_end)},
    Row.OTHER_STEP: {**_in(_OPEN, of_another_step), **_in((State.FINAL,), after_the_end)},
    Row.DUE: _in(_OPEN, when_due),
    Row.STOP: _in(_AT_REST, _told_nothing(stopped)),
    Row.STOP_ENDED: {**_in((State.HELD,), resumed), **_in((State.READY, State.BACKING_OFF), patience_runs_on)},
    Row.CANCEL: _in(_OPEN, _told_nothing(cancel)),
    Row.NEXT_NOW: _in((State.READY, State.WAITING, State.BACKING_OFF, State.HELD), _told_nothing(next_now)),
    Row.REPUBLISHED: _in((State.READY,), _told_nothing(republish)),
    Row.UPDATED: _in((*_OPEN, State.FINAL), updated),
}


def decide(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    """Return the new state, the journal entries that explain it, and what follows from it.

    `now` is store time. An event that changes nothing returns the workflow as it was, without entries.
    """
    if workflow.run_by_provider:
        return decide_by_provider(workflow, event, now)
    if isinstance(event, Received):
        event = as_understood(workflow, event)
    row = row_of(workflow, event)
    handler = TABLE[row].get(workflow.state) if row is not None else None
    if handler is None:
        return Decision(workflow=workflow)
    draft = Draft(workflow, now=now, outside=event.outside, by=event.by)
    handler(draft, event)
    return draft.decision()


def begin(
    workflow: Workflow,
    now: float,
    *,
    by: str = "caller",
    cancelled_by: str | None = None,
    outside: Outside | None = None,
) -> Decision:
    """Return the first decision on a workflow just read: its first step waits for its turn.

    `cancelled_by` names who cancelled it before it was read (a tombstone): it ends without a call.
    """
    draft = Draft(workflow, now=now, outside=outside or Outside(), by=by)
    draft.write(
        What.ACCEPTED,
        event="workflow.accepted",
        facts={"steps": [step.message.channel for step in workflow.steps]},
    )
    if cancelled_by is not None:
        draft.by = cancelled_by
        cancel(draft)
        return draft.decision()
    draft.change_current(turn_at=now)
    become_ready(draft)
    return draft.decision()


def row_of(workflow: Workflow, event: AnyEvent) -> Row | None:
    """Name the row of the table that an event belongs to; None where a receipt says nothing new."""
    match event:
        case StepMessage():
            return Row.STEP_MESSAGE
        case Answered():
            return Row.ANSWER if _in_time(workflow, event) else Row.LATE_ANSWER
        case Received():
            return _row_of_receipt(workflow, event)
        case Due():
            return Row.DUE
        case Stopped():
            return Row.STOP
        case Resumed():
            return Row.STOP_ENDED
        case Cancel():
            return Row.CANCEL
        case NextNow():
            return Row.NEXT_NOW
        case Republished():
            return Row.REPUBLISHED
        case Updated():
            return Row.UPDATED
        case Reported():
            return None  # of a workflow that we run: nobody asked the provider


def fold_key(event: AnyEvent) -> int:
    """Order in which events of one workflow are folded in one turn (semantics 7)."""
    match event:
        case Received():
            return 0
        case Reported():
            return 1  # its statuses first: the best of them is the outcome
        case Answered():
            return 2
        case Cancel() | NextNow() | Republished() | Stopped() | Resumed() | Updated():
            return 3
        case Due():
            return 4
        case StepMessage():
            return 5


def _in_time(workflow: Workflow, event: Answered) -> bool:
    """True while the row still waits for this very call."""
    if workflow.state is not State.SENDING or event.step != workflow.current:
        return False
    attempt = workflow.step.attempts[-1]
    same_claim = event.claimed_at is None or event.claimed_at == attempt.claimed_at
    return attempt.number == event.attempt and attempt.state is AttemptState.CLAIMED and same_claim


def _row_of_receipt(workflow: Workflow, event: Received) -> Row | None:
    attempt = attempt_of(workflow, event)
    if attempt is None or says_nothing_new(attempt, event):
        return None
    status, step = event.receipt.status, workflow.steps[event.step - 1]
    if not status.negative and status.rank >= step.condition.rank:
        return Row.SUCCESS
    if event.step != workflow.current:
        return Row.OTHER_STEP
    return Row.NEGATIVE if status.negative else Row.BELOW
