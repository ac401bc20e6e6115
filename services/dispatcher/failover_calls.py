"""Claims and answers: the rows "step message", "answer" and "late answer" of the table in semantics 7. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.clocks import LEASE_S
from services.dispatcher.draft import Draft
from services.dispatcher.events import DEFAULT_RECEIPT_P95_S, Answered, Call, StepMessage
from services.dispatcher.failover_moves import (
    exhaust,
    facts_of,
    go_on,
    is_struck,
    start_clocks,
    start_doubt,
    strike_out,
    wait_on,
)
from services.dispatcher.failover_not_sent import not_sent
from services.dispatcher.failover_patience import start_patience
from services.dispatcher.ttl import aligned_ttl
from shared.model import Attempt, AttemptState, Outcome, Problem, Reason, State, Status, What
from shared.outcomes import Accepted, Busy, HandedOver, OurFault, Refused, Stale, Unsure


def claim(draft: Draft, event: StepMessage) -> None:
    """Take the turn: one call leaves for (workflow, step, attempt) once this is committed."""
    step = draft.step
    if (event.step, event.attempt) != (step.number, step.next_attempt):
        return  # stale: the row has moved on since the message was published
    if draft.now >= draft.workflow.send_by:
        exhaust(draft, Outcome.EXPIRED, Reason.SEND_BY)
        return
    if is_struck(draft, step):
        if not step.may_be_out:
            strike_out(draft, step)
        go_on(draft, Reason.SUPPRESSED)
        return
    p95_s = draft.outside.receipt_p95_s.get(step.message.channel, DEFAULT_RECEIPT_P95_S)
    ttl = aligned_ttl(step, send_by=draft.workflow.send_by, now=draft.now, receipt_p95_s=p95_s)
    attempt = Attempt(
        number=event.attempt,
        state=AttemptState.CLAIMED,
        claimed_at=draft.now,
        account=draft.outside.account_of(step.number),
        ttl=ttl.seconds,
    )
    first = not step.attempts
    draft.put_attempt(step.number, attempt)
    draft.change(state=State.SENDING, lease_until=draft.now + LEASE_S)
    draft.change_current(first_claimed_at=step.first_claimed_at or draft.now)
    start_patience(draft)
    draft.write(
        What.CLAIMED,
        step=step.number,
        attempt=attempt.number,
        event="workflow.step_started" if first else None,
        facts={
            "channel": step.message.channel,
            "account": attempt.account,
            "ttl": ttl.seconds,
            "ttl_note": ttl.note,
        },
    )
    draft.follow(
        Call(
            step=step.number,
            attempt=attempt.number,
            account=attempt.account,
            claimed_at=draft.now,
            ttl=ttl.seconds,
        )
    )


def answer(draft: Draft, event: Answered) -> None:
    """The claimed call came back in time: semantics 5 says what follows."""
    step = draft.step
    attempt = step.attempts[-1]
    moment = draft.now - event.age_s
    facts = {"channel": step.message.channel}
    match event.outcome:
        case Accepted(provider_uuid=uuid):
            start_clocks(draft, replace(attempt, state=AttemptState.ACCEPTED, provider_uuid=uuid), moment)
            wait_on(draft)
            draft.write(What.SENT, step=step.number, attempt=attempt.number, facts={**facts, "provider_uuid": uuid})
        case Refused(problem=problem):
            _refused(draft, attempt, problem)
        case Unsure(problem=problem):
            start_clocks(draft, replace(attempt, state=AttemptState.UNSURE, problem=problem), moment)
            wait_on(draft)
            start_doubt(draft, moment)
            draft.write(
                What.UNSURE,
                step=step.number,
                attempt=attempt.number,
                reason=Reason.UNSURE,
                facts={**facts, **facts_of(problem)},
            )
        case Busy() | Stale() | OurFault() as outcome:
            not_sent(draft, attempt, outcome)


def late_answer(draft: Draft, event: Answered) -> None:
    """The lease was over, or a receipt came first. It still settles a doubt of the current step; else it is noted."""
    step = draft.workflow.steps[event.step - 1]
    attempt = next((known for known in step.attempts if known.number == event.attempt), None)
    if attempt is None:
        return
    in_doubt = attempt.state is AttemptState.UNSURE and step.number == draft.workflow.current
    if not in_doubt:
        note_answer(draft, event)
        return
    match event.outcome:
        case Accepted(provider_uuid=uuid):
            _late_accepted(draft, replace(attempt, state=AttemptState.ACCEPTED, provider_uuid=uuid), event)
        case Refused(problem=problem):
            _refused(draft, attempt, problem)
        case Busy() | Stale() | OurFault() as outcome:
            not_sent(draft, attempt, outcome)
        case Unsure():
            note_answer(draft, event)


def note_answer(draft: Draft, event: Answered) -> None:
    """Only the provider's id is noted."""
    step = draft.workflow.steps[event.step - 1]
    attempt = next((known for known in step.attempts if known.number == event.attempt), None)
    if attempt is None:
        return
    uuid = event.outcome.provider_uuid if isinstance(event.outcome, Accepted | HandedOver) else None
    if uuid is not None and attempt.provider_uuid is None:
        # The call of a claim that nobody waits for any more did leave: that much the journal may know.
        taken = attempt.state is AttemptState.CLAIMED and draft.workflow.state is State.FINAL
        draft.put_attempt(
            step.number,
            replace(attempt, provider_uuid=uuid, state=AttemptState.ACCEPTED if taken else attempt.state),
        )
    problem = getattr(event.outcome, "problem", None)
    draft.write(
        What.ANSWER_NOTED,
        step=step.number,
        attempt=attempt.number,
        facts={
            "channel": step.message.channel,
            "answer": type(event.outcome).__name__,
            "provider_uuid": uuid,
            **facts_of(problem),
        },
    )


def _refused(draft: Draft, attempt: Attempt, problem: Problem) -> None:
    step = draft.step
    draft.put_attempt(step.number, replace(attempt, state=AttemptState.DEAD, negative=Status.REJECTED, problem=problem))
    over = not draft.step.may_be_out
    sequence = draft.write(
        What.REFUSED,
        step=step.number,
        attempt=attempt.number,
        reason=Reason.REFUSED,
        event=draft.told_event(step.number, Status.REJECTED) if over else None,
        facts={"channel": step.message.channel, **facts_of(problem)},
    )
    if over:
        draft.tell(sequence, step.number, Status.REJECTED, problem=problem)
        go_on(draft, Reason.REFUSED)
    elif attempt.state is AttemptState.CLAIMED:
        wait_on(draft)  # the re-send was refused; the first call may still be out


def _late_accepted(draft: Draft, attempt: Attempt, event: Answered) -> None:
    """As a `submitted`: the doubt is settled, and a re-send that waits its turn is dropped."""
    draft.put_attempt(draft.step.number, attempt)
    draft.change_current(doubt_at=None)
    if draft.workflow.state is not State.SENDING:
        wait_on(draft)
    draft.write(
        What.SENT,
        step=event.step,
        attempt=event.attempt,
        facts={"channel": draft.step.message.channel, "provider_uuid": attempt.provider_uuid, "late": True},
    )
