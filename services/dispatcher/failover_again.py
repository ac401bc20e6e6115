"""Another attempt at the same step: class `again` of semantics 6. Pure."""

from __future__ import annotations

from services.dispatcher.draft import Draft
from shared.model import CodeClass, CodeMeaning, Reason, State, What

AGAIN_DELAYS_S = (5.0, 30.0)
"""Another attempt after 5 s, then after 30 s; at most two a step (semantics 6)."""


def again_after_s(draft: Draft, meaning: CodeMeaning) -> float | None:
    """Return the delay before another attempt, None where none is due: class, count, and the window decide."""
    step = draft.step
    is_last = step.number == len(draft.workflow.steps)
    wanted = meaning.code_class is CodeClass.AGAIN or (meaning.code_class is CodeClass.AGAIN_IF_LAST and is_last)
    if not wanted or step.again_count >= len(AGAIN_DELAYS_S):
        return None
    delay_s = AGAIN_DELAYS_S[step.again_count]
    if draft.now + delay_s >= min(step.window_ends_at or draft.workflow.send_by, draft.workflow.send_by):
        return None
    return delay_s


def back_off_again(draft: Draft, attempt: int, delay_s: float) -> None:
    step = draft.step
    draft.change(state=State.BACKING_OFF, lease_until=None)
    draft.change_current(again_count=step.again_count + 1, retry_at=draft.now + delay_s, held_since=None)
    draft.write(
        What.BACKED_OFF,
        step=step.number,
        attempt=attempt,
        reason=Reason.AGAIN,
        facts={"channel": step.message.channel, "retry_at": draft.now + delay_s},
    )
