"""Receipts: the rows "success", "below the condition", "negative" and "another step's" of semantics 7. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.amendments import amendable
from services.dispatcher.draft import Draft
from services.dispatcher.events import Received, Suppress
from services.dispatcher.failover_moves import (
    facts_of,
    finish,
    raise_stop,
    start_clocks,
    wait_on,
)
from services.dispatcher.failover_negative import PLAIN, as_its_code_says, will_be_tried_again
from shared.channels import same_person
from shared.model import (
    Attempt,
    AttemptState,
    CodeClass,
    CodeMeaning,
    Outcome,
    Reason,
    Scope,
    Status,
    Step,
    What,
    Workflow,
)


def attempt_of(workflow: Workflow, event: Received) -> Attempt | None:
    """Return the attempt a receipt speaks of; None where there is none of that number."""
    if not 1 <= event.step <= len(workflow.steps):
        return None
    attempts = workflow.steps[event.step - 1].attempts
    return next((attempt for attempt in attempts if attempt.number == event.attempt), None)


def as_understood(workflow: Workflow, event: Received) -> Received:
    """Read "already sent" (class `done`) of a first attempt as a `submitted` (semantics 6)."""
    if event.meaning is None or event.meaning.code_class is not CodeClass.DONE:
        return event
    if not event.receipt.status.negative or not 1 <= event.step <= len(workflow.steps):
        return event
    step = workflow.steps[event.step - 1]
    if event.attempt == step.resend:
        return event
    return replace(event, receipt=replace(event.receipt, status=Status.SUBMITTED, problem=None), meaning=None)


def says_nothing_new(attempt: Attempt, event: Received) -> bool:
    """Tell whether a receipt changes nothing: no higher rank, a second negative, or a late word on a dead attempt."""
    status = event.receipt.status
    if status.negative:
        return attempt.reached or attempt.state is AttemptState.DEAD
    if attempt.state is AttemptState.DEAD and status.rank < Status.DELIVERED.rank:
        return True
    return attempt.best is not None and status.rank <= attempt.best.rank


def success(draft: Draft, event: Received) -> None:
    """The condition of the step is met, whichever step and attempt: the end."""
    record_positive(draft, event)
    status = event.receipt.status
    outcome = Outcome.READ if status is Status.READ else Outcome.DELIVERED
    finish(draft, outcome, Reason.SUCCESS, step=event.step, condition_met=True)


def below_while_sending(draft: Draft, event: Received) -> None:
    """The receipt beat the answer: what was claimed has been taken. Of an earlier attempt it is noted."""
    attempt = record_positive(draft, event)
    start_clocks(draft, attempt, draft.now)
    if attempt.number == draft.step.attempts[-1].number:
        wait_on(draft)


def below_while_waiting(draft: Draft, event: Received) -> None:
    """Wait on; the doubt, if there was one, is settled."""
    record_positive(draft, event)
    draft.change_current(doubt_at=None)


def below_while_not_sending(draft: Draft, event: Received) -> None:
    """In ready, backing off or held: the doubt is settled, a pending re-send is dropped."""
    attempt = record_positive(draft, event)
    start_clocks(draft, attempt, draft.now)
    wait_on(draft)


def negative(draft: Draft, event: Received) -> None:
    """The attempt is dead; if none may be out, its code's class says what follows."""
    meaning = event.meaning or PLAIN
    attempt = _its_attempt(draft, event)
    was_claimed = attempt.state is AttemptState.CLAIMED
    dead = dead_by(attempt, event)
    draft.put_attempt(event.step, dead)
    others_out = draft.step.may_be_out
    write_negative(draft, event, told=not others_out and not will_be_tried_again(draft, meaning))
    _suppress_person(draft, event, meaning)
    if meaning.code_class is CodeClass.FAULT:
        raise_stop(draft, attempt, draft.step, meaning.scope or Scope.ACCOUNT, event.receipt.problem)
    if not others_out:
        draft.change_current(doubt_at=None)
        as_its_code_says(draft, dead)
    elif was_claimed:
        wait_on(draft)  # the call in flight is dead, but an earlier one may still be out


def of_another_step(draft: Draft, event: Received) -> None:
    """Noted; a code of class `person` or `fault` still suppresses or stops."""
    if event.receipt.status.negative:
        attempt = _its_attempt(draft, event)
        meaning = event.meaning or PLAIN
        draft.put_attempt(event.step, dead_by(attempt, event))
        others_out = draft.workflow.steps[event.step - 1].may_be_out
        write_negative(draft, event, told=not others_out)
        _suppress_person(draft, event, meaning)
        if meaning.code_class is CodeClass.FAULT:
            step = draft.workflow.steps[event.step - 1]
            raise_stop(draft, attempt, step, meaning.scope or Scope.ACCOUNT, event.receipt.problem)
    else:
        record_positive(draft, event)


def after_the_end(draft: Draft, event: Received) -> None:
    """Journal only; `workflow.amended` if reach or cost changed."""
    before = draft.workflow
    of_another_step(draft, event)
    write_amendment(draft, event, before)


def write_amendment(draft: Draft, event: Received, before: Workflow) -> None:
    """Write `workflow.amended` where a receipt changed reach or cost of an ended workflow."""
    workflow = draft.workflow
    if amendable(workflow) != amendable(before):
        draft.write(
            What.AMENDED,
            step=event.step,
            attempt=event.attempt,
            event="workflow.amended",
            facts={
                "channel": workflow.steps[event.step - 1].message.channel,
                "status": event.receipt.status.value,
                "outcome": workflow.outcome.value if workflow.outcome else None,
                "reached": list(workflow.reached),
                "also_reached": list(workflow.also_reached),
                "may_have_reached": list(workflow.may_have_reached),
            },
        )


def _its_attempt(draft: Draft, event: Received) -> Attempt:
    attempt = attempt_of(draft.workflow, event)
    if attempt is None:  # a receipt of an attempt that is not there names no row of the table
        raise LookupError(f"step {event.step} has no attempt {event.attempt}")
    return attempt


def record_positive(draft: Draft, event: Received) -> Attempt:
    """Note a receipt that is news, tell the caller, and return the attempt as it is known now."""
    receipt, number = event.receipt, event.step
    attempt = _its_attempt(draft, event)
    attempt = replace(
        attempt,
        state=AttemptState.ACCEPTED,  # whatever we thought of it: it did leave
        best=receipt.status,  # a lower rank says nothing new and never comes here
        sent_at=attempt.sent_at if attempt.sent_at is not None else draft.now,
        provider_uuid=attempt.provider_uuid or receipt.provider_uuid,
        price=receipt.price or attempt.price,
        currency=receipt.currency or attempt.currency,
    )
    draft.put_attempt(number, attempt)
    sequence = draft.write(
        What.RECEIPT,
        step=number,
        attempt=attempt.number,
        event=draft.told_event(number, receipt.status),
        facts={
            "channel": draft.workflow.steps[number - 1].message.channel,
            "status": receipt.status.value,
            "price": receipt.price,
            "timestamp": receipt.timestamp,
        },
    )
    draft.tell(
        sequence,
        number,
        receipt.status,
        price=receipt.price,
        currency=receipt.currency,
        timestamp=receipt.timestamp,
        extras=receipt.extras,
    )
    return attempt


def dead_by(attempt: Attempt, event: Received) -> Attempt:
    """Return the attempt as a negative receipt leaves it."""
    receipt = event.receipt
    return replace(
        attempt,
        state=AttemptState.DEAD,
        negative=receipt.status,
        meaning=event.meaning,
        problem=receipt.problem,
        provider_uuid=attempt.provider_uuid or receipt.provider_uuid,
        price=receipt.price or attempt.price,
        currency=receipt.currency or attempt.currency,
    )


def write_negative(draft: Draft, event: Received, *, told: bool) -> None:
    """Note a negative receipt; `told`: the step is not tried again, so the caller hears of it now."""
    receipt = event.receipt
    sequence = draft.write(
        What.RECEIPT,
        step=event.step,
        attempt=event.attempt,
        event=draft.told_event(event.step, receipt.status) if told else None,
        facts={
            "channel": draft.workflow.steps[event.step - 1].message.channel,
            "status": receipt.status.value,
            "price": receipt.price,
            "timestamp": receipt.timestamp,
            **facts_of(receipt.problem),
        },
    )
    if told:
        draft.tell(
            sequence,
            event.step,
            receipt.status,
            problem=receipt.problem,
            price=receipt.price,
            currency=receipt.currency,
            timestamp=receipt.timestamp,
            extras=receipt.extras,
        )


def _suppress_person(draft: Draft, event: Received, meaning: CodeMeaning) -> None:
    """Strike out all later steps to that person, and never write to it again."""
    if meaning.code_class is not CodeClass.PERSON:
        return
    step = draft.workflow.steps[event.step - 1]
    suppress(draft, event)
    for later in draft.workflow.steps[event.step :]:
        if _can_be_struck(draft.workflow, later) and same_person(step.person, later.person):
            draft.change_step(later.number, struck_out=True)


def suppress(draft: Draft, event: Received) -> None:
    """Never write to the person of a step again."""
    code = event.receipt.problem.code if event.receipt.problem else ""
    draft.follow(Suppress(person=draft.workflow.steps[event.step - 1].person, why=code))


def _can_be_struck(workflow: Workflow, step: Step) -> bool:
    """Steps already left, and the current one while a call of it may be out, are past striking."""
    return step.number > workflow.current or (step.number == workflow.current and not step.may_be_out)
