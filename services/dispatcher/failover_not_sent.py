"""A call that provably did not happen: Busy, Stale, OurFault, in time or late (semantics 5 and 7). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from services.dispatcher.back_off import back_off_s
from services.dispatcher.draft import Draft
from services.dispatcher.failover_moves import become_ready, facts_of, hold, raise_stop, wait_on
from services.dispatcher.failover_negative import as_its_code_says
from services.dispatcher.failover_patience import start_patience
from shared.ids import reference
from shared.model import Attempt, AttemptState, Reason, State, Step, What
from shared.outcomes import Busy, OurFault, Stale


def not_sent(draft: Draft, attempt: Attempt, outcome: Busy | Stale | OurFault) -> None:
    """Note it, and do what the other attempts of the step leave to be done.

    One of them was taken: the doubt is settled, wait for its receipts. This call was the one in doubt, and another may
    be out: wait on for that one. None may be out, and of a call in doubt and its re-send the other one is dead: the
    code of that one says what follows. Else it is as if the call had not been tried, and it will be tried again.
    """
    was_claimed = attempt.state is AttemptState.CLAIMED
    problem = None if isinstance(outcome, Stale) else outcome.problem
    draft.put_attempt(draft.step.number, replace(attempt, state=AttemptState.NOT_SENT, problem=problem, sent_at=None))
    step = draft.step
    others = [known for known in step.attempts if known.number != attempt.number]
    taken = any(known.state is AttemptState.ACCEPTED for known in others)
    others_out = any(known.state.may_be_out for known in others)
    if isinstance(outcome, OurFault):
        raise_stop(draft, attempt, step, outcome.scope, outcome.problem)
    write_not_sent(draft, attempt, outcome)
    if taken or (others_out and not was_claimed):
        if was_claimed:
            wait_on(draft)
        return
    twin = _twin_of(step, attempt)
    if twin is not None and twin.negative is not None:
        as_its_code_says(draft, twin)
        return
    if all(known.state is AttemptState.NOT_SENT for known in others):
        _as_if_it_had_not_been_tried(draft)
    _try_again(draft, attempt, outcome)


def _twin_of(step: Step, attempt: Attempt) -> Attempt | None:
    """Return the other one of the two calls that a doubt made: its re-send, or the one that was sent again."""
    if step.resend is None or attempt.number not in (step.resend - 1, step.resend):
        return None
    number = 2 * step.resend - 1 - attempt.number
    return next((known for known in step.attempts if known.number == number), None)


def _as_if_it_had_not_been_tried(draft: Draft) -> None:
    """Nothing of this step ever left: its window never ran, and patience goes on from its first claim."""
    draft.change_current(window_ends_at=None, settle_by=None, doubt_at=None, became_last=False, resend=None)
    start_patience(draft)


def _try_again(draft: Draft, attempt: Attempt, outcome: Busy | Stale | OurFault) -> None:
    match outcome:
        case Busy():
            draft.change(state=State.BACKING_OFF, lease_until=None)
            draft.change_current(retry_at=retry_at_of(draft, attempt, outcome), busy_count=draft.step.busy_count + 1)
        case Stale():
            become_ready(draft)
        case OurFault(scope=scope, problem=problem):
            hold(draft, scope, problem)


def retry_at_of(draft: Draft, attempt: Attempt, busy: Busy) -> float:
    """Return the end of the back-off after a Busy."""
    count = draft.step.busy_count + 1
    label = f"{reference(draft.workflow.workflow_id, draft.step.number, attempt.number)}:{count}"
    return draft.now + back_off_s(label, count=count, retry_after_s=busy.retry_after_s)


def write_not_sent(
    draft: Draft, attempt: Attempt, outcome: Busy | Stale | OurFault, facts: Mapping[str, object] | None = None
) -> None:
    """Write that a call did not happen, and why; `facts` beside what its outcome says."""
    reasons = {Busy: Reason.BUSY, Stale: Reason.STALE, OurFault: Reason.STOPPED}
    more: dict[str, object] = {}
    if isinstance(outcome, Busy):
        more = {"retry_after_s": outcome.retry_after_s}
    if isinstance(outcome, OurFault):
        more = {"scope": outcome.scope.value, "account": attempt.account}
    draft.write(
        What.NOT_SENT,
        step=draft.step.number,
        attempt=attempt.number,
        reason=reasons[type(outcome)],
        facts={
            "channel": draft.step.message.channel,
            **(facts or {}),
            **more,
            **facts_of(None if isinstance(outcome, Stale) else outcome.problem),
        },
    )
