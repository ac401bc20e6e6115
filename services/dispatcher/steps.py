"""Step messages: a hint to look at a row. Workflow id, step and attempt; the row decides (architecture 5)."""

from __future__ import annotations

from services.dispatcher.events import PutStep
from services.dispatcher.ports import Delivery
from services.dispatcher.work import StepTurn
from shared.ids import reference
from shared.queue import envelope
from shared.queue.topology import STEPS, step_key
from shared.store.records import OutboxRow
from shared.wire.envelopes import StepMessage, read_step, write


def step_row(workflow_id: str, put: PutStep, *, owner: str) -> OutboxRow:
    """Return the message that puts a step on its channel's queue."""
    return OutboxRow(
        exchange=STEPS,
        routing_key=step_key(put.channel, goes_on=put.goes_on),
        type=envelope.STEP,
        message_id=reference(workflow_id, put.step, put.attempt),
        body=write(StepMessage(workflow_id=workflow_id, step=put.step, attempt=put.attempt)),
        owner=owner,
    )


def handed_back(delivery: Delivery, *, owner: str) -> OutboxRow:
    """Return the message that puts a step message on its queue again, as it came.

    Through the store and never by a nack: every return by the broker counts towards its delivery limit, and twenty
    pauses would bury innocents (architecture 7).
    """
    return OutboxRow(
        exchange=STEPS,
        routing_key=delivery.routing_key,
        type=envelope.STEP,
        message_id=delivery.message_id or "",
        body=delivery.body,
        owner=owner,
    )


def read_turn(delivery: Delivery) -> StepTurn:
    """Return the turn that a step message asks for. Raises WireError where it is none."""
    body = read_step(delivery.body)
    return StepTurn(workflow_id=body.workflow_id, step=body.step, attempt=body.attempt, delivery=delivery)
