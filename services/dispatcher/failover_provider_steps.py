"""Which step a message belongs to that the provider sent for a workflow it runs (semantics 10). Pure.

By our reference or the message's uuid, where one is known. Else by the place in the workflow that the provider names,
else the step with the same channel, recipient and sender, equal steps in order of first appearance. Where an address
came back in other words (a sender that the network replaced), the step is meant that nothing else could mean.
"""

from __future__ import annotations

from services.dispatcher.events import Received, SeenMessage
from shared.model import Step, Workflow


def step_of(workflow: Workflow, event: Received) -> int | None:
    """Return the number of the step that a receipt of a workflow run by the provider speaks of; None for none."""
    if event.step:
        return event.step if event.step <= len(workflow.steps) else None
    uuid = event.receipt.provider_uuid
    bound = next((step.number for step in workflow.steps if uuid is not None and _has(step, uuid)), None)
    return bound or (None if event.message is None else step_seen(workflow, event.message))


def step_seen(workflow: Workflow, seen: SeenMessage) -> int | None:
    """Return the step that a message must be of by what the provider says of it; None where it says too little."""
    in_place = [step for step in workflow.steps if step.number == seen.item_number and _channel(step, seen)]
    if in_place:
        return in_place[0].number
    recipient = [step for step in workflow.steps if _channel(step, seen) and _recipient(step, seen)]
    exact = [step for step in recipient if _sender(step, seen)]
    if exact:
        return _first_free(exact)
    return recipient[0].number if len(recipient) == 1 else None


def _first_free(steps: list[Step]) -> int:
    """Return the first of equal steps that no message was seen of; one more than there are belongs to the last."""
    free = (step.number for step in steps if all(attempt.provider_uuid is None for attempt in step.attempts))
    return next(free, steps[-1].number)


def _has(step: Step, uuid: str) -> bool:
    return any(attempt.provider_uuid == uuid for attempt in step.attempts)


def _channel(step: Step, seen: SeenMessage) -> bool:
    return seen.channel == step.message.channel


def _recipient(step: Step, seen: SeenMessage) -> bool:
    return _same(seen.recipient, step.message.recipient)


def _sender(step: Step, seen: SeenMessage) -> bool:
    return _same(seen.sender, step.message.sender)


def _same(said: str | None, known: str) -> bool:
    # A number may come back with a `+`, a name in other letters.
    return said is None or said.removeprefix("+").casefold() == known.removeprefix("+").casefold()
