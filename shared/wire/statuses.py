"""The one status that a step has for the caller, out of all that is known of its attempts."""

from __future__ import annotations

from shared.model import AttemptState, Status, Step


def status_of(step: Step) -> Status | None:
    """Return the best receipt of a step, None before the first.

    A step that was reached is never less; a step of which no attempt may be out any more is what its last negative
    says, even where `submitted` came before it.
    """
    if step.reached or step.may_be_out:
        return step.status
    negative = next((attempt.negative for attempt in reversed(step.attempts) if attempt.negative is not None), None)
    return negative or step.status


def was_called(step: Step) -> bool:
    """Tell whether a call for this step left, or may have left, the house."""
    return any(attempt.state is not AttemptState.NOT_SENT for attempt in step.attempts)
