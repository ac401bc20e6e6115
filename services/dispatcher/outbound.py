"""From a folded decision to the rows of one transaction: state, journal, messages, attempts, callbacks.

Everything that follows from a decision is in the `Change`; what is not in it does not happen.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.dispatcher import clocks
from services.dispatcher.events import Call, PutStep, RaiseStop, Suppress, TellEnd, TellStatus
from services.dispatcher.folding import Around, Folded
from services.dispatcher.ports import CallTicket
from services.dispatcher.steps import step_row
from services.dispatcher.stops import FIRST_PROBE_S
from services.dispatcher.telling import end_told, status_told
from shared.ids import event_id, reference
from shared.model import Entry, Scope, State, Stop, StopKind, Workflow
from shared.queue import envelope
from shared.queue.topology import EVENTS
from shared.store.records import AttemptRow, CallbackRow, Change, OutboxRow, Stored, Suppression
from shared.wire.announcements import event, write
from shared.wire.caller_words import in_caller_words

WHOLE = 0
"""Stands for the step in the row that leads from the provider's id of a workflow to ours."""


def change_of(folded: Folded, stored: Stored | None, around: Around) -> Change:
    """Return the rows that a changed workflow means. `stored` is what it was decided on; None for a new one."""
    workflow, owner = folded.workflow, around.settings.name
    outbox = [event_row(workflow, entry, owner=owner) for entry in folded.entries if entry.event is not None]
    callbacks: list[CallbackRow] = []
    attempts = _noted_uuids(stored.workflow if stored is not None else None, workflow, around.now)
    suppressions: list[Suppression] = []
    stops: list[Stop] = []
    by_sequence = {entry.sequence: entry for entry in folded.entries}
    for effect in folded.effects:
        match effect:
            case PutStep():
                if _still_ahead(workflow, effect):
                    outbox.append(step_row(workflow.workflow_id, effect, owner=owner))
            case Call():
                attempts += _claimed(workflow, effect, around.now)
            case TellStatus(sequence=sequence):
                callbacks += status_told(workflow, by_sequence[sequence], effect, around.directory)
            case TellEnd(sequence=sequence):
                callbacks += end_told(workflow, by_sequence[sequence], around.directory)
            case Suppress(person=person, why=why):
                row = Suppression(tenant=workflow.tenant, person=person, why=why, since=around.now)
                suppressions.append(row)
            case RaiseStop():
                stops.append(_stop(workflow, effect, around))
    return Change(
        workflow=workflow,
        version=stored.version if stored is not None else None,
        wake_at=clocks.wake_at(workflow),
        wake_ungated_at=clocks.wake_ungated_at(workflow),
        account=around.account_of(workflow, workflow.current),
        entries=tuple(folded.entries),
        outbox=tuple(outbox),
        attempts=tuple(attempts),
        callbacks=tuple(callbacks),
        suppressions=tuple(suppressions),
        stops=tuple(stops),
    )


def ticket_of(folded: Folded, call: Call, claimed_monotonic: float) -> CallTicket:
    """Return the call that a committed claim becomes."""
    workflow = folded.workflow
    return CallTicket(
        workflow_id=workflow.workflow_id,
        step=call.step,
        attempt=call.attempt,
        reference=reference(workflow.workflow_id, call.step, call.attempt),
        account=call.account,
        message=workflow.steps[call.step - 1].message,
        tenant=workflow.tenant,
        whole=workflow if call.whole else None,
        ttl=call.ttl,
        claimed_at=call.claimed_at,
        claimed_monotonic=claimed_monotonic,
    )


def event_row(workflow: Workflow, entry: Entry, *, owner: str) -> OutboxRow:
    """Return the message on `cascade.events` that tells a journal entry, under the entry's event id."""
    name, id_ = entry.event or entry.what.value, event_id(workflow.workflow_id, entry.sequence)
    client_ref = workflow.client_ref if entry.step is None else workflow.steps[entry.step - 1].client_ref
    body = event(
        id=id_,
        event=name,
        at=entry.at,
        tenant=workflow.tenant,
        workflow_id=workflow.workflow_id,
        step=entry.step,
        client_ref=client_ref,
        reason=entry.reason.value if entry.reason is not None else None,
        facts=_in_caller_words(entry.facts, workflow),
    )
    return OutboxRow(
        exchange=EVENTS,
        routing_key=f"{workflow.tenant}.{name}",
        type=envelope.EVENT,
        message_id=id_,
        body=write(body),
        mandatory=False,
        owner=owner,
    )


def _in_caller_words(facts: Mapping[str, object], workflow: Workflow) -> dict[str, object]:
    """Return the facts of an entry; what the provider said in words may quote our name of an attempt."""
    words = {"title", "detail"}
    return {
        name: in_caller_words(value, workflow) if name in words and isinstance(value, str) else value
        for name, value in facts.items()
    }


def _still_ahead(workflow: Workflow, put: PutStep) -> bool:
    """Tell whether a step's message means anything at the end of the turn that asked for it."""
    waits = workflow.state is State.READY
    return waits and (put.step, put.attempt) == (workflow.current, workflow.step.next_attempt)


def _claimed(workflow: Workflow, call: Call, now: float) -> list[AttemptRow]:
    """Return the way back from a call's reference; one that hands the whole over has a reference for each step."""
    steps = [step.number for step in workflow.steps] if call.whole else [call.step]
    return [
        AttemptRow(
            reference=reference(workflow.workflow_id, step, call.attempt),
            workflow_id=workflow.workflow_id,
            step=step,
            attempt=call.attempt,
            account=call.account,
            made_at=now,
        )
        for step in steps
    ]


def _noted_uuids(before: Workflow | None, after: Workflow, now: float) -> list[AttemptRow]:
    """Return rows for the provider's uuids that became known in this turn, its id of the workflow among them."""
    return [*_noted_messages(before, after, now), *_noted_workflow(before, after, now)]


def _noted_workflow(before: Workflow | None, after: Workflow, now: float) -> list[AttemptRow]:
    if after.provider_id is None or (before is not None and before.provider_id is not None):
        return []
    return [
        AttemptRow(
            reference=reference(after.workflow_id, WHOLE, 1),
            workflow_id=after.workflow_id,
            step=WHOLE,
            attempt=1,
            account=after.steps[0].attempts[-1].account,
            provider_uuid=after.provider_id,
            made_at=now,
        )
    ]


def _noted_messages(before: Workflow | None, after: Workflow, now: float) -> list[AttemptRow]:
    known = set()
    if before is not None:
        known = {
            (step.number, each.number)
            for step in before.steps
            for each in step.attempts
            if each.provider_uuid is not None
        }
    return [
        AttemptRow(
            reference=reference(after.workflow_id, step.number, attempt.number),
            workflow_id=after.workflow_id,
            step=step.number,
            attempt=attempt.number,
            account=attempt.account,
            provider_uuid=attempt.provider_uuid,
            made_at=now,
        )
        for step in after.steps
        for attempt in step.attempts
        if attempt.provider_uuid is not None and (step.number, attempt.number) not in known
    ]


def _stop(workflow: Workflow, effect: RaiseStop, around: Around) -> Stop:
    message = workflow.steps[effect.step - 1].message
    stop = Stop(
        kind=StopKind.FAULT,
        account=effect.account,
        channel=None if effect.scope is Scope.ACCOUNT else message.channel,
        sender=message.sender if effect.scope is Scope.SENDER else None,
        reason=effect.reason,
        since=around.now,
        probe_at=around.now + FIRST_PROBE_S,
    )
    known = around.stops.known(stop.key)
    return stop if known is None else known
