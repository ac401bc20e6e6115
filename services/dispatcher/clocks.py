"""The clocks of a workflow: which of them run in which state, and when the row must be looked at. Pure.

All are absolute store times kept in the row (semantics 4). Gated clocks are due only up to the receipts
watermark: what was said before the deadline is read before the deadline is judged.
"""

from __future__ import annotations

from enum import StrEnum

from shared.model import State, Workflow

CALL_START_S = 5.0
"""A claim older than this before the first byte is not sent any more."""
CALL_DEADLINE_S = 15.0
LEASE_S = 30.0
LOST_CALL_S = CALL_START_S + CALL_DEADLINE_S
"""A lost call may have left until claim + 20 s."""
DEFAULT_FINAL_RECEIPT_S = 86_400
TTL_GRACE_S = 600
"""Where we send a TTL and the caller named no `final_receipt_time`, receipts are awaited for TTL + this."""


class Running(StrEnum):
    """The clocks, in the order in which they are judged when several are over."""

    LEASE = "lease"
    WINDOW = "window"
    PATIENCE = "patience"
    SETTLE_BY = "settle_by"
    SEND_BY = "send_by"
    DOUBT = "doubt"
    BACK_OFF = "back_off"


GATED = frozenset({Running.WINDOW, Running.PATIENCE, Running.SETTLE_BY, Running.DOUBT})


def running(workflow: Workflow) -> dict[Running, float]:
    """Return the clocks that run in this state, with their ends, in the order of `Running`."""
    step = workflow.step
    ends: dict[Running, float | None] = {}
    if workflow.run_by_provider:
        return _of_the_provider(workflow)
    match workflow.state:
        case State.SENDING:
            ends[Running.LEASE] = workflow.lease_until
        case State.WAITING:
            if step.waits_like_a_last_one:
                ends[Running.SETTLE_BY] = step.settle_by
            else:
                ends[Running.WINDOW] = step.window_ends_at
            ends[Running.DOUBT] = step.doubt_at
        case State.READY | State.BACKING_OFF | State.HELD:
            if step.waits_like_a_last_one:
                ends[Running.SETTLE_BY] = step.settle_by
            else:
                ends[Running.WINDOW] = step.window_ends_at
                if workflow.state is not State.HELD:  # patience stands still in held
                    ends[Running.PATIENCE] = step.patience_ends_at
            ends[Running.SEND_BY] = workflow.send_by
            if workflow.state is State.BACKING_OFF:
                ends[Running.BACK_OFF] = step.retry_at
    return {clock: end for clock in Running if (end := ends.get(clock)) is not None}


def _of_the_provider(workflow: Workflow) -> dict[Running, float]:
    """Until the call `send_by`, after it only the time in which an end is waited for (semantics 10)."""
    match workflow.state:
        case State.SENDING:
            ends = {Running.LEASE: workflow.lease_until}
        case State.WAITING:
            ends = {Running.SETTLE_BY: workflow.step.settle_by}
        case State.BACKING_OFF:
            ends = {Running.SEND_BY: workflow.send_by, Running.BACK_OFF: workflow.step.retry_at}
        case State.READY | State.HELD:
            ends = {Running.SEND_BY: workflow.send_by}
        case _:
            ends = {}
    return {clock: end for clock, end in ends.items() if end is not None}


def due(workflow: Workflow, *, now: float, read_to: float, blind: bool) -> Running | None:
    """Return the first clock that is over, None where all still run.

    `read_to` is the watermark. With `blind`, gated clocks go by `now`, and doubt does not run at all.
    """
    for clock, end in running(workflow).items():
        if clock is Running.DOUBT and blind:
            continue
        limit = min(now, read_to) if clock in GATED and not blind else now
        if end <= limit:
            return clock
    return None


def wake_at(workflow: Workflow) -> float | None:
    """Return the earliest clock of all; None only after the end."""
    return min(running(workflow).values(), default=None)


def wake_ungated_at(workflow: Workflow) -> float | None:
    """Return the earliest clock that does not wait for the watermark; None where there is none."""
    return min((end for clock, end in running(workflow).items() if clock not in GATED), default=None)
