"""Patience: how long a step with a window may be kept from leaving (semantics 4). Pure.

It runs from the first claim. Time in `held`, under any stop of the account, or under a fault's stop of the channel does
not count: when it comes due during such a stop it stands still with what was left, and runs on when the stop ends.
Looking again meanwhile is planned in ever longer steps, for the case that nobody told of the end.
"""

from __future__ import annotations

from services.dispatcher.draft import Draft
from services.dispatcher.events import Due
from services.dispatcher.failover_moves import go_on, stops_of
from shared.model import Reason, Scope, State, Stop, StopKind, What

LOOK_AGAIN_S = 60.0


def start_patience(draft: Draft) -> None:
    """Let patience run for a step that was claimed and has no window: from its first claim, or with what was left."""
    step = draft.step
    if step.expiry_time is None or step.window_ends_at is not None:
        return
    if step.patience_left is not None:
        draft.change_current(
            patience_ends_at=draft.now + step.patience_left, patience_left=None, patience_counted_from=draft.now
        )
    elif step.patience_ends_at is None:
        since = draft.now if step.first_claimed_at is None else step.first_claimed_at
        draft.change_current(patience_ends_at=since + step.expiry_time, patience_counted_from=since)


def patience_over(draft: Draft) -> None:
    """*next*, unless a stop makes it stand still, or it stood still and nobody told of the end."""
    step = draft.step
    still = [stop for stop in stops_of(draft, step) if stands_patience_still(stop)]
    if still:
        _stand_still(draft, still)
    elif step.patience_left is not None:
        start_patience(draft)
        _write_put_off(draft, Reason.RESUMED, step.patience_left, "")
    else:
        go_on(draft, Reason.NOT_ACCEPTED)


def patience_after_a_stop(draft: Draft, since: float) -> bool:
    """A stop that began at `since` has ended: patience runs on from where it stood. True where that changed it."""
    step = draft.step
    if step.patience_left is not None:
        start_patience(draft)
        return True
    if step.patience_ends_at is not None:
        stood_s = draft.now - max(since, step.patience_counted_from or since)
        if stood_s <= 0:
            return False
        draft.change_current(patience_ends_at=step.patience_ends_at + stood_s, patience_counted_from=draft.now)
        return True
    waits_since = _waits_behind_a_breaker_since(draft)
    if waits_since is not None and draft.now > max(since, waits_since):
        draft.change_current(patience_counted_from=waits_since + draft.now - max(since, waits_since))
        return True
    return False


def waited_out_behind_a_breaker(draft: Draft, event: Due) -> bool:
    """Tell whether a step that has no patience of its own waited it out behind its channel's breaker.

    It runs from the later of the opening and the step's turn.
    """
    step = draft.step
    waits_since = _waits_behind_a_breaker_since(draft)
    if draft.workflow.state is not State.READY or step.expiry_time is None or waits_since is None:
        return False
    if any(stands_patience_still(stop) for stop in stops_of(draft, step)):
        return False
    limit = draft.now if event.blind else min(draft.now, event.read_to)
    return waits_since + step.expiry_time <= limit


def stands_patience_still(stop: Stop) -> bool:
    """Tell whether patience stands still under a stop: any of the account, or a fault's of the channel or sender."""
    return stop.scope is Scope.ACCOUNT or stop.kind is StopKind.FAULT


def _stand_still(draft: Draft, still: list[Stop]) -> None:
    step = draft.step
    since = min(stop.since for stop in still)
    left = step.patience_left
    if left is None:
        left = max(0.0, (step.patience_ends_at or draft.now) - max(since, step.patience_counted_from or since))
    draft.change_current(
        patience_left=left,
        patience_ends_at=draft.now + max(left, LOOK_AGAIN_S, draft.now - since),
    )
    _write_put_off(draft, Reason.STOPPED, left, still[0].reason)


def _write_put_off(draft: Draft, reason: Reason, left: float, title: str) -> None:
    draft.write(
        What.PUT_OFF,
        step=draft.step.number,
        reason=reason,
        facts={"channel": draft.step.message.channel, "title": title or None, "left_s": left},
    )


def _waits_behind_a_breaker_since(draft: Draft) -> float | None:
    """Return since when patience runs for a step not yet claimed; None where its channel's breaker is not open.

    That is the later of the opening and its turn, put off by the stops that made it stand still.
    """
    step = draft.step
    never_left = step.patience_ends_at is None and step.window_ends_at is None
    if step.expiry_time is None or step.turn_at is None or not never_left:
        return None
    breakers = [stop for stop in stops_of(draft, step) if stop.kind is StopKind.BREAKER]
    opened = min((stop.since for stop in breakers if stop.scope is not Scope.ACCOUNT), default=None)
    return None if opened is None else max(opened, step.turn_at, step.patience_counted_from or 0.0)
