"""One transaction for many pieces, and the search for the one that spoils it (architecture 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from services.dispatcher.work import Piece
from shared.errors import CommitFailed
from shared.store.port import WorkStore
from shared.store.records import Batch, Change, Committed, OutboxRow


def commit_all(
    store: WorkStore,
    pieces: Sequence[Piece],
    *,
    settle: Callable[[Sequence[Piece], Committed], None],
    blame: Callable[[Piece, str], None],
) -> None:
    """Commit pieces in one transaction, or in halves of halves until what can't be committed stands alone.

    `settle` is told of each part that was committed, at once: a later part may find the store away. `blame` is told
    of a piece that failed by itself. Raises StoreUnavailable; parts that were not settled by then were not committed.
    """
    parts = [list(pieces)] if pieces else []
    while parts:
        part = parts.pop(0)
        try:
            committed = store.commit(batch_of(part))
        except CommitFailed as error:
            if len(part) == 1:
                blame(part[0], str(error))
            else:
                half = len(part) // 2
                parts[:0] = [part[:half], part[half:]]
            continue
        settle(part, committed)


def batch_of(pieces: Sequence[Piece]) -> Batch:
    """Return the transaction of some pieces.

    What a piece with a change writes beside it goes with the change: if that is lost, it is not written either.
    """
    loose = [piece for piece in pieces if piece.change is None]
    times = [piece.read_to for piece in pieces if piece.read_to is not None]
    return Batch(
        changes=tuple(change for piece in pieces if (change := _whole(piece)) is not None),
        outbox=tuple(row for piece in loose for row in piece.outbox),
        parked=tuple(row for piece in pieces for row in piece.parked),
        unparked=tuple(parked_id for piece in loose for parked_id in piece.unparked),
        inbound=tuple(row for piece in pieces for row in piece.inbound),
        callbacks=tuple(row for piece in loose for row in piece.callbacks),
        tombstones=tuple(row for piece in pieces for row in piece.tombstones),
        read_to=max(times, default=None),
    )


def rows_to_publish(pieces: Sequence[Piece], committed: Committed) -> tuple[OutboxRow, ...]:
    """Return the outbox rows that were written, with the ids the store gave them."""
    changes = [change for piece in pieces if (change := _whole(piece)) is not None]
    written = [row for change in changes if change.workflow.workflow_id not in committed.lost for row in change.outbox]
    written += [row for piece in pieces if piece.change is None for row in piece.outbox]
    return tuple(replace(row, row_id=row_id) for row, row_id in zip(written, committed.outbox_ids, strict=True))


def _whole(piece: Piece) -> Change | None:
    if piece.change is None or not piece.outbox:
        return piece.change
    return replace(piece.change, outbox=(*piece.change.outbox, *piece.outbox))
