"""Receipts: the rows "success", "below the condition", "negative" and "another step's" of semantics 7. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.amendments import amendable
from services.dispatcher.draft import Draft
from services.dispatcher.events import RaiseStop, Received, Suppress
from services.dispatcher.failover_again import again_after_s, back_off_again
from services.dispatcher.failover_moves import (
    facts_of,
    finish,
    go_on,
    start_clocks,
    stop_and_hold,
    stop_for,
    wait_on,
)
from shared.channels import same_person
from shared.model import (
    Attempt,
    AttemptState,
    CodeClass,
    CodeMeaning,
    Outcome,
    Problem,
    Reason,
    Scope,
    State,
    Status,
    Step,
    What,
    Workflow,
)

PLAIN = CodeMeaning(code_class=CodeClass.NEXT)
TTL_OVER = "1360"


def attempt_of(workflow: Workflow, event: Received) -> Attempt | None:
    """Return the attempt a receipt speaks of; None where there is none of that number."""
    if not 1 <= event.step <= len(workflow.steps):
        return None
    attempts = workflow.steps[event.step - 1].attempts
    return next((attempt for attempt in attempts if attempt.number == event.attempt), None)


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
    _record_positive(draft, event)
    status = event.receipt.status
    outcome = Outcome.READ if status is Status.READ else Outcome.DELIVERED
    finish(draft, outcome, Reason.SUCCESS, step=event.step, condition_met=True)


def below_while_sending(draft: Draft, event: Received) -> None:
    """The receipt beat the answer: what was claimed has been taken. Of an earlier attempt it is noted."""
    attempt = _record_positive(draft, event)
    if attempt.number == draft.step.attempts[-1].number:
        start_clocks(draft, attempt, draft.now)
        draft.change_current(doubt_at=None)
        wait_on(draft)


def below_while_waiting(draft: Draft, event: Received) -> None:
    """Wait on; the doubt, if there was one, is settled."""
    _record_positive(draft, event)
    draft.change_current(doubt_at=None)


def below_while_not_sending(draft: Draft, event: Received) -> None:
    """In ready, backing off or held: the doubt is settled, a pending re-send is dropped."""
    attempt = _record_positive(draft, event)
    start_clocks(draft, attempt, draft.now)
    draft.change_current(doubt_at=None)
    wait_on(draft)


def negative(draft: Draft, event: Received) -> None:
    """The attempt is dead; if none may be out, its code's class says what follows."""
    meaning = event.meaning or PLAIN
    attempt = _its_attempt(draft, event)
    was_claimed = attempt.state is AttemptState.CLAIMED
    number, problem = event.step, event.receipt.problem
    draft.put_attempt(number, _dead(attempt, event))
    others_out = draft.step.may_be_out
    delay_s = None if others_out else again_after_s(draft, meaning)
    tried_again = others_out or delay_s is not None or meaning.code_class is CodeClass.FAULT
    _write_negative(draft, event, told=not tried_again)
    _suppress_person(draft, event, meaning)
    if others_out:
        if was_claimed and draft.workflow.state is State.SENDING:
            wait_on(draft)  # the call in flight is dead, but an earlier one may still be out
        return
    draft.change_current(doubt_at=None)
    if delay_s is not None:
        back_off_again(draft, attempt.number, delay_s)
    elif meaning.code_class is CodeClass.FAULT:
        _start_anew(draft)
        stop_and_hold(draft, meaning.scope or Scope.ACCOUNT, problem or Problem(code="", title="provider fault"))
    else:
        go_on(draft, _reason_of(event))


def of_another_step(draft: Draft, event: Received) -> None:
    """Noted; a code of class `person` or `fault` still suppresses or stops."""
    if event.receipt.status.negative:
        attempt = _its_attempt(draft, event)
        meaning = event.meaning or PLAIN
        draft.put_attempt(event.step, _dead(attempt, event))
        others_out = draft.workflow.steps[event.step - 1].may_be_out
        _write_negative(draft, event, told=not others_out)
        _suppress_person(draft, event, meaning)
        if meaning.code_class is CodeClass.FAULT:
            _raise_stop(draft, event, meaning)
    else:
        _record_positive(draft, event)


def after_the_end(draft: Draft, event: Received) -> None:
    """Journal only; `workflow.amended` if reach or cost changed."""
    before = amendable(draft.workflow)
    of_another_step(draft, event)
    workflow = draft.workflow
    if amendable(workflow) != before:
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


def _record_positive(draft: Draft, event: Received) -> Attempt:
    receipt, number = event.receipt, event.step
    attempt = _its_attempt(draft, event)
    best = receipt.status if attempt.best is None or receipt.status.rank > attempt.best.rank else attempt.best
    attempt = replace(
        attempt,
        state=AttemptState.ACCEPTED,  # whatever we thought of it: it did leave
        best=best,
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
    )
    return attempt


def _dead(attempt: Attempt, event: Received) -> Attempt:
    receipt = event.receipt
    return replace(
        attempt,
        state=AttemptState.DEAD,
        negative=receipt.status,
        problem=receipt.problem,
        provider_uuid=attempt.provider_uuid or receipt.provider_uuid,
        price=receipt.price or attempt.price,
        currency=receipt.currency or attempt.currency,
    )


def _write_negative(draft: Draft, event: Received, *, told: bool) -> None:
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
        )


def _start_anew(draft: Draft) -> None:
    """After a fault of ours the step has all its time again."""
    draft.change_current(
        window_ends_at=None,
        patience_ends_at=None,
        patience_counted_from=None,
        settle_by=None,
        again_count=0,
        became_last=False,
    )


def _suppress_person(draft: Draft, event: Received, meaning: CodeMeaning) -> None:
    """Strike out all later steps to that person, and never write to it again."""
    if meaning.code_class is not CodeClass.PERSON:
        return
    step = draft.workflow.steps[event.step - 1]
    code = event.receipt.problem.code if event.receipt.problem else ""
    draft.follow(Suppress(person=step.person, why=code))
    for later in draft.workflow.steps[event.step :]:
        if _can_be_struck(draft.workflow, later) and same_person(step.person, later.person):
            draft.change_step(later.number, struck_out=True)


def _can_be_struck(workflow: Workflow, step: Step) -> bool:
    """Steps already left, and the current one while a call of it may be out, are past striking."""
    return step.number > workflow.current or (step.number == workflow.current and not step.may_be_out)


def _raise_stop(draft: Draft, event: Received, meaning: CodeMeaning) -> None:
    step = draft.workflow.steps[event.step - 1]
    account = _its_attempt(draft, event).account
    scope = meaning.scope or Scope.ACCOUNT
    problem = event.receipt.problem
    stop = stop_for(step, account=account, scope=scope, reason=problem.title if problem else "", since=draft.now)
    draft.follow(RaiseStop(scope=scope, step=step.number, account=account, reason=stop.reason))


def _reason_of(event: Received) -> Reason:
    problem = event.receipt.problem
    if problem is not None and problem.code == TTL_OVER:
        return Reason.EXPIRED_AT_PROVIDER
    return Reason.UNDELIVERABLE if event.receipt.status is Status.UNDELIVERABLE else Reason.REJECTED
