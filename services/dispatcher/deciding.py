"""From a turn's work to its pieces: each workflow is decided by itself, and a bug with one of them stays with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from services.dispatcher.dead_letters import dead_letter
from services.dispatcher.events import Cancel
from services.dispatcher.failover import begin
from services.dispatcher.folding import Around, Folded, fold
from services.dispatcher.inbound import inbound_piece
from services.dispatcher.outbound import change_of, ticket_of
from services.dispatcher.publishers import accepted, conflict, refused
from services.dispatcher.receipts import match, parked_again, workflow_meant
from services.dispatcher.steps import handed_back, step_row
from services.dispatcher.work import Command, InboundRead, NewStart, Piece, ReceiptRead, Work, WorkflowWork
from shared.store.records import AttemptRow, OutboxRow, Stored, Tombstone

log = structlog.get_logger()

Matched = tuple[ReceiptRead, AttemptRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """A workflow that can't be decided because of a bug of ours, with everything that waits for it."""

    workflow_id: str
    work: tuple[Work, ...]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a turn comes to."""

    pieces: tuple[Piece, ...]
    culprits: tuple[Culprit, ...]
    put_off: tuple[Work, ...]
    """Work on rows that a newer program wrote: it waits for a newer dispatcher."""


def group(work: Iterable[WorkflowWork], around: Around) -> tuple[dict[str, list[Work | Matched]], list[Piece]]:
    """Sort work by workflow, receipts by the attempt they speak of; receipts that match nothing are parked."""
    by_workflow: dict[str, list[Work | Matched]] = {}
    parked: list[Piece] = []
    for each in work:
        if not isinstance(each, ReceiptRead):
            by_workflow.setdefault(each.workflow_id, []).append(each)
            continue
        meant = workflow_meant(each)
        if meant is not None and (meant in around.turn.newer or meant in around.turn.unreadable):
            by_workflow.setdefault(meant, []).append(each)
            continue
        found = match(each, around.turn, around.directory)
        if isinstance(found, AttemptRow):
            by_workflow.setdefault(found.workflow_id, []).append((each, found))
        else:
            row = parked_again(each, found, around.now)
            parked.append(Piece(work=(each,), parked=(row,)))
            log.info(
                "receipt.parked", reason=found, account=each.account, ref=each.reference, given_up=row.next_at is None
            )
    return by_workflow, parked


def decide_all(work: Iterable[Work], around: Around) -> Decided:
    """Decide everything that happened in this turn."""
    work = tuple(work)
    by_workflow, pieces = group((each for each in work if not isinstance(each, InboundRead)), around)
    culprits: list[Culprit] = []
    put_off: list[Work] = []
    for read in (each for each in work if isinstance(each, InboundRead)):
        try:
            pieces.append(
                inbound_piece(
                    read,
                    turn=around.turn,
                    directory=around.directory,
                    owner=around.settings.name,
                    public_url=around.settings.public_url,
                )
            )
        except Exception as crash:  # the same loop: a bug with one inbound message stays with it
            log.exception("inbound.not_decided", account=read.account)
            culprits.append(Culprit(workflow_id="", work=(read,), error=f"{type(crash).__name__}: {crash}"))
    for workflow_id, items in by_workflow.items():
        all_work = tuple(item[0] if isinstance(item, tuple) else item for item in items)
        if workflow_id in around.turn.newer:
            put_off += all_work
        elif (error := around.turn.unreadable.get(workflow_id)) is not None:
            culprits.append(Culprit(workflow_id=workflow_id, work=all_work, error=error))
        else:
            try:
                pieces += _pieces(workflow_id, items, all_work, around)
            except Exception as error:
                # An outermost loop of its own: one workflow with a bug must not take all others with it.
                log.exception("workflow.not_decided", workflow_id=workflow_id)
                culprits.append(
                    Culprit(workflow_id=workflow_id, work=all_work, error=f"{type(error).__name__}: {error}")
                )
    return Decided(pieces=tuple(pieces), culprits=tuple(culprits), put_off=tuple(put_off))


def _pieces(workflow_id: str, items: list[Work | Matched], all_work: tuple[Work, ...], around: Around) -> list[Piece]:
    stored = around.turn.workflows.get(workflow_id)
    starts = [item for item in items if isinstance(item, NewStart)]
    matched = [item for item in items if isinstance(item, tuple)]
    work = [item for item in items if not isinstance(item, tuple)]
    owner = around.settings.name
    if stored is None and not starts:
        return [_without_a_row(workflow_id, work, around)]
    first = stored.workflow.fingerprint if stored is not None else starts[0].workflow.fingerprint
    same = [start for start in starts if start.workflow.fingerprint == first]
    others = [start for start in starts if start.workflow.fingerprint != first]
    foreign = _foreign(work, (stored.workflow if stored is not None else starts[0].workflow).tenant)
    pieces = [refused(start.delivery, conflict(start), at=around.now, owner=owner) for start in others]
    taken_away = {id(each) for each in (*others, *foreign)}
    work = [each for each in work if id(each) not in taken_away]
    pieces += [_misdirected(command, around) for command in foreign]
    if stored is not None:
        folded = fold(stored.workflow, work, matched, around, quarantined_until=stored.quarantined_until)
    else:
        tombstone = around.turn.tombstones.get(workflow_id)
        mine = tombstone is not None and tombstone.tenant == starts[0].workflow.tenant
        begun = begin(
            starts[0].workflow,
            around.now,
            cancelled_by=tombstone.by if tombstone and mine else None,
            outside=around.outside(starts[0].workflow),
        )
        folded = fold(starts[0].workflow, work, matched, around, begun=begun)
    answers = tuple(row for start in same for row in accepted(start, owner=owner))
    kept = tuple(each for each in all_work if id(each) not in taken_away)
    pieces.append(_piece(workflow_id, kept, folded, stored, answers, around))
    return pieces


def _piece(
    workflow_id: str,
    work: tuple[Work, ...],
    folded: Folded,
    stored: Stored | None,
    answers: tuple[OutboxRow, ...],
    around: Around,
) -> Piece:
    call, owner = folded.call, around.settings.name
    again = () if folded.put_again is None else (step_row(workflow_id, folded.put_again, owner=owner),)
    return Piece(
        workflow_id=workflow_id,
        work=work,
        change=change_of(folded, stored, around) if folded.entries else None,
        tickets=(ticket_of(folded, call, around.monotonic),) if call is not None else (),
        probed=folded.probed,
        outbox=(*answers, *again, *(handed_back(turn.delivery, owner=owner) for turn in folded.back)),
        unparked=tuple(each.parked.parked_id for each in work if isinstance(each, ReceiptRead) and each.parked),
    )


def _without_a_row(workflow_id: str, work: list[Work], around: Around) -> Piece:
    """A cancel that came before its start leaves a tombstone; everything else about an unknown id is stale."""
    cancels = [each for each in work if isinstance(each, Command) and isinstance(each.event, Cancel)]
    tombstones = tuple(
        Tombstone(workflow_id=workflow_id, tenant=each.tenant, by=each.event.by, at=around.now) for each in cancels[:1]
    )
    return Piece(workflow_id=workflow_id, work=tuple(work), tombstones=tombstones)


def _foreign(work: Iterable[Work], tenant: str) -> list[Command]:
    """Commands that name another tenant than the workflow's own."""
    return [each for each in work if isinstance(each, Command) and each.tenant != tenant]


def _misdirected(command: Command, around: Around) -> Piece:
    detail = "the workflow is not this tenant's"
    row = dead_letter(command.delivery, reason="not_allowed", detail=detail, at=around.now, owner=around.settings.name)
    return Piece(deliveries=(command.delivery,), outbox=(row,))
