"""A bug of ours with one workflow: its messages become dead letters, its row is left alone for an hour."""

from __future__ import annotations

import structlog

from services.dispatcher.dead_letters import dead_letter
from services.dispatcher.deciding import Culprit
from services.dispatcher.ports import Delivery
from services.dispatcher.work import Piece, delivery_of
from shared.errors import CommitFailed
from shared.store.port import WorkStore
from shared.store.records import Batch

log = structlog.get_logger()

FOR_S = 3600.0


def kept_apart(store: WorkStore, culprit: Culprit, piece: Piece | None, *, now: float, owner: str) -> tuple[int, ...]:
    """Write the dead letters and the quarantine; return the tokens that may be acknowledged.

    Where even the dead letters can't be written nothing is acknowledged: the broker keeps them. Raises
    StoreUnavailable.
    """
    log.error("workflow.quarantined", workflow_id=culprit.workflow_id, error=culprit.error)
    deliveries: list[Delivery] = [each for each in map(delivery_of, culprit.work) if each is not None]
    deliveries += piece.deliveries if piece is not None else ()
    rows = tuple(dead_letter(each, reason="failed", detail=culprit.error, at=now, owner=owner) for each in deliveries)
    try:
        if rows:
            store.commit(Batch(outbox=rows))  # published by the sweep: its ids are of no use here
        if culprit.workflow_id:
            store.quarantine(culprit.workflow_id, until=now + FOR_S, error=culprit.error)
    except CommitFailed as error:
        log.exception("workflow.not_quarantined", workflow_id=culprit.workflow_id, error=str(error))
        return ()
    return tuple(each.token for each in deliveries)
