"""What follows from an update that came to its end: a line in the journal, a dead letter, the acknowledgement."""

from __future__ import annotations

from collections.abc import Iterator

from services.dispatcher.dead_letters import dead_letter
from services.dispatcher.events import Updated
from services.dispatcher.ports import UpdateEnded
from services.dispatcher.work import Command, Piece


def update_told(ended: UpdateEnded, *, at: float, owner: str) -> Iterator[Command | Piece]:
    """Yield the work and the pieces; one of them has the delivery.

    What could not be done is kept with the dead letters, since nobody else would hear of it: the caller was answered
    long ago.
    """
    wish, problem = ended.wish, ended.problem
    if problem is not None:
        detail = ": ".join(each for each in (problem.code, problem.title, problem.detail) if each)
        letter = dead_letter(wish.delivery, reason="update_failed", detail=detail, at=at, owner=owner)
        yield Piece(deliveries=() if ended.workflow_id else (wish.delivery,), outbox=(letter,))
    elif ended.workflow_id is None:
        yield Piece(deliveries=(wish.delivery,))
    if ended.workflow_id is not None:
        event = Updated(step=ended.step, status=wish.update.status.value, problem=problem, by=wish.update.by)
        yield Command(workflow_id=ended.workflow_id, tenant=wish.update.tenant, event=event, delivery=wish.delivery)
