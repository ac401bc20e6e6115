"""Timers, stops and commands: the rows "due", "stop / its end", "cancel" and "next now" of semantics 7. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.clocks import LOST_CALL_S, Running, due
from services.dispatcher.draft import Draft
from services.dispatcher.events import Due, Resumed, Updated
from services.dispatcher.failover_moves import (
    become_ready,
    exhaust,
    facts_of,
    finish,
    go_on,
    may_pass_a_stop,
    start_clocks,
    start_doubt,
    stops_of,
    wait_on,
)
from services.dispatcher.failover_patience import patience_after_a_stop, patience_over, waited_out_behind_a_breaker
from shared.model import AttemptState, Outcome, Problem, Reason, StopKind, What

LOST = Problem(code="lost", title="The call was lost", detail="The dispatcher that made it did not report back.")


def when_due(draft: Draft, event: Due) -> None:
    """Judge the first clock that is over. With none over, nothing happens."""
    workflow, step = draft.workflow, draft.step
    match due(workflow, now=draft.now, read_to=event.read_to, blind=event.blind):
        case Running.LEASE:
            _lose_the_call(draft)
        case Running.WINDOW:
            go_on(draft, Reason.WINDOW)
        case Running.PATIENCE:
            patience_over(draft)
        case Running.SETTLE_BY:
            exhaust(draft, Outcome.UNCONFIRMED, Reason.SETTLE_BY, settled=True)
        case Running.SEND_BY:
            exhaust(draft, Outcome.EXPIRED, Reason.SEND_BY)
        case Running.DOUBT:
            _send_once_more(draft)
        case Running.BACK_OFF:
            become_ready(draft)
            draft.write(What.READY, step=step.number, facts={"channel": step.message.channel})
        case None:
            if waited_out_behind_a_breaker(draft, event):
                go_on(draft, Reason.NOT_ACCEPTED)


def stopped(draft: Draft) -> None:
    """A stop is in force: pass it by where `skip` or `when_stopped` says so, else stay."""
    skipped = any(stop.kind is StopKind.SKIP for stop in stops_of(draft, draft.step))
    if skipped or may_pass_a_stop(draft):
        go_on(draft, Reason.SKIPPED)


def resumed(draft: Draft, event: Resumed) -> None:
    """The stop ended, or its probe is this row's: the turn is coming. Patience stood still meanwhile."""
    step = draft.step
    times = [time for time in (step.held_since, event.since) if time is not None]
    if times:
        patience_after_a_stop(draft, min(times))
    draft.change_current(turn_at=draft.now)
    become_ready(draft)
    draft.write(What.READY, step=step.number, reason=Reason.RESUMED, facts={"channel": step.message.channel})


def patience_runs_on(draft: Draft, event: Resumed) -> None:
    """A stop ended that made patience stand still: a row that was not held by it keeps its place, not its deadline."""
    if event.since is not None and patience_after_a_stop(draft, event.since):
        step = draft.step
        draft.write(What.PUT_OFF, step=step.number, reason=Reason.RESUMED, facts={"channel": step.message.channel})


def cancel(draft: Draft) -> None:
    """The end, whatever may be out."""
    finish(draft, Outcome.CANCELLED, Reason.CANCELLED)


def next_now(draft: Draft) -> None:
    """An operator sends it on."""
    go_on(draft, Reason.OPERATOR)


def updated(draft: Draft, event: Updated) -> None:
    """Journal only: a message was marked read or revoked, or could not be."""
    draft.write(
        What.UPDATED,
        step=event.step,
        facts={
            "channel": draft.workflow.steps[event.step - 1].message.channel,
            "status": event.status,
            "done": event.problem is None,
            **facts_of(event.problem),
        },
    )


def republish(draft: Draft) -> None:
    """The step's message is gone from the broker: publish it again and say so."""
    step = draft.step
    become_ready(draft)
    draft.write(
        What.REPUBLISHED,
        step=step.number,
        reason=Reason.REPUBLISHED,
        facts={"channel": step.message.channel},
    )


def _lose_the_call(draft: Draft) -> None:
    """The lease is over: the call may have left up to 20 s after its claim."""
    step = draft.step
    attempt = step.attempts[-1]
    moment = attempt.claimed_at + LOST_CALL_S
    start_clocks(draft, replace(attempt, state=AttemptState.UNSURE, problem=LOST), moment)
    wait_on(draft)
    start_doubt(draft, moment)
    draft.write(
        What.UNSURE,
        step=step.number,
        attempt=attempt.number,
        reason=Reason.UNSURE,
        facts={"channel": step.message.channel, **facts_of(LOST)},
    )


def _send_once_more(draft: Draft) -> None:
    """The one re-send of a step in doubt; after `send_by` no call starts, so the doubt is dropped instead."""
    step = draft.step
    if draft.now >= draft.workflow.send_by:
        draft.change_current(doubt_at=None)
        draft.write(What.WAITING_ON, step=step.number, reason=Reason.SEND_BY, facts={"channel": step.message.channel})
        return
    draft.change_current(doubt_at=None, resend=step.next_attempt)
    become_ready(draft)
    draft.write(
        What.RESEND,
        step=step.number,
        attempt=draft.step.next_attempt,
        reason=Reason.DOUBT,
        facts={"channel": step.message.channel},
    )
