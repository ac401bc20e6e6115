"""What Cascade tells other systems over the broker, as JSON: events, and answers to what they published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from shared.errors import Fault, WireError
from shared.ids import message_uuid
from shared.wire.envelopes import Name, StepNumber, read_struct
from shared.wire.places import WHOLE
from shared.wire.times import rfc3339, seconds_of


class Event(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What happened, for whoever binds a queue to `cascade.events`."""

    id: str
    """The same on every delivery: drop an id that was seen."""
    event: Name
    """E.g. "message.delivered"."""
    at: str
    """RFC 3339 in UTC."""
    tenant: str
    workflow_id: str | None = None
    step: StepNumber | None = None
    message_uuid: str | None = None
    client_ref: str | None = None
    reason: str | None = None
    facts: dict[str, Any] = {}


class AnswerError(Struct, kw_only=True, frozen=True):
    """One fault of a rejected message."""

    pointer: str
    name: str
    reason: str
    code: str


class Answer(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What became of a message on `cascade.sends`; its `correlation_id` is that message's id."""

    answer: Annotated[str, Meta(extra_json_schema={"enum": ["accepted", "rejected"]})]
    message_id: str
    workflow_id: str | None = None
    reason: Name | None = None
    """Of a rejection, a word: invalid, idempotency_conflict, unknown_user, ..."""
    errors: tuple[AnswerError, ...] = ()


def write(message: Event | Answer) -> bytes:
    """Return the JSON of an event or an answer."""
    return msgspec.json.encode(message)


def read_event(raw: bytes) -> Event:
    """Read an `event.1`. Raises WireError."""
    event = read_struct(raw, Event)
    try:
        seconds_of(event.at)
    except ValueError as error:
        raise WireError(WHOLE.member("at").fault("time", "must be an RFC 3339 time with a zone")) from error
    return event


def read_answer(raw: bytes) -> Answer:
    """Read an `answer.1`. Raises WireError."""
    answer = read_struct(raw, Answer)
    if answer.answer not in ("accepted", "rejected"):
        raise WireError(WHOLE.member("answer").fault("enum", "must be accepted or rejected"))
    return answer


def event(
    *,
    id: str,  # noqa: A002 - the word on the wire
    event: str,
    at: float,
    tenant: str,
    workflow_id: str | None = None,
    step: int | None = None,
    client_ref: str | None = None,
    reason: str | None = None,
    facts: Mapping[str, object] | None = None,
) -> Event:
    """Make an event; the id of the step's message follows from workflow and step."""
    message = None if workflow_id is None or step is None else message_uuid(workflow_id, step)
    return Event(
        id=id,
        event=event,
        at=rfc3339(at),
        tenant=tenant,
        workflow_id=workflow_id,
        step=step,
        message_uuid=message,
        client_ref=client_ref,
        reason=reason,
        facts=dict(facts or {}),
    )


def accepted_answer(*, message_id: str, workflow_id: str) -> Answer:
    """Say that a message was taken, now or before."""
    return Answer(answer="accepted", message_id=message_id, workflow_id=workflow_id)


def rejected_answer(*, message_id: str, reason: str, faults: Sequence[Fault] = ()) -> Answer:
    """Say why a message was not taken."""
    errors = tuple(
        AnswerError(pointer=each.pointer, name=each.name, reason=each.reason, code=each.code) for each in faults
    )
    return Answer(answer="rejected", message_id=message_id, reason=reason, errors=errors)
