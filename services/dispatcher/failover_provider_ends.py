"""What the provider says of a workflow that it runs, and the end that follows from it (semantics 10). Pure.

Dispatch ends with the final report. A v1 chain has none: there a success of any item ends it, or a negative of the
last. Where neither comes, the clock does. Our own knowledge never contradicts what was said: who reached somebody is
not `unconfirmed`.
"""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.draft import Draft
from services.dispatcher.events import Received, Reported
from services.dispatcher.failover_moves import finish, raise_stop
from services.dispatcher.failover_negative import PLAIN, reason_of
from services.dispatcher.failover_provider_moves import ENGINE, let_it_run
from services.dispatcher.failover_provider_steps import step_of
from services.dispatcher.failover_receipts import (
    as_understood,
    dead_by,
    record_positive,
    says_nothing_new,
    suppress,
    write_amendment,
    write_negative,
)
from shared.model import (
    Attempt,
    AttemptState,
    CodeClass,
    Outcome,
    Reason,
    RequestKind,
    Scope,
    State,
    Status,
    Step,
    What,
)

ATTEMPT = 1
"""Of every step: the whole was handed over once."""


def heard(draft: Draft, event: Received) -> None:
    """A status of one of its messages: noted and told; of a v1 chain it may be the end."""
    found = _news(draft, event)
    if found is None:
        return
    _it_arrived(draft)
    step = _note(draft, found)
    if draft.workflow.kind is RequestKind.WORKFLOW:
        return  # Dispatch says itself when it has ended
    if _met(step):
        finish(draft, _outcome(step.status), Reason.SUCCESS, step=step.number, condition_met=True)
    elif found.receipt.status.negative and step.number == len(draft.workflow.steps):
        _end_without_success(draft, Outcome.FAILED, reason_of(found.receipt.status, found.receipt.problem))


def heard_after_the_end(draft: Draft, event: Received) -> None:
    """Journal only, and `workflow.amended` where reach or cost changed."""
    found = _news(draft, event)
    if found is not None:
        _amend(draft, found)


def reported(draft: Draft, event: Reported) -> None:
    """The final report: the end, unless the clock or a cancel was first. A second one is nothing."""
    if draft.workflow.reported is not None or not draft.workflow.steps[0].attempts:
        return
    ended = draft.workflow.state is State.FINAL
    draft.change(reported=event.completed)
    draft.write(What.REPORTED, facts={"status": "completed" if event.completed else "error", **ENGINE})
    if not ended:
        _it_arrived(draft)
    for each in event.messages:
        found = _news(draft, each)
        if found is not None:
            (_amend if ended else _note)(draft, found)
        else:
            _learn_cost(draft, each, ended=ended)
    if ended:
        return
    if event.completed:
        _end_with_success(draft)
    else:
        dead = [each for step in draft.workflow.steps for each in step.attempts if each.negative is not None]
        reason = reason_of(dead[-1].negative, dead[-1].problem) if dead else None
        finish(draft, Outcome.FAILED, reason)


def end_of_waiting(draft: Draft) -> None:
    """No end was told in all the time there was: what is known stands, else nobody knows."""
    met = [step for step in draft.workflow.steps if _met(step)]
    if met:
        best = max(met, key=_rank)
        finish(draft, _outcome(best.status), Reason.SETTLE_BY, step=best.number, condition_met=True)
        return
    every_one_died = all(_died(step) for step in draft.workflow.steps)
    _end_without_success(draft, Outcome.FAILED if every_one_died else Outcome.UNCONFIRMED, Reason.SETTLE_BY)


def _end_with_success(draft: Draft) -> None:
    """`completed`: the best status seen, else `delivered`. Of two steps that share it, one that met its condition."""
    best = max(draft.workflow.steps, key=lambda step: (_rank(step), _met(step)))
    if best.reached:
        finish(draft, _outcome(best.status), Reason.SUCCESS, step=best.number, condition_met=True)
    else:
        _any_may_be_out(draft)
        finish(draft, Outcome.DELIVERED, Reason.SUCCESS, condition_met=True)


def _end_without_success(draft: Draft, else_final: Outcome, reason: Reason) -> None:
    reached = next((step for step in draft.workflow.steps if step.reached), None)
    if reached is not None:
        finish(draft, Outcome.DELIVERED, reason, step=reached.number)
        return
    if else_final is Outcome.UNCONFIRMED:
        _any_may_be_out(draft)
    finish(draft, else_final, reason)


def _any_may_be_out(draft: Draft) -> None:
    """Nobody told of these steps: the provider may have sent them all the same."""
    for step in draft.workflow.steps:
        if not step.attempts:
            draft.put_attempt(step.number, replace(_attempt_of_the_whole(draft), state=AttemptState.UNSURE))


def _news(draft: Draft, event: Received) -> Received | None:
    """Return the receipt as one of its step's one attempt; None where it is of no step, or no news."""
    number = step_of(draft.workflow, event) if draft.workflow.steps[0].attempts else None
    if number is None:
        return None
    found = as_understood(draft.workflow, replace(event, step=number, attempt=ATTEMPT))
    known = draft.workflow.steps[number - 1].attempts
    return None if known and says_nothing_new(known[-1], found) else found


def _amend(draft: Draft, event: Received) -> Step:
    before = draft.workflow
    step = _note(draft, event)
    write_amendment(draft, event, before)
    return step


def _note(draft: Draft, event: Received) -> Step:
    """Write it down, tell the caller, and heed a code that suppresses or stops. Returns the step."""
    seen = event.message
    if seen is not None:
        draft.change(provider_id=draft.workflow.provider_id or seen.workflow_id)
    if not draft.workflow.steps[event.step - 1].attempts:
        draft.put_attempt(event.step, _attempt_of_the_whole(draft))
    if event.receipt.status.negative:
        attempt = draft.workflow.steps[event.step - 1].attempts[-1]
        meaning = event.meaning or PLAIN
        draft.put_attempt(event.step, dead_by(attempt, event))
        write_negative(draft, event, told=True)
        if meaning.code_class is CodeClass.PERSON:
            suppress(draft, event)
        if meaning.code_class is CodeClass.FAULT:
            step = draft.workflow.steps[event.step - 1]
            raise_stop(draft, attempt, step, meaning.scope or Scope.ACCOUNT, event.receipt.problem)
    else:
        record_positive(draft, event)
    return draft.workflow.steps[event.step - 1]


def _learn_cost(draft: Draft, event: Received, *, ended: bool) -> None:
    """A report that repeats a status may still say what the message cost: what it says is the total so far."""
    before, receipt = draft.workflow, event.receipt
    for step in before.steps:
        for attempt in step.attempts:
            known = attempt.provider_uuid == receipt.provider_uuid
            if known and receipt.price is not None and receipt.price != attempt.price:
                costly = replace(attempt, price=receipt.price, currency=receipt.currency or attempt.currency)
                draft.put_attempt(step.number, costly)
                if ended:
                    write_amendment(draft, replace(event, step=step.number, attempt=attempt.number), before)


def _it_arrived(draft: Draft) -> None:
    """Whatever we thought of the call: the provider has it."""
    attempt = draft.step.attempts[-1]
    if attempt.state in (AttemptState.CLAIMED, AttemptState.UNSURE, AttemptState.NOT_SENT):
        let_it_run(draft, replace(attempt, state=AttemptState.ACCEPTED), draft.now)


def _attempt_of_the_whole(draft: Draft) -> Attempt:
    """Return the attempt of a step that the provider spoke of for the first time."""
    whole = draft.workflow.steps[0].attempts[-1]
    return Attempt(number=ATTEMPT, state=AttemptState.ACCEPTED, claimed_at=whole.claimed_at, account=whole.account)


def _met(step: Step) -> bool:
    return step.status is not None and step.status.rank >= step.condition.rank


def _died(step: Step) -> bool:
    return any(attempt.state is AttemptState.DEAD for attempt in step.attempts)


def _rank(step: Step) -> int:
    return 0 if step.status is None else step.status.rank


def _outcome(status: Status | None) -> Outcome:
    return Outcome.READ if status is Status.READ else Outcome.DELIVERED
