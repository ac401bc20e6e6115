"""Workflows and what follows from them, made up for the tests of the store."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from shared.ids import reference
from shared.model import (
    Attempt,
    AttemptState,
    CodeClass,
    CodeMeaning,
    Engine,
    Entry,
    Generation,
    Message,
    Outcome,
    Problem,
    Reason,
    RequestKind,
    Scope,
    State,
    Status,
    Step,
    Stop,
    StopKind,
    What,
    Workflow,
)
from shared.store.records import (
    AttemptRow,
    Batch,
    CallbackRow,
    Change,
    OutboxRow,
    ParkedReceipt,
    Suppression,
    Tombstone,
)

EPOCH = 1_790_000_000.0


def workflow_id(number: int) -> str:
    """Return the id of workflow `number`; ids are in the order of their numbers."""
    return str(UUID(int=0x0190_0000_0000_8000_8000_0000_0000_0000 + (number << 8)))


def step(number: int = 1, *, channel: str = "viber_service", sender: str = "Acme", person: str = "") -> Step:
    recipient = f"49151000000{number:02}"
    return Step(
        number=number,
        message=Message(channel=channel, kind="text", recipient=recipient, sender=sender, content={"text": "Hello"}),
        person=person or f"number:{recipient}",
        expiry_time=600 if number == 1 else None,
    )


def workflow(
    number: int = 1, *, tenant: str = "acme", state: State = State.READY, steps: Sequence[Step] = (), sequence: int = 1
) -> Workflow:
    return Workflow(
        workflow_id=workflow_id(number),
        tenant=tenant,
        generation=Generation.V1,
        kind=RequestKind.WORKFLOW,
        steps=tuple(steps) or (step(1), step(2, channel="sms")),
        accepted_at=EPOCH + number,
        send_by=EPOCH + 259_200,
        state=state,
        sequence=sequence,
        outcome=Outcome.CANCELLED if state is State.FINAL else None,
    )


def well_travelled() -> Workflow:
    """Return a workflow with something in almost every field."""
    attempt = Attempt(
        number=1,
        state=AttemptState.ACCEPTED,
        claimed_at=EPOCH + 0.123456789,
        account="acme-eu",
        sent_at=EPOCH + 1 / 3,
        provider_uuid="aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        best=Status.SUBMITTED,
        problem=Problem(code="1330", title="Unknown", detail='a "quoted" word', type="https://example.com/1330"),
        ttl=595,
        price="0.0333",
        currency="EUR",
    )
    meaning = CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.SENDER)
    content = {
        "text": "Grüße 👋 \u0000 \\ / \u2028",
        "nested": {"z": [1, -2.5, True, None, {}], "a": 10**30, "b": 2**63},
    }
    first = replace(
        step(1),
        message=replace(step(1).message, content=content, ttl=30),
        attempts=(attempt, replace(attempt, number=2, state=AttemptState.DEAD, meaning=meaning)),
        condition=Status.READ,
        told=(Status.SUBMITTED, Status.DELIVERED),
        over=Reason.WINDOW,
        client_ref="order\u0000 7",
        turn_at=EPOCH,
        first_claimed_at=EPOCH + 0.25,
        patience_left=12.5,
        window_ends_at=EPOCH + 600.5,
        resend=2,
    )
    return replace(
        workflow(7, steps=(first, step(2, channel="sms"))),
        state=State.WAITING,
        current=2,
        sequence=3,
        fingerprint="ab" * 32,
        fallback_saved=True,
        engine=Engine.PROVIDER,
        provider_id="3TcNjguHxr2vcCZ9",
        reported=True,
    )


def entry(sequence: int, what: What = What.RECEIPT, **facts: object) -> Entry:
    return Entry(
        sequence=sequence,
        at=EPOCH + sequence,
        by="provider",
        what=what,
        step=1,
        attempt=1,
        reason=Reason.SUCCESS,
        next_at=EPOCH + 60,
        facts=facts or {"status": "delivered"},
        event="message.delivered",
    )


def outbox_row(message_id: str, **headers: object) -> OutboxRow:
    return OutboxRow(
        exchange="cascade.steps",
        routing_key="viber_service",
        type="step.1",
        message_id=message_id,
        body=b'{"step": 1}\x00\xff',
        correlation_id="c-1",
        headers=headers,
        mandatory=False,
        owner="dispatcher-1",
    )


def attempt_row(of: Workflow, number: int = 1, *, uuid: str | None = None, account: str = "default") -> AttemptRow:
    return AttemptRow(
        reference=reference(of.workflow_id, 1, number),
        workflow_id=of.workflow_id,
        step=1,
        attempt=number,
        account=account,
        provider_uuid=uuid,
        made_at=EPOCH + number,
    )


def callback_row(name: str, *, of: str | None = None, next_at: float | None = 0.0) -> CallbackRow:
    return CallbackRow(
        callback_id=name,
        workflow_id=of,
        tenant="acme",
        kind="status",
        url="https://example.com/status",
        body=b'{"status": "delivered"}',
        key="key-1",
        application_id="app-1",
        next_at=next_at,
    )


def parked(
    name: str, *, next_at: float | None, first_at: float = EPOCH, keep_until: float = EPOCH + 1e6
) -> ParkedReceipt:
    return ParkedReceipt(
        parked_id=name,
        account="default",
        provider_uuid="p-1",
        reference=None,
        raw=b"\x00raw",
        reason="unknown",
        first_at=first_at,
        next_at=next_at,
        tries=1,
        keep_until=keep_until,
    )


def stop(
    kind: StopKind = StopKind.FAULT,
    *,
    account: str | None = "default",
    channel: str | None = None,
    sender: str | None = None,
    since: float = EPOCH,
) -> Stop:
    return Stop(kind=kind, account=account, channel=channel, sender=sender, reason="Unauthorized", since=since)


def suppression(person: str, *, tenant: str = "acme") -> Suppression:
    return Suppression(tenant=tenant, person=person, why="1240", since=EPOCH)


def tombstone(number: int) -> Tombstone:
    return Tombstone(workflow_id=workflow_id(number), tenant="acme", by="caller", at=EPOCH)


def start(of: Workflow, **more: object) -> Change:
    """Return the change that inserts a workflow, waking a minute after its acceptance."""
    first = of.sequence
    change = Change(
        workflow=of,
        version=None,
        wake_at=None if of.state is State.FINAL else of.accepted_at + 60,
        wake_ungated_at=None,
        account="default",
        entries=tuple(entry(number, What.ACCEPTED) for number in range(1, first + 1)),
    )
    return replace(change, **more)  # type: ignore[arg-type] # the tests name fields of Change


def change(of: Workflow, *, version: int, **more: object) -> Change:
    """Return the next change of a workflow: one entry on."""
    moved = replace(of, sequence=of.sequence + 1)
    return replace(
        start(replace(of, sequence=1)),
        **{"workflow": moved, "version": version, "entries": (entry(moved.sequence),)} | more,  # type: ignore[arg-type]
    )


def batch(*changes: Change, **more: object) -> Batch:
    return replace(Batch(changes=changes), **more)  # type: ignore[arg-type] # the tests name fields of Batch
