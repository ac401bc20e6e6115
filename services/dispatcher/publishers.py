"""Answers to other systems: what became of the start they published (architecture 5)."""

from __future__ import annotations

from services.dispatcher.dead_letters import dead_letter, short_id
from services.dispatcher.intake import Refusal
from services.dispatcher.ports import Delivery
from services.dispatcher.work import NewStart, Piece, Reply
from shared.errors import Fault
from shared.queue import envelope
from shared.queue.topology import ANSWERS
from shared.store.records import OutboxRow
from shared.wire.announcements import Answer, accepted_answer, rejected_answer, write


def accepted(start: NewStart, *, owner: str) -> tuple[OutboxRow, ...]:
    """Return the answer to a start that was taken, now or before; none where none was asked for."""
    if start.reply is None:
        return ()
    message_id = start.reply.correlation_id
    return (_row(start.reply, accepted_answer(message_id=message_id, workflow_id=start.workflow_id), owner),)


def refused(delivery: Delivery, refusal: Refusal, *, at: float, owner: str) -> Piece:
    """Return what is written of a start that will not be: the answer, and the dead letter with its reason."""
    dead = dead_letter(delivery, reason=refusal.reason, detail=refusal.detail, at=at, owner=owner)
    if refusal.reply is None:
        return Piece(deliveries=(delivery,), outbox=(dead,))
    message_id = refusal.reply.correlation_id
    answer = rejected_answer(message_id=message_id, reason=refusal.reason, faults=refusal.faults)
    return Piece(deliveries=(delivery,), outbox=(_row(refusal.reply, answer, owner), dead))


def conflict(start: NewStart) -> Refusal:
    """Return the refusal of a start whose id is taken by another body."""
    fault = Fault(pointer="", name="message_id", reason="was used before with another body", code="conflict")
    return Refusal(reason="idempotency_conflict", faults=(fault,), reply=start.reply)


def _row(reply: Reply, answer: Answer, owner: str) -> OutboxRow:
    return OutboxRow(
        exchange=ANSWERS,
        routing_key=reply.routing_key,
        type=envelope.ANSWER,
        message_id=short_id(f"answer.{reply.correlation_id}"),
        body=write(answer),
        correlation_id=reply.correlation_id,
        mandatory=False,
        owner=owner,
    )
