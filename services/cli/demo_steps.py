"""A workflow's end on one line: what became of each step, the outcome, the time it took. Pure."""

from __future__ import annotations

from shared.model import Attempt, AttemptState, Reason, Step, Workflow
from shared.wire.story_words import channel_name

_LEFT_FOR = {
    Reason.REFUSED: "refused",
    Reason.REJECTED: "rejected",
    Reason.UNDELIVERABLE: "undeliverable",
    Reason.WINDOW: "no receipt in its window",
    Reason.NOT_ACCEPTED: "not taken in time",
    Reason.SKIPPED: "skipped",
    Reason.SUPPRESSED: "opted out",
    Reason.EXPIRED_AT_PROVIDER: "expired",
    Reason.OPERATOR: "sent on by hand",
}


def ending_line(workflow: Workflow) -> str:
    """Return the steps that were tried, the outcome and the seconds it took."""
    steps = ", ".join(
        f"{channel_name(step.message.channel)} {step_words(step)}" for step in workflow.steps if step.attempts
    )
    took = f"{workflow.finished_at - workflow.accepted_at:5.1f} s" if workflow.finished_at is not None else ""
    outcome = workflow.outcome.value if workflow.outcome is not None else workflow.state.value
    return f"{outcome:<10} {took}   {steps or 'nothing was sent'}"


def step_words(step: Step) -> str:
    """Return what became of a step: its best receipt, else why it was left, else how its last attempt stands."""
    calls = len([attempt for attempt in step.attempts if attempt.state is not AttemptState.NOT_SENT])
    again = f" (call {calls})" if calls > 1 else ""
    left = _LEFT_FOR.get(step.over) if step.over is not None else None
    if left is not None:
        return left + (f", {step.status.value} after all" if step.reached and step.status is not None else "")
    if step.status is not None and step.reached:
        return step.status.value + again
    return _attempt_words(step.attempts[-1]) + again


def _attempt_words(attempt: Attempt) -> str:
    if attempt.negative is not None:
        return attempt.negative.value
    return "taken, no last word" if attempt.best is not None else attempt.state.value.replace("_", " ")
