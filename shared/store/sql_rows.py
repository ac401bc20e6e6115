"""Records of the port to rows of the tables and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from shared.model import Entry, Reason, Stop, StopKind, What, Workflow
from shared.store.document import DOCUMENT_SCHEMA, decode_facts, encode_facts, encode_workflow
from shared.store.records import (
    AttemptRow,
    CallbackRow,
    Change,
    InboundRow,
    OutboxRow,
    ParkedReceipt,
    Suppression,
    Tombstone,
)

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
        "sender": _searchable(message.sender),
        "recipient": _searchable(message.recipient),
        "client_ref": None if workflow.client_ref is None else _searchable(workflow.client_ref),
        "outcome": None if workflow.outcome is None else workflow.outcome.value,
        "accepted_at": workflow.accepted_at,
        "wake_at": change.wake_at,
        "wake_ungated_at": change.wake_ungated_at,
        "document": encode_workflow(workflow),
    }


def _searchable(word: str) -> str:
    # PostgreSQL takes no NUL in a text. The document keeps the exact value; these columns are for searching.
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


def callback_values(row: CallbackRow, position: int) -> Values:
    """Return the columns of a callback; `position` is its place among those of its commit."""
    return {
        "callback_id": row.callback_id,
        "workflow_id": row.workflow_id,
        "tenant": row.tenant,
        "kind": row.kind,
        "url": row.url,
        "body": row.body,
        "key": row.key,
        "application_id": row.application_id,
        "made_at": row.made_at,
        "position": position,
        "attempts": row.attempts,
        "next_at": row.next_at,
        "last_status": row.last_status,
        "last_error": row.last_error,
        "delivered_at": row.delivered_at,
    }


def callback_of(row: AnyRow) -> CallbackRow:
    """Return the callback of a row."""
    return CallbackRow(
        callback_id=row.callback_id,
        workflow_id=row.workflow_id,
        tenant=row.tenant,
        kind=row.kind,
        url=row.url,
        body=row.body,
        key=row.key,
        application_id=row.application_id,
        made_at=row.made_at,
        attempts=row.attempts,
        next_at=row.next_at,
        last_status=row.last_status,
        last_error=row.last_error,
        delivered_at=row.delivered_at,
    )


def parked_values(row: ParkedReceipt) -> Values:
    """Return the columns of a parked receipt."""
    return {
        "parked_id": row.parked_id,
        "account": row.account,
        "provider_uuid": row.provider_uuid,
        "reference": row.reference,
        "raw": row.raw,
        "reason": row.reason,
        "first_at": row.first_at,
        "next_at": row.next_at,
        "tries": row.tries,
        "keep_until": row.keep_until,
    }


def parked_of(row: AnyRow) -> ParkedReceipt:
    """Return the parked receipt of a row."""
    return ParkedReceipt(
        parked_id=row.parked_id,
        account=row.account,
        provider_uuid=row.provider_uuid,
        reference=row.reference,
        raw=row.raw,
        reason=row.reason,
        first_at=row.first_at,
        next_at=row.next_at,
        tries=row.tries,
        keep_until=row.keep_until,
    )


def inbound_values(row: InboundRow) -> Values:
    """Return the columns of an inbound message."""
    return {
        "provider_uuid": row.provider_uuid,
        "tenant": row.tenant,
        "account": row.account,
        "channel": row.channel,
        "sender": _searchable(row.sender),
        "recipient": _searchable(row.recipient),
        "region_url": row.region_url,
        "raw": row.raw,
        "received_at": row.received_at,
    }


def tombstone_values(row: Tombstone) -> Values:
    """Return the columns of a tombstone."""
    return {"workflow_id": row.workflow_id, "tenant": row.tenant, "by_whom": row.by, "at": row.at}


def tombstone_of(row: AnyRow) -> Tombstone:
    """Return the tombstone of a row."""
    return Tombstone(workflow_id=row.workflow_id, tenant=row.tenant, by=row.by_whom, at=row.at)


def suppression_values(row: Suppression) -> Values:
    """Return the columns of a suppression."""
    return {"person": row.person, "tenant": row.tenant, "why": row.why, "since": row.since, "by_whom": row.by}


def stop_values(stop: Stop) -> Values:
    """Return the columns of a stop in the controls."""
    return {
        "name": stop_name(stop.key),
        "kind": stop.kind.value,
        "account": stop.account,
        "channel": stop.channel,
        "sender": stop.sender,
        "reason": stop.reason,
        "since": stop.since,
        "by_whom": stop.by,
        "probe_at": stop.probe_at,
        "probe_count": stop.probe_count,
    }


def stop_name(key: str) -> str:
    """Return the name under which a stop is in the controls."""
    return f"stop:{key}"


def stop_of(row: AnyRow) -> Stop:
    """Return the stop of a row of the controls."""
    return Stop(
        kind=StopKind(row.kind),
        account=row.account,
        channel=row.channel,
        sender=row.sender,
        reason=row.reason,
        since=row.since,
        by=row.by_whom,
        probe_at=row.probe_at,
        probe_count=row.probe_count,
    )
