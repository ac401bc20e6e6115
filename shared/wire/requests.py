"""Read a request of any generation, and make the workflow of it. Start here.

Two steps, because the ingress checks and answers, and the dispatcher, later and elsewhere, makes the row: `read_start`
(all faults at once, or a `Start`), then `to_workflow` with the id, the time and what applies where nothing was said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from shared import strict_json
from shared.channels import CHANNELS, person_of
from shared.model import Delivery, Engine, Generation, Priority, RequestKind, Step, WhenStopped, Workflow
from shared.wire.beta import WorkflowBody, read_beta_workflow
from shared.wire.content import Key
from shared.wire.drafts import Request, RequestWords, StepDraft
from shared.wire.lenient_numbers import with_plain_numbers
from shared.wire.limits import BODY_MAXIMUM, DEPTH_MAXIMUM
from shared.wire.own_fields import RequestFields
from shared.wire.v0_1 import read_dispatch
from shared.wire.v0_1 import read_message as read_v0_1_message
from shared.wire.v0_1_bodies import BETA_MESSAGES, DispatchBody
from shared.wire.v0_1_bodies import MESSAGES as OLD_MESSAGES
from shared.wire.v0_1_bodies import MessageBody as OldMessageBody
from shared.wire.v1 import read_message as read_v1_message
from shared.wire.v1_bodies import MESSAGES, MessageBody


class StartType(StrEnum):
    """The AMQP type of a message on `cascade.sends`; the ingress uses the same words for its paths."""

    WORKFLOW_V0_1 = "workflow.v0_1"
    WORKFLOW_BETA = "workflow.beta"
    MESSAGE_V0_1 = "message.v0_1"
    MESSAGE_V1 = "message.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A request that keeps all rules."""

    start_type: StartType
    generation: Generation
    kind: RequestKind
    steps: tuple[StepDraft, ...]
    words: RequestWords
    fingerprint: str
    """SHA-256 of the body in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What applies where a request says nothing: the application's values, else the deployment's."""

    valid_for: int = 259_200
    """Seconds from acceptance in which calls may start."""
    final_receipt_time: int | None = None
    """Seconds; None leaves it to semantics 4: 86,400, or TTL + 600 where we send one."""
    when_stopped: WhenStopped = WhenStopped.HOLD
    priority: Priority = Priority.NORMAL
    align_ttl: bool = True
    delivery: Delivery | None = None
    """None: by the table of channels."""
    engine: Engine = Engine.LOCAL


_Reader = Callable[[object], Request]
_READERS: Mapping[StartType, tuple[Generation, RequestKind, _Reader]] = {
    StartType.WORKFLOW_V0_1: (Generation.V0_1, RequestKind.WORKFLOW, read_dispatch),
    StartType.WORKFLOW_BETA: (Generation.BETA, RequestKind.WORKFLOW, read_beta_workflow),
    StartType.MESSAGE_V0_1: (Generation.V0_1, RequestKind.MESSAGE, read_v0_1_message),
    StartType.MESSAGE_V1: (Generation.V1, RequestKind.MESSAGE, read_v1_message),
}

MATRIX: Mapping[Generation, Mapping[Key, type[msgspec.Struct]]] = {
    Generation.BETA: BETA_MESSAGES,
    Generation.V0_1: OLD_MESSAGES,
    Generation.V1: MESSAGES,
}
"""The struct of the whole message, by generation, and by channel and type in the order of the table of channels."""

_COMPILED = tuple(
    msgspec.json.Decoder(struct)
    for struct in (
        *(DispatchBody, WorkflowBody, OldMessageBody, MessageBody, RequestFields),
        *(struct for rows in MATRIX.values() for struct in rows.values()),
    )
)
"""msgspec compiles a struct when it is first used, and ends the process where two threads do so at once.
So it is done here, before there are threads."""


def read_start(start_type: StartType, raw: bytes, *, lenient_numbers: bool = False) -> Start:
    """Read a request. Raises WireError with all its faults, and nothing else whatever the bytes.

    `lenient_numbers`: recipients' numbers may begin with `+` or `00`, which is taken off.
    """
    generation, kind, reader = _READERS[start_type]
    body = strict_json.loads(raw, max_bytes=BODY_MAXIMUM, max_depth=DEPTH_MAXIMUM)
    request = reader(with_plain_numbers(body) if lenient_numbers else body)
    return Start(
        start_type=start_type,
        generation=generation,
        kind=kind,
        steps=request.steps,
        words=request.words,
        fingerprint=hashlib.sha256(raw).hexdigest(),
    )


def to_workflow(
    start: Start,
    *,
    workflow_id: str,
    tenant: str,
    application_id: str | None,
    accepted_at: float,
    defaults: Defaults,
) -> Workflow:
    """Make the workflow of a request; nearest wins: step, request, application, deployment.

    `accepted_at` is store time: the time inside an id of the ingress, or the moment intake read it.
    """
    words = start.words
    valid_for = defaults.valid_for if words.valid_for is None else words.valid_for
    return Workflow(
        workflow_id=workflow_id,
        tenant=tenant,
        generation=start.generation,
        kind=start.kind,
        steps=tuple(_step(number, draft, words, defaults) for number, draft in enumerate(start.steps, start=1)),
        accepted_at=accepted_at,
        send_by=accepted_at + valid_for,
        application_id=application_id,
        final_receipt_time=(
            defaults.final_receipt_time if words.final_receipt_time is None else words.final_receipt_time
        ),
        when_stopped=words.when_stopped or defaults.when_stopped,
        priority=words.priority or defaults.priority,
        engine=words.engine or _engine(start, defaults),
        fingerprint=start.fingerprint,
    )


def _engine(start: Start, defaults: Defaults) -> Engine:
    # v1 hands no windows over: a chain that asks for them keeps them, by being run here (semantics 10).
    if start.generation is Generation.V1 and any(step.expiry_time is not None for step in start.steps):
        return Engine.LOCAL
    return defaults.engine


def _step(number: int, draft: StepDraft, words: RequestWords, defaults: Defaults) -> Step:
    message = draft.message
    said = (draft.align_ttl, words.align_ttl, defaults.align_ttl)
    return Step(
        number=number,
        message=message,
        person=person_of(message.channel, message.recipient, draft.person or words.person),
        client_ref=draft.client_ref,
        webhook_url=draft.webhook_url,
        webhook_version=draft.webhook_version,
        expiry_time=draft.expiry_time,
        condition=draft.condition,
        align_ttl=next(value for value in said if value is not None),
        delivery=words.delivery or defaults.delivery or CHANNELS[message.channel].delivery,
    )
