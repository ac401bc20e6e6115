"""The moves of a workflow that the provider runs: it runs, or it is ours after all (semantics 10). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from services.dispatcher.clocks import DEFAULT_FINAL_RECEIPT_S, TTL_GRACE_S
from services.dispatcher.draft import Draft
from services.dispatcher.failover_moves import become_ready, facts_of
from shared.model import Attempt, AttemptState, Engine, Problem, State, What, Workflow

ENGINE: Mapping[str, object] = {"engine": Engine.PROVIDER.value}
"""Among the facts of an entry: it speaks of the whole workflow."""


def let_it_run(draft: Draft, attempt: Attempt, moment: float) -> None:
    """The whole may have left at `moment`: the one clock starts, once, and an end is waited for."""
    draft.put_attempt(draft.step.number, replace(attempt, sent_at=attempt.sent_at or moment))
    draft.change(state=State.WAITING, lease_until=None)
    settle_by = draft.step.settle_by
    draft.change_current(
        settle_by=moment + longest_life_s(draft.workflow) if settle_by is None else settle_by,
        retry_at=None,
        held_since=None,
    )


def take_over(draft: Draft, problem: Problem, attempt: Attempt | None = None) -> None:
    """The engine is not ours to use: from here on it is a workflow like any other. Nothing of it has left."""
    if attempt is not None:
        draft.put_attempt(
            draft.step.number, replace(attempt, state=AttemptState.NOT_SENT, problem=problem, sent_at=None)
        )
    draft.change(engine=Engine.LOCAL)
    draft.change_current(settle_by=None, busy_count=0, turn_at=draft.now)
    become_ready(draft)
    draft.write(
        What.TAKEN_OVER,
        step=draft.step.number,
        attempt=None if attempt is None else attempt.number,
        facts={"channel": draft.step.message.channel, **facts_of(problem)},
    )


def longest_life_s(workflow: Workflow) -> float:
    """Return how long an end is waited for: the sum of the windows, and then the last message's receipts."""
    length = workflow.final_receipt_time
    if length is None:
        ttl = workflow.steps[-1].message.ttl
        length = DEFAULT_FINAL_RECEIPT_S if ttl is None else ttl + TTL_GRACE_S
    return float(length + sum(step.expiry_time or 0 for step in workflow.steps))
