"""Workflows and answers to play with: steps as intake would make them, and what a provider may say to a call."""

from __future__ import annotations

from shared.channels import CHANNELS, person_of
from shared.ids import queued_workflow_id
from shared.model import (
    Delivery,
    Engine,
    Generation,
    Message,
    Priority,
    Problem,
    RequestKind,
    Scope,
    Status,
    Step,
    Stop,
    StopKind,
    WhenStopped,
    Workflow,
)
from shared.outcomes import Accepted, Busy, HandedOver, OurFault, Refused, Unsure

START = 1_700_000_000.0
"""Store time at which every play begins."""
PROVIDER_UUID = "11111111-1111-4111-8111-111111111111"
NO_ANSWER = Unsure(problem=Problem(code="timeout", title="no answer in 15 s"))
REFUSAL = Refused(problem=Problem(code="1330", title="refused"))
BUSY = Busy(problem=Problem(code="429", title="too many"))
TAKEN = Accepted(provider_uuid=PROVIDER_UUID)
HANDED = HandedOver(workflow_id="d-1")
"""The answer of Dispatch; that of v1 names the first message, too."""

NUMBER = "447700900000"


def step(
    number: int,
    channel: str,
    *,
    window: int | None = None,
    condition: str = "delivered",
    recipient: str | None = None,
    sender: str = "Acme",
    person: str | None = None,
    delivery: Delivery | None = None,
    align_ttl: bool = True,
    ttl: int | None = None,
) -> Step:
    """Return a step as intake would make it."""
    to = recipient or ("psid-1" if channel == "messenger" else NUMBER)
    return Step(
        number=number,
        message=Message(
            channel=channel, kind="text", recipient=to, sender=sender, content={"text": f"hello {number}"}, ttl=ttl
        ),
        person=person_of(channel, to, person),
        expiry_time=window,
        condition=Status(condition),
        delivery=delivery or CHANNELS[channel].delivery,
        align_ttl=align_ttl,
    )


def workflow(
    *steps: Step,
    valid_for: float = 259_200.0,
    final_receipt_time: int | None = None,
    when_stopped: WhenStopped = WhenStopped.HOLD,
    kind: RequestKind = RequestKind.WORKFLOW,
    priority: Priority = Priority.NORMAL,
    engine: Engine = Engine.LOCAL,
    message_id: str = "m-1",
) -> Workflow:
    """Return a workflow as intake would make it, before its first decision."""
    return Workflow(
        workflow_id=queued_workflow_id(tenant="acme", message_id=message_id),
        tenant="acme",
        generation=Generation.V0_1 if kind is RequestKind.WORKFLOW else Generation.V1,
        kind=kind,
        steps=steps,
        accepted_at=START,
        send_by=START + valid_for,
        final_receipt_time=final_receipt_time,
        when_stopped=when_stopped,
        priority=priority,
        engine=engine,
    )


def viber_then_sms(**fields: object) -> Workflow:
    """Return the workflow of the README: Viber with a window of ten minutes, then SMS."""
    window = fields.pop("window", 600)
    condition = fields.pop("condition", "delivered")
    first = step(1, "viber_service", window=int(str(window)), condition=str(condition))
    return workflow(first, step(2, "sms"), **fields)  # type: ignore[arg-type]


def for_the_provider(*, v1: bool = False, condition: str = "delivered", **fields: object) -> Workflow:
    """Return Viber, then SMS, to be run by the provider: as Dispatch with a window, or as a v1 chain without."""
    first = step(1, "viber_service", window=None if v1 else 600, condition=condition)
    kind = RequestKind.MESSAGE if v1 else RequestKind.WORKFLOW
    return workflow(first, step(2, "sms"), kind=kind, engine=Engine.PROVIDER, **fields)  # type: ignore[arg-type]


def our_fault(scope: str, code: str = "402") -> OurFault:
    """Return an answer that says it is our account, channel or sender."""
    return OurFault(problem=Problem(code=code, title="Low balance"), scope=Scope(scope))


def stop(kind: str, *, since: float, channel: str | None = None, account: str | None = "default") -> Stop:
    """Return a stop of an account, or of a channel of it, since so many seconds after the start."""
    return Stop(kind=StopKind(kind), account=account, channel=channel, reason="made up", since=START + since)
