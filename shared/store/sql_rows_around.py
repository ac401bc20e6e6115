"""What stands around the workflows (callbacks, receipts, persons, stops): records of the port to rows and back."""

from __future__ import annotations

from shared.model import Stop, StopKind
from shared.store.records import CallbackRow, InboundRow, ParkedReceipt, Suppression, Tombstone
from shared.store.sql_rows import AnyRow, Values, searchable


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
        "sender": searchable(row.sender),
        "recipient": searchable(row.recipient),
        "region_url": row.region_url,
        "raw": row.raw,
        "received_at": row.received_at,
    }


def inbound_of(row: AnyRow) -> InboundRow:
    """Return the inbound message of a row."""
    return InboundRow(
        provider_uuid=row.provider_uuid,
        tenant=row.tenant,
        account=row.account,
        channel=row.channel,
        sender=row.sender,
        recipient=row.recipient,
        region_url=row.region_url,
        raw=row.raw,
        received_at=row.received_at,
    )


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
