"""Workflows that the provider runs: all that is left to decide is the call that hands them over, and the end. Pure.

The table of semantics 10, beside the one of semantics 7 in `failover`: event and state pick one handler, and a cell
that is missing means that nothing happens there. The whole is one attempt of step 1; other steps have an attempt once
the provider spoke of their message. Where the provider will not run it, the workflow becomes an ordinary one of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from services.dispatcher.clocks import LEASE_S, LOST_CALL_S, Running, due
from services.dispatcher.draft import Draft
from services.dispatcher.events import (
    Answered,
    AnyEvent,
    Call,
    Cancel,
    Decision,
    Due,
    Event,
    Received,
    Reported,
    Republished,
    Resumed,
    StepMessage,
    Updated,
)
from services.dispatcher.failover_calls import claim, note_answer
from services.dispatcher.failover_moves import become_ready, exhaust, facts_of, is_struck, raise_stop
from services.dispatcher.failover_not_sent import retry_at_of, write_not_sent
from services.dispatcher.failover_provider_ends import end_of_waiting, heard, heard_after_the_end, reported
from services.dispatcher.failover_provider_moves import ENGINE, let_it_run, take_over
from services.dispatcher.failover_timers import LOST, cancel, republish, resumed, updated
from shared.model import Attempt, AttemptState, Outcome, Problem, Reason, State, What, Workflow
from shared.outcomes import Accepted, Busy, HandedOver, OurFault, Refused, Stale, Unsure

OPTED_OUT = Problem(code="suppressed", title="Somebody it is for asked not to be written to")
TWO_ACCOUNTS = Problem(code="accounts", title="Its messages belong to different accounts")


def hand_over(draft: Draft, event: StepMessage) -> None:
    """One call leaves for the whole workflow once this is committed.

    What one call can't say is run by us: a step that must not be tried, messages of different accounts.
    """
    step = draft.step
    if (event.step, event.attempt) != (step.number, step.next_attempt):
        return  # stale: the row has moved on since the message was published
    if draft.now >= draft.workflow.send_by:
        exhaust(draft, Outcome.EXPIRED, Reason.SEND_BY)
        return
    hindrance = _hindrance(draft)
    if hindrance is not None:
        take_over(draft, hindrance)
        claim(draft, event)
        return
    attempt = Attempt(
        number=event.attempt,
        state=AttemptState.CLAIMED,
        claimed_at=draft.now,
        account=draft.outside.account_of(step.number),
    )
    first = not step.attempts
    draft.put_attempt(step.number, attempt)
    draft.change(state=State.SENDING, lease_until=draft.now + LEASE_S)
    draft.write(
        What.CLAIMED,
        step=step.number,
        attempt=attempt.number,
        event="workflow.step_started" if first else None,
        facts={"channel": step.message.channel, "account": attempt.account, **ENGINE},
    )
    draft.follow(
        Call(
            step=step.number,
            attempt=attempt.number,
            account=attempt.account,
            claimed_at=draft.now,
            ttl=None,
            whole=True,
        )
    )


def answered(draft: Draft, event: Answered) -> None:
    """The call came back, in time or late. It settles a doubt as well as it answers the claim; else it is noted."""
    attempt = draft.step.attempts[-1] if draft.step.attempts else None
    if attempt is None or event.step != draft.step.number or event.claimed_at not in (None, attempt.claimed_at):
        return
    outcome, late = event.outcome, attempt.state is not AttemptState.CLAIMED
    if late and (attempt.state is not AttemptState.UNSURE or isinstance(outcome, Unsure)):
        noted(draft, event)
        return
    match outcome:
        case HandedOver() | Accepted():
            _taken(draft, attempt, outcome, moment=draft.now - event.age_s, late=late)
        case Refused(problem=problem):
            take_over(draft, problem, attempt)
        case Unsure(problem=problem):
            _in_doubt(draft, attempt, problem, draft.now - event.age_s)
        case Busy() | Stale() | OurFault():
            _not_handed_over(draft, attempt, outcome)


def noted(draft: Draft, event: Answered) -> None:
    """An answer that changes nothing but the ids that it names."""
    if isinstance(event.outcome, HandedOver):
        draft.change(provider_id=draft.workflow.provider_id or event.outcome.workflow_id)
    note_answer(draft, event)


def when_due(draft: Draft, event: Due) -> None:
    """Judge the first clock that is over. With none over, nothing happens."""
    match due(draft.workflow, now=draft.now, read_to=event.read_to, blind=event.blind):
        case Running.LEASE:
            attempt = draft.step.attempts[-1]
            _in_doubt(draft, attempt, LOST, attempt.claimed_at + LOST_CALL_S)
        case Running.SETTLE_BY:
            end_of_waiting(draft)
        case Running.SEND_BY:
            exhaust(draft, Outcome.EXPIRED, Reason.SEND_BY)
        case Running.BACK_OFF:
            become_ready(draft)
            draft.write(What.READY, step=draft.step.number, facts={"channel": draft.step.message.channel})


def too_late(draft: Draft, event: Cancel) -> None:  # noqa: ARG001 - every handler is told its event
    """The provider runs it, or may: nothing can be cancelled any more (the ingress says 409)."""
    draft.write(What.TOO_LATE, reason=Reason.CANCELLED)


def _hindrance(draft: Draft) -> Problem | None:
    workflow = draft.workflow
    if any(is_struck(draft, step) for step in workflow.steps):
        return OPTED_OUT
    accounts = {draft.outside.account_of(step.number) for step in workflow.steps}
    return TWO_ACCOUNTS if len(accounts) > 1 else None


def _taken(draft: Draft, attempt: Attempt, outcome: HandedOver | Accepted, *, moment: float, late: bool) -> None:
    workflow_id = outcome.workflow_id if isinstance(outcome, HandedOver) else None
    uuid = attempt.provider_uuid or outcome.provider_uuid
    draft.change(provider_id=draft.workflow.provider_id or workflow_id)
    let_it_run(draft, replace(attempt, state=AttemptState.ACCEPTED, provider_uuid=uuid), moment)
    draft.write(
        What.SENT,
        step=draft.step.number,
        attempt=attempt.number,
        facts={
            "channel": draft.step.message.channel,
            "provider_uuid": uuid,
            "provider_workflow": workflow_id,
            "late": late or None,
            **ENGINE,
        },
    )


def _in_doubt(draft: Draft, attempt: Attempt, problem: Problem, moment: float) -> None:
    """It is never handed over again, and never taken over: what the provider says of it is waited for."""
    let_it_run(draft, replace(attempt, state=AttemptState.UNSURE, problem=problem), moment)
    draft.write(
        What.UNSURE,
        step=draft.step.number,
        attempt=attempt.number,
        reason=Reason.UNSURE,
        facts={"channel": draft.step.message.channel, **ENGINE, **facts_of(problem)},
    )


def _not_handed_over(draft: Draft, attempt: Attempt, outcome: Busy | Stale | OurFault) -> None:
    problem = None if isinstance(outcome, Stale) else outcome.problem
    draft.put_attempt(draft.step.number, replace(attempt, state=AttemptState.NOT_SENT, problem=problem, sent_at=None))
    draft.change_current(settle_by=None)
    write_not_sent(draft, attempt, outcome, ENGINE)
    match outcome:
        case Busy():
            draft.change(state=State.BACKING_OFF, lease_until=None)
            draft.change_current(retry_at=retry_at_of(draft, attempt, outcome), busy_count=draft.step.busy_count + 1)
        case Stale():
            become_ready(draft)
        case OurFault(scope=scope):
            raise_stop(draft, attempt, draft.step, scope, problem)
            draft.change(state=State.HELD, lease_until=None)
            draft.change_current(held_since=draft.now, retry_at=None)
            draft.write(
                What.HELD,
                step=draft.step.number,
                reason=Reason.STOPPED,
                facts={"channel": draft.step.message.channel, "scope": scope.value, **ENGINE, **facts_of(problem)},
            )


Handler = Callable[..., None]
"""Takes the draft and its own kind of event."""


def _in(states: tuple[State, ...], handler: Handler) -> dict[State, Handler]:
    return dict.fromkeys(states, handler)


def _told_nothing(handler: Callable[[Draft], None]) -> Handler:
    return lambda draft, _event: handler(draft)


_AT_REST = (State.READY, State.BACKING_OFF, State.HELD)
_HANDED = (State.SENDING, State.WAITING)
_OPEN = (*_AT_REST, *_HANDED)

TABLE: Mapping[type[Event], Mapping[State, Handler]] = {
    StepMessage: _in((State.READY,), hand_over),
    Answered: {**_in(_OPEN, answered), **_in((State.FINAL,), noted)},
    Received: {**_in(_OPEN, heard), **_in((State.FINAL,), heard_after_the_end)},
    Reported: _in((*_OPEN, State.FINAL), reported),
    Due: _in(_OPEN, when_due),
    Resumed: _in((State.HELD,), resumed),
    Cancel: {**_in(_AT_REST, _told_nothing(cancel)), **_in(_HANDED, too_late)},
    Republished: _in((State.READY,), _told_nothing(republish)),
    Updated: _in((*_OPEN, State.FINAL), updated),
}
"""Not in it: `Stopped`, since there is no step of ours to go on to, and an operator's `NextNow`."""


def decide_by_provider(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    """Return the decision on a workflow that the provider runs; see `failover.decide`."""
    handler = TABLE.get(type(event), {}).get(workflow.state)
    if handler is None:
        return Decision(workflow=workflow)
    draft = Draft(workflow, now=now, outside=event.outside, by=event.by)
    handler(draft, event)
    return draft.decision()
