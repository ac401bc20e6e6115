"""The moves of the state machine: next, exhausted, final, held, waiting. Each is a rule of semantics 7. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.clocks import DEFAULT_FINAL_RECEIPT_S, TTL_GRACE_S
from services.dispatcher.draft import Draft
from services.dispatcher.events import DEFAULT_RECONCILE_S, PutStep, RaiseStop, TellEnd
from shared.model import (
    Attempt,
    AttemptState,
    Delivery,
    Outcome,
    Priority,
    Problem,
    Reason,
    RequestKind,
    Scope,
    State,
    Status,
    Step,
    Stop,
    StopKind,
    What,
    WhenStopped,
)

OPTED_OUT = Problem(code="1240", title="Recipient opted out", detail="This person is not to be written to.")
TOO_LATE = Problem(code="1360", title="TTL expired", detail="It could not be sent before its time was over.")


def is_struck(draft: Draft, step: Step) -> bool:
    """Tell whether a step must not be tried: struck out in this workflow, or its person suppressed."""
    return step.struck_out or step.person in draft.outside.suppressed


def following(draft: Draft) -> Step | None:
    """Return the next step whose person may be written to; None when none is left."""
    later = draft.workflow.steps[draft.workflow.current :]
    return next((step for step in later if not is_struck(draft, step)), None)


def go_on(draft: Draft, reason: Reason) -> None:
    """*next*: the following step whose person is not suppressed becomes ready, and its message goes out.

    None left, or `send_by` over: *exhausted*.
    """
    late = draft.now >= draft.workflow.send_by
    target = following(draft)
    if target is None or late:
        _strike_out_before(draft, len(draft.workflow.steps) + 1 if target is None else target.number)
        exhaust(draft, Outcome.EXPIRED if target is not None else Outcome.FAILED, reason)
        return
    left = draft.workflow.current
    _give_up(draft)
    _strike_out_before(draft, target.number)
    draft.change_step(left, over=reason, doubt_at=None, retry_at=None, held_since=None, patience_ends_at=None)
    draft.change(current=target.number)
    draft.write(
        What.NEXT,
        step=left,
        reason=reason,
        facts={
            "channel": draft.workflow.steps[left - 1].message.channel,
            "to_step": target.number,
            "to_channel": target.message.channel,
        },
    )
    draft.change_current(turn_at=draft.now)
    become_ready(draft)


def become_ready(draft: Draft) -> None:
    """Wait for a turn: the step's message goes on its channel's queue with the same commit."""
    draft.change(state=State.READY, lease_until=None)
    draft.change_current(retry_at=None, held_since=None)
    workflow, step = draft.workflow, draft.step
    new_work = step.number == 1 and not step.attempts and workflow.priority is Priority.NORMAL
    draft.follow(
        PutStep(step=step.number, attempt=step.next_attempt, channel=step.message.channel, goes_on=not new_work)
    )


def exhaust(draft: Draft, else_final: Outcome, reason: Reason, *, settled: bool = False) -> None:
    """*exhausted*: nothing is left to try. `settled`: `settle_by` is over, so waiting is over too."""
    step = draft.step
    reached = next((known for known in draft.workflow.steps if known.reached), None)
    if reached is not None:
        _give_up(draft, otherwise=TOO_LATE if else_final is Outcome.EXPIRED else None)
        finish(draft, Outcome.DELIVERED, reason, step=reached.number, condition_met=False)
    elif step.may_be_out and settled:
        finish(draft, Outcome.UNCONFIRMED, reason)
    elif step.may_be_out:
        in_time = draft.now < draft.workflow.send_by
        draft.change(state=State.WAITING, lease_until=None)
        draft.change_current(
            became_last=True, retry_at=None, held_since=None, doubt_at=step.doubt_at if in_time else None
        )
        draft.write(What.WAITING_ON, step=step.number, reason=reason, facts={"channel": step.message.channel})
    else:
        _give_up(draft, otherwise=TOO_LATE if else_final is Outcome.EXPIRED else None)
        draft.change_current(over=reason)
        finish(draft, else_final, reason)


def finish(
    draft: Draft, outcome: Outcome, reason: Reason | None, *, step: int | None = None, condition_met: bool = False
) -> None:
    """*final*: the one end, however it came. `reason` None: nobody named one."""
    _give_up(draft)
    current = draft.step
    had_a_call = any(attempt.state is not AttemptState.NOT_SENT for attempt in current.attempts)
    saved = condition_met and not had_a_call  # a success of the current step had one
    draft.change(
        state=State.FINAL,
        outcome=outcome,
        outcome_step=step,
        condition_met=condition_met,
        fallback_saved=saved,
        finished_at=draft.now,
        lease_until=None,
    )
    draft.change_current(doubt_at=None, retry_at=None, held_since=None, patience_ends_at=None)
    workflow = draft.workflow
    sequence = draft.write(
        What.FINAL,
        step=step,
        reason=reason,
        event="workflow.final",
        facts={
            "outcome": outcome.value,
            "condition_met": condition_met,
            "channel": workflow.steps[step - 1].message.channel if step is not None else None,
            "fallback_saved": saved or None,
            "also_reached": list(workflow.also_reached) or None,
            "may_have_reached": list(workflow.may_have_reached) or None,
        },
    )
    if workflow.kind is RequestKind.WORKFLOW:
        draft.follow(TellEnd(sequence=sequence))


def wait_on(draft: Draft) -> None:
    """Wait for receipts of what may be out."""
    draft.change(state=State.WAITING, lease_until=None)
    draft.change_current(retry_at=None, held_since=None)


def start_clocks(draft: Draft, attempt: Attempt, moment: float) -> None:
    """The step may have left at `moment`: window and `settle_by` start, once a step; patience is over."""
    step, workflow = draft.step, draft.workflow
    draft.put_attempt(step.number, replace(attempt, sent_at=attempt.sent_at or moment))
    window_ends_at, settle_by = step.window_ends_at, step.settle_by
    if step.expiry_time is not None and window_ends_at is None:
        window_ends_at = moment + step.expiry_time
    if settle_by is None:
        length = workflow.final_receipt_time
        if length is None:
            length = DEFAULT_FINAL_RECEIPT_S if attempt.ttl is None else attempt.ttl + TTL_GRACE_S
        settle_by = moment + max(length, step.expiry_time or 0)
    draft.change_current(
        window_ends_at=window_ends_at,
        settle_by=settle_by,
        patience_ends_at=None,
        patience_counted_from=None,
        patience_left=None,
    )


def start_doubt(draft: Draft, moment: float) -> None:
    """A last or windowless step in doubt: plan the one re-send, where it is wanted and was not used up."""
    step = draft.step
    wanted = step.delivery is Delivery.AT_LEAST_ONCE and step.resend is None and step.expiry_time is None
    if not wanted:
        return
    reconcile_s = draft.outside.reconcile_s.get(step.message.channel, DEFAULT_RECONCILE_S)
    draft.change_current(doubt_at=moment + reconcile_s)


def raise_stop(draft: Draft, attempt: Attempt, step: Step, scope: Scope, problem: Problem | None) -> None:
    """Something of ours is wrong: stop it for everybody, on the account whose call said so."""
    reason = "the provider named no reason"
    if problem is not None:
        reason = problem.title if not problem.detail else f"{problem.title}: {problem.detail}"
    stop = stop_for(step, account=attempt.account, scope=scope, reason=reason, since=draft.now)
    draft.follow(RaiseStop(scope=scope, step=step.number, account=attempt.account, reason=reason))
    draft.outside = replace(draft.outside, stops=(*draft.outside.stops, stop))


def hold(draft: Draft, scope: Scope, problem: Problem | None) -> None:
    """Wait for the end of a stop, or go on, as `when_stopped` says."""
    step = draft.step
    if may_pass_a_stop(draft):
        go_on(draft, Reason.SKIPPED)
        return
    draft.change(state=State.HELD, lease_until=None)
    draft.change_current(held_since=draft.now, retry_at=None)
    draft.write(
        What.HELD,
        step=step.number,
        reason=Reason.STOPPED,
        facts={"channel": step.message.channel, "scope": scope.value, **facts_of(problem)},
    )


def stop_for(step: Step, *, account: str, scope: Scope, reason: str, since: float) -> Stop:
    """Return the stop that a fault of ours at this step makes."""
    return Stop(
        kind=StopKind.FAULT,
        account=account,
        channel=None if scope is Scope.ACCOUNT else step.message.channel,
        sender=step.message.sender if scope is Scope.SENDER else None,
        reason=reason,
        since=since,
    )


def stops_of(draft: Draft, step: Step) -> tuple[Stop, ...]:
    """Return the stops that cover a step."""
    account = draft.outside.account_of(step.number)
    return tuple(
        stop
        for stop in draft.outside.stops
        if stop.covers(account=account, channel=step.message.channel, sender=step.message.sender)
    )


def may_pass_a_stop(draft: Draft) -> bool:
    """Tell whether `when_stopped: next` applies: a fault's stop here, and the next step's channel open."""
    target = following(draft)
    stopped_by_fault = any(stop.kind is StopKind.FAULT for stop in stops_of(draft, draft.step))
    return (
        draft.workflow.when_stopped is WhenStopped.NEXT
        and stopped_by_fault
        and target is not None
        and not stops_of(draft, target)
    )


def _give_up(draft: Draft, *, otherwise: Problem | None = None) -> None:
    """The current step is not tried any more: tell its negative where that was put off, else `otherwise`."""
    step = draft.step
    if step.may_be_out:
        return
    dead = next((attempt for attempt in reversed(step.attempts) if attempt.negative is not None), None)
    if dead is not None and dead.negative is not None:
        status, problem, attempt = dead.negative, dead.problem, dead.number
    elif otherwise is not None:
        status, problem, attempt = Status.REJECTED, otherwise, None
    else:
        return
    if not draft.may_tell(step.number, status):
        return
    sequence = draft.write(
        What.GIVEN_UP,
        step=step.number,
        attempt=attempt,
        event=draft.told_event(step.number, status),
        facts={"channel": step.message.channel, "status": status.value, **facts_of(problem)},
    )
    draft.tell(sequence, step.number, status, problem=problem)


def _strike_out_before(draft: Draft, number: int) -> None:
    """Pass over the suppressed steps between the current one and step `number`, and tell the caller."""
    for step in draft.workflow.steps[draft.workflow.current : number - 1]:
        if step.over is None:
            strike_out(draft, step)


def strike_out(draft: Draft, step: Step) -> None:
    """Tell that a step will not be tried because its person opted out."""
    draft.change_step(step.number, struck_out=True, over=Reason.SUPPRESSED)
    sequence = draft.write(
        What.STRUCK_OUT,
        step=step.number,
        reason=Reason.SUPPRESSED,
        event=draft.told_event(step.number, Status.REJECTED),
        facts={"channel": step.message.channel, "status": Status.REJECTED.value, **facts_of(OPTED_OUT)},
    )
    draft.tell(sequence, step.number, Status.REJECTED, problem=OPTED_OUT)


def facts_of(problem: Problem | None) -> dict[str, object]:
    """Return a problem as facts of an entry."""
    if problem is None:
        return {}
    return {"code": problem.code, "title": problem.title, "detail": problem.detail or None}
