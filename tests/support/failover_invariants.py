"""What must be true of every decision and of every row, whatever happened (semantics 1): one sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.dispatcher.events import (
    Answered,
    AnyEvent,
    Call,
    Decision,
    PutStep,
    RaiseStop,
    Received,
    Suppress,
    TellEnd,
)
from services.dispatcher.failover_patience import stands_patience_still
from shared.model import AttemptState, CodeClass, Reason, Scope, State, Status, Step, What, Workflow
from shared.outcomes import OurFault


def check_row(workflow: Workflow, messages: Sequence[tuple[int, int]]) -> None:
    """Check a row by itself; `messages` are all step messages that were ever put."""
    current = workflow.step
    assert (workflow.state is State.FINAL) == (workflow.outcome is not None)
    claimed = [attempt for attempt in current.attempts if attempt.state is AttemptState.CLAIMED]
    match workflow.state:
        case State.SENDING:
            assert [current.attempts[-1]] == claimed, "one call is out"
            assert workflow.lease_until is not None
        case State.READY:
            assert (workflow.current, current.next_attempt) in messages, "a ready row has its message"
        case State.WAITING:
            assert current.may_be_out or current.reached, "somebody waits for nothing"
        case State.BACKING_OFF:
            assert current.retry_at is not None
        case State.HELD:
            assert current.held_since is not None
    if workflow.state not in (State.SENDING, State.FINAL):
        assert [] == claimed
        assert workflow.lease_until is None
    if workflow.state in (State.READY, State.BACKING_OFF, State.HELD):
        taken = [attempt for attempt in current.attempts if attempt.state is AttemptState.ACCEPTED]
        assert [] == taken, "what was taken is waited for"
    if current.doubt_at is not None:
        assert [True] == [attempt.state.may_be_out for attempt in current.attempts if attempt.state.may_be_out]
        assert State.WAITING is workflow.state, "doubt runs while one call is waited for"
    for step in workflow.steps:
        ranks = [status.rank for status in step.told if not status.negative]
        assert ranks == sorted(set(ranks)), "a status is told once, upward"
        assert sum(status.negative for status in step.told) <= 1
        assert [attempt.number for attempt in step.attempts] == list(range(1, len(step.attempts) + 1))
        if step.number > workflow.current:
            assert () == step.attempts


def check_decision(
    before: Workflow, event: AnyEvent | None, decision: Decision, *, now: float, seen: Counter[str]
) -> None:
    """Check a step from one row to the next; `seen` counts what comes once. `event` None: the beginning."""
    _journal(before, decision)
    _once(before, decision, seen)
    for effect in decision.effects:
        match effect:
            case Call():
                _claim(before, effect, decision.workflow, now)
            case PutStep():
                assert effect.step == decision.workflow.current
            case TellEnd():
                assert decision.workflow.state is State.FINAL
    _next(before, event, decision, now)
    _faults_stop(before, event, decision)
    _truth(event, decision)
    if decision.workflow.state is State.FINAL:
        _told_at_the_end(decision.workflow)


def _journal(before: Workflow, decision: Decision) -> None:
    sequences = [entry.sequence for entry in decision.entries]
    assert list(range(before.sequence + 1, before.sequence + 1 + len(sequences))) == sequences, "no gaps"
    assert decision.workflow.sequence == before.sequence + len(sequences)
    if not decision.entries:
        assert before is decision.workflow, "what changes is written"
        assert not decision.effects
    elif decision.workflow.state is not State.FINAL:
        assert "waits_for" in decision.entries[-1].facts


def _once(before: Workflow, decision: Decision, seen: Counter[str]) -> None:
    for entry in decision.entries:
        if entry.what in (What.FINAL, What.RESEND, What.STRUCK_OUT):
            seen[f"{entry.what} {entry.step if entry.what is not What.FINAL else ''}"] += 1
        seen["workflow.final"] += entry.event == "workflow.final"
    assert max(seen.values(), default=0) <= 1, f"one end, one re-send a step: {dict(seen)}"
    assert seen["workflow.final"] == (decision.workflow.state is State.FINAL)
    if before.state is State.FINAL:
        assert (before.outcome, before.condition_met, before.state) == (
            decision.workflow.outcome,
            decision.workflow.condition_met,
            decision.workflow.state,
        )
        assert all(not isinstance(effect, Call | PutStep | TellEnd) for effect in decision.effects)


def _claim(before: Workflow, call: Call, after: Workflow, now: float) -> None:
    step = before.step
    assert before.outcome is None, "no claim after a committed success"
    assert now < before.send_by
    assert (call.step, call.attempt) == (before.current, step.next_attempt)
    assert State.SENDING is after.state
    out = [attempt for attempt in step.attempts if attempt.state.may_be_out]
    if out:
        assert [AttemptState.UNSURE] == [attempt.state for attempt in out], "what was taken is never sent again"
        assert call.attempt == step.resend, "only the re-send that the journal named"
    assert not any(status.negative for status in step.told), "who was told the end of a step gets no more of it"
    for left in before.steps[: before.current - 1]:
        assert left.over is not None or left.struck_out, "a step is left for a reason"


def _next(before: Workflow, event: AnyEvent | None, decision: Decision, now: float) -> None:
    """A step is left only with a reason, by a window that is over, and never out of patience under a stop."""
    assert before.current <= decision.workflow.current, "steps go forward"
    reasons = [entry for entry in decision.entries if entry.what is What.NEXT]
    assert (len(reasons) == 1) is (before.current != decision.workflow.current)
    for entry in reasons:
        left = before.step
        assert entry.reason is not None
        assert entry.reason is decision.workflow.steps[before.current - 1].over
        if entry.reason is Reason.WINDOW:
            assert left.window_ends_at is not None
            assert left.window_ends_at <= now
            assert left.expiry_time is not None
            assert min(attempt.sent_at or now for attempt in left.attempts) + left.expiry_time <= now, "early"
        if entry.reason is Reason.NOT_ACCEPTED:
            assert left.expiry_time is not None
            assert left.window_ends_at is None
            assert event is not None
            account = event.outside.account_of(left.number)
            message = left.message
            lasting = [
                stop
                for stop in event.outside.stops
                if stop.covers(account=account, channel=message.channel, sender=message.sender)
            ]
            assert not any(stands_patience_still(stop) for stop in lasting), "patience stands still under a stop"


def _faults_stop(before: Workflow, event: AnyEvent | None, decision: Decision) -> None:
    """Every fault of ours that is heard stops what it says, for the account that made the call."""
    if not isinstance(event, Answered | Received) or not decision.entries or not 1 <= event.step <= len(before.steps):
        return
    was = {attempt.number: attempt for attempt in before.steps[event.step - 1].attempts}.get(event.attempt)
    now = {attempt.number: attempt for attempt in decision.workflow.steps[event.step - 1].attempts}.get(event.attempt)
    if was is None or now is None or was.state is now.state:
        return
    stops = [effect for effect in decision.effects if isinstance(effect, RaiseStop)]
    expected: list[tuple[Scope | None, int, str]] = []
    if isinstance(event, Answered) and isinstance(event.outcome, OurFault):
        expected = [(event.outcome.scope, event.step, was.account)]
    if isinstance(event, Received) and event.meaning is not None and now.state is AttemptState.DEAD:
        if event.meaning.code_class is CodeClass.FAULT:
            expected = [
                (
                    stops[0].scope if event.meaning.scope is None and stops else event.meaning.scope,
                    event.step,
                    was.account,
                )
            ]
        persons = [effect.person for effect in decision.effects if isinstance(effect, Suppress)]
        person = before.steps[event.step - 1].person
        assert ([person] if event.meaning.code_class is CodeClass.PERSON else []) == persons
    assert expected == [(stop.scope, stop.step, stop.account) for stop in stops]


def _truth(event: AnyEvent | None, decision: Decision) -> None:
    """Nothing that was said to be delivered is forgotten."""
    if not isinstance(event, Received) or event.receipt.status.negative:
        return
    steps = decision.workflow.steps
    attempts = steps[event.step - 1].attempts if 1 <= event.step <= len(steps) else ()
    for attempt in attempts:
        if attempt.number == event.attempt and event.receipt.status.rank >= Status.DELIVERED.rank:
            assert attempt.best is not None
            assert attempt.best.rank >= event.receipt.status.rank, "a receipt was lost"
            met = event.receipt.status.rank >= steps[event.step - 1].condition.rank
            assert not met or decision.workflow.state is State.FINAL, "a success is the end"


def _told_at_the_end(workflow: Workflow) -> None:
    """A step that is dead is told so, at the latest with the end."""
    for step in workflow.steps:
        if _is_dead(step):
            assert any(status.negative for status in step.told), f"step {step.number} died and nobody was told"


def _is_dead(step: Step) -> bool:
    negatives = [attempt for attempt in step.attempts if attempt.negative is not None]
    told_more = any(status.rank >= Status.DELIVERED.rank for status in step.told)
    return bool(negatives) and not step.may_be_out and not step.reached and not told_more
