"""What later knowledge may change about an ended workflow: its reach and its cost (semantics 7, *final*). Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from shared.model import Workflow


def amendable(workflow: Workflow) -> tuple[object, ...]:
    """What later knowledge may amend: reach and cost."""
    return workflow.reached, workflow.also_reached, workflow.may_have_reached, _cost(workflow)


def _cost(workflow: Workflow) -> Decimal:
    total = Decimal(0)
    for step in workflow.steps:
        for attempt in step.attempts:
            try:
                total += Decimal(attempt.price or "0")
            except InvalidOperation:  # the provider's own words; a price we can't read is no price
                continue
    return total
