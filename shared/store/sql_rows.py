"""Workflows, entries, attempts and messages that leave: records of the port to rows of the tables and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from shared.model import Entry, Reason, What, Workflow
from shared.store.document import DOCUMENT_SCHEMA, decode_facts, encode_facts, encode_workflow
from shared.store.records import AttemptRow, Change, OutboxRow

Values = dict[str, object]
AnyRow = Row[*tuple[Any, ...]]


def workflow_values(change: Change) -> Values:
    """Return the columns of a changed workflow, without its version and the times only the store knows."""
    workflow = change.workflow
    message = workflow.step.message
    return {
        "workflow_id": workflow.workflow_id,
        "schema_number": DOCUMENT_SCHEMA,
        "sequence": workflow.sequence,
        "tenant": workflow.tenant,
        "state": workflow.state.value,
        "step": workflow.current,
        "channel": message.channel,
        "account": change.account,
        "sender": searchable(message.sender),
        "recipient": searchable(message.recipient),
        "client_ref": None if workflow.client_ref is None else searchable(workflow.client_ref),
        "outcome": None if workflow.outcome is None else workflow.outcome.value,
        "accepted_at": workflow.accepted_at,
        "wake_at": change.wake_at,
        "wake_ungated_at": change.wake_ungated_at,
        "document": encode_workflow(workflow),
    }


def word_values(workflow: Workflow) -> list[Values]:
    """Return the rows by which a workflow is found: each recipient and each reference of its steps once."""
    words = {("to", searchable(step.message.recipient)) for step in workflow.steps}
    words |= {("client_ref", searchable(step.client_ref)) for step in workflow.steps if step.client_ref is not None}
    of_all = {
        "tenant": workflow.tenant,
        "accepted_at": workflow.accepted_at,
        "workflow_id": workflow.workflow_id,
    }
    return [{"kind": kind, "word": word, **of_all} for kind, word in sorted(words)]


def searchable(word: str) -> str:
    """Return a word for a column to search by: PostgreSQL takes no NUL. The document keeps the exact value."""
    return word.replace("\0", "\ufffd")


def entry_values(workflow: Workflow, entry: Entry) -> Values:
    """Return the columns of a journal entry."""
    return {
        "workflow_id": workflow.workflow_id,
        "sequence": entry.sequence,
        "at": entry.at,
        "by_whom": entry.by,
        "what": entry.what.value,
        "step": entry.step,
        "attempt": entry.attempt,
        "reason": None if entry.reason is None else entry.reason.value,
        "next_at": entry.next_at,
        "facts": encode_facts(entry.facts),
        "event": entry.event,
    }


def entry_of(row: AnyRow) -> Entry:
    """Return the journal entry of a row."""
    return Entry(
        sequence=row.sequence,
        at=row.at,
        by=row.by_whom,
        what=What(row.what),
        step=row.step,
        attempt=row.attempt,
        reason=None if row.reason is None else Reason(row.reason),
        next_at=row.next_at,
        facts=decode_facts(row.facts),
        event=row.event,
    )


def outbox_values(row: OutboxRow) -> Values:
    """Return the columns of an outbox row, without its number and time."""
    return {
        "owner": row.owner,
        "exchange": row.exchange,
        "routing_key": row.routing_key,
        "type": row.type,
        "message_id": row.message_id,
        "correlation_id": row.correlation_id,
        "headers": encode_facts(row.headers),
        "mandatory": row.mandatory,
        "body": row.body,
    }


def outbox_of(row: AnyRow) -> OutboxRow:
    """Return the outbox row of a row."""
    return OutboxRow(
        exchange=row.exchange,
        routing_key=row.routing_key,
        type=row.type,
        message_id=row.message_id,
        body=row.body,
        correlation_id=row.correlation_id,
        headers=decode_facts(row.headers),
        mandatory=row.mandatory,
        owner=row.owner,
        row_id=row.row_id,
        made_at=row.made_at,
    )


def attempt_values(row: AttemptRow, *, now: float) -> Values:
    """Return the columns of an attempt."""
    return {
        "reference": row.reference,
        "workflow_id": row.workflow_id,
        "step": row.step,
        "attempt": row.attempt,
        "account": row.account,
        "provider_uuid": row.provider_uuid,
        "made_at": row.made_at or now,
    }


def attempt_of(row: AnyRow) -> AttemptRow:
    """Return the attempt of a row."""
    return AttemptRow(
        reference=row.reference,
        workflow_id=row.workflow_id,
        step=row.step,
        attempt=row.attempt,
        account=row.account,
        provider_uuid=row.provider_uuid,
        made_at=row.made_at,
    )
