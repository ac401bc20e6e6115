"""Read v0.1 messages and Dispatch workflows: nested bodies, turned into the flat v1 form for the model.

Where the members go: `to.number|id` and `from.number|id` become recipient and sender; `message.content.<member>`
becomes a member of the flat body, untouched; the channel's options change their name with the channel; everything
else has a home of its own (`v0_1_home`), so that nothing is lost. Numbers keep the v1 rule (7 to 15 digits, no `+`):
the documents say so in prose, and the provider's newer endpoint refuses all others. `webhook_url`, `webhook_version`
and `ttl`, which only v1 knows, are read where they stand in a step; the first two, and `client_ref`, may also stand
beside `workflow`, for all steps that have none of their own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import cast

import msgspec

from shared.channels import Address, Channel, MessageType
from shared.errors import Fault
from shared.model import Message, Status
from shared.wire.content import Key
from shared.wire.content_rules import Parts, rule_faults
from shared.wire.drafts import Request, StepDraft
from shared.wire.limits import FAULTS_MAXIMUM
from shared.wire.message_rules import (
    channel_faults,
    options_faults,
    recipient_faults,
    sender_faults,
    take_ttl,
    ttl_faults,
    type_faults,
    webhook_faults,
)
from shared.wire.own_fields import (
    REQUEST_ONLY,
    RequestFields,
    expiry_seconds,
    misplaced,
    or_none,
    request_words,
    window_faults,
)
from shared.wire.places import WHOLE, Place, shown
from shared.wire.schema_faults import check, cut_to, refusal
from shared.wire.v0_1_bodies import (
    BY_OLD_NAME,
    MESSAGES,
    STEPS_MAXIMUM,
    AddressFields,
    DispatchBody,
    FailoverFields,
    MessageBody,
    MessageFields,
)
from shared.wire.v0_1_home import flattened

Members = Mapping[str, object]
_WINDOW_WORDS = frozenset({"expiry_time", "condition_status"})
_BESIDE_MESSAGE = frozenset({"client_ref", "webhook_url", "webhook_version", "align_ttl", "person"})
"""What a step says of itself. Deeper down it would reach the provider, whose webhooks would then go elsewhere."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What a nested generation can say."""

    channels: Mapping[str, Channel]
    """By the names of that generation."""
    messages: Mapping[Key, type[msgspec.Struct]]


V0_1 = Matrix(channels=BY_OLD_NAME, messages=MESSAGES)


def read_message(body: object) -> Request:
    """Return the request that a `message.v0_1` body makes. Raises WireError with all faults."""
    read, faults = check(body, MessageBody)
    known: tuple[Fault, ...] = ()
    if isinstance(body, Mapping):
        known = tuple(_step_faults(WHOLE, body, V0_1))
        faults = (*faults, *_struct_faults(WHOLE, body, V0_1))
    words, more = check(body, RequestFields)
    if read is None or words is None or known or faults:
        raise refusal(known, faults, more)
    step = _draft(read, cast("Members", body), failover=None)
    return Request(steps=(step,), words=request_words(words))


def read_dispatch(body: object) -> Request:
    """Return the request that a `workflow.v0_1` body makes. Raises WireError with all faults."""
    return read_workflow(body, DispatchBody, V0_1)


def read_workflow(body: object, struct: type[DispatchBody], matrix: Matrix) -> Request:
    """Read a workflow by the structs of its generation. Raises WireError with all faults."""
    body, known = cut_to(body, "workflow", STEPS_MAXIMUM)
    body = _without_last_failover(body)
    read, faults = check(body, struct)
    if isinstance(body, Mapping):
        known = (*known, *_workflow_faults(body, matrix))
        faults = (*faults, *islice(_struct_faults_of_steps(body, matrix), FAULTS_MAXIMUM))
    words, more = check(body, RequestFields)
    if read is None or words is None or known or faults:
        raise refusal(known, faults, more)
    raw_steps = cast("Mapping[str, list[Members]]", body)["workflow"]
    steps = tuple(
        _inheriting(_draft(step, raw, failover=or_none(step.failover)), read)
        for step, raw in zip(read.workflow, raw_steps, strict=True)
    )
    return Request(steps=steps, words=dataclasses.replace(request_words(words), align_ttl=or_none(read.align_ttl)))


def _without_last_failover(body: object) -> object:
    # A window on the last step has no meaning; the provider ignores it, and so do we, whatever is in it.
    if not isinstance(body, dict) or not isinstance(body.get("workflow"), list) or not body["workflow"]:
        return body
    *others, last = body["workflow"]
    if not isinstance(last, dict) or "failover" not in last:
        return body
    return {**body, "workflow": [*others, {key: value for key, value in last.items() if key != "failover"}]}


def _steps(body: Members) -> Iterator[tuple[Place, Members, bool]]:
    """Go through the steps that are objects, each with whether it is the last."""
    listed = body.get("workflow")
    steps = listed if isinstance(listed, list) else []
    for index, step in enumerate(steps):
        if isinstance(step, Mapping):
            yield WHOLE.member("workflow").item(index), step, index == len(steps) - 1


def _struct_faults_of_steps(body: Members, matrix: Matrix) -> Iterator[Fault]:
    for place, step, _ in _steps(body):
        yield from _struct_faults(place, step, matrix)


def _workflow_faults(body: Members, matrix: Matrix) -> Iterator[Fault]:
    yield from misplaced(WHOLE, body, _WINDOW_WORDS, "into the 'failover' of a step")
    yield from webhook_faults(WHOLE, body)
    template = body.get("template")
    if isinstance(template, str) and template != "failover":
        yield WHOLE.member("template").fault("enum", f"is unknown: {shown(template)}; only 'failover' is there")
    for place, step, last in _steps(body):
        yield from misplaced(place, step, REQUEST_ONLY, "to the request: put it beside 'workflow'")
        yield from misplaced(place, step, _WINDOW_WORDS, "into 'failover'")
        yield from _step_faults(place, step, matrix)
        failover = step.get("failover")
        if "failover" not in step and not last:
            yield place.member("failover").fault("required", "is required in every item but the last")
        elif isinstance(failover, Mapping):
            yield from window_faults(place.member("failover"), failover)


def _nested_faults(place: Place, step: Members) -> Iterator[Fault]:
    """Name the words of a step, a window or a request that stand inside the addresses or the message."""
    message = _object(step.get("message"))
    in_message = place.member("message")
    inner = (
        (place.member("to"), _object(step.get("to"))),
        (place.member("from"), _object(step.get("from"))),
        (in_message, message),
        (in_message.member("content"), _object(message.get("content"))),
    )
    for at, members in inner:
        yield from misplaced(at, members, _BESIDE_MESSAGE, "beside 'message'")
        yield from misplaced(at, members, _WINDOW_WORDS, "into the 'failover' of a step")
        yield from misplaced(at, members, REQUEST_ONLY, "to the request: put it into the outermost object")


def _step_faults(place: Place, step: Members, known: Matrix) -> Iterator[Fault]:
    yield from webhook_faults(place, step)
    yield from _nested_faults(place, step)
    to, sender = _object(step.get("to")), _object(step.get("from"))
    name = to.get("type")
    yield from channel_faults(place.member("to").member("type"), name, known.channels)
    row = known.channels.get(name) if isinstance(name, str) else None
    if row is None:
        return
    if isinstance(sender.get("type"), str) and sender["type"] != name:
        yield place.member("from").member("type").fault("mismatch", "must be the same as to.type")
    if to:
        at = place.member("to").member(row.v0_1_recipient)
        if row.v0_1_recipient not in to:
            yield at.fault("required", "is required")
        # Ids of WhatsApp's own came long after v0.1: its member is called `number`, and that is what it holds.
        kind = Address.NUMBER if row.recipient is Address.NUMBER_OR_ID else row.recipient
        yield from recipient_faults(at, kind, _text(to.get(row.v0_1_recipient)))
    if sender:
        at = place.member("from").member(row.v0_1_sender)
        if row.v0_1_sender not in sender:
            yield at.fault("required", "is required")
        yield from sender_faults(at, row.sender, _text(sender.get(row.v0_1_sender)))
    type_row = _type_row(row, step)
    if "ttl" in step and (type_row is not None or row.ttl is not None):
        yield from ttl_faults(place.member("ttl"), row, type_row, step["ttl"])
    yield from _content_faults(place.member("message"), row, _object(step.get("message")))


def _content_faults(place: Place, row: Channel, message: Members) -> Iterator[Fault]:
    options_place, options = place.member(str(row.v0_1_name)), message.get(str(row.v0_1_name))
    yield from options_faults(options_place, row, options)
    content = _object(message.get("content"))
    kind = content.get("type")
    known = [each for each in row.types if each.in_v0_1]
    yield from type_faults(place.member("content").member("type"), str(row.v0_1_name), kind, known)
    if isinstance(kind, str) and kind in {each.name for each in known}:
        parts = Parts(
            place=place.member("content"), members=content, options_place=options_place, options=_object(options)
        )
        yield from rule_faults(row.name, kind, parts)


def _struct_faults(place: Place, step: Members, known: Matrix) -> Iterator[Fault]:
    """Name what the struct of the step's own channel and type does not take."""
    name = _object(step.get("to")).get("type")
    row = known.channels.get(name) if isinstance(name, str) else None
    type_row = None if row is None else _type_row(row, step)
    if row is not None and type_row is not None:
        yield from check(step, known.messages[row.name, type_row.name], place)[1]


def _type_row(row: Channel, step: Members) -> MessageType | None:
    kind = _object(_object(step.get("message")).get("content")).get("type")
    found = row.type_named(kind) if isinstance(kind, str) else None
    return found if found is not None and found.in_v0_1 else None


def _draft(read: MessageFields, raw: Members, *, failover: FailoverFields | None) -> StepDraft:
    row = BY_OLD_NAME[read.to.type]
    nested = _object(raw["message"])
    content = flattened(row, raw, nested, _object(nested["content"]))
    ttl = take_ttl(row, content, or_none(read.ttl))
    said = None if failover is None else or_none(failover.condition_status)
    return StepDraft(
        message=Message(
            channel=row.name,
            kind=read.message.content.type,
            recipient=_address(read.to, row.v0_1_recipient),
            sender=_address(read.sender, row.v0_1_sender),
            content=content,
            ttl=ttl,
        ),
        client_ref=or_none(read.client_ref),
        webhook_url=or_none(read.webhook_url),
        webhook_version=or_none(read.webhook_version),
        expiry_time=None if failover is None else expiry_seconds(failover.expiry_time),
        condition=Status(said or Status.DELIVERED),
        align_ttl=or_none(read.align_ttl),
        person=or_none(read.person),
    )


def _inheriting(step: StepDraft, around: DispatchBody) -> StepDraft:
    """Return a step with what was said beside `workflow`, where it has none of its own."""
    return dataclasses.replace(
        step,
        client_ref=or_none(around.client_ref) if step.client_ref is None else step.client_ref,
        webhook_url=or_none(around.webhook_url) if step.webhook_url is None else step.webhook_url,
        webhook_version=or_none(around.webhook_version) if step.webhook_version is None else step.webhook_version,
    )


def _address(read: AddressFields, member: str) -> str:
    return str(read.number if member == "number" else read.id)


def _text(value: object) -> object:
    # Published samples put numbers and ids without quotes: whole numbers count as their digits.
    return str(value) if type(value) is int else value


def _object(value: object) -> Members:
    return value if isinstance(value, Mapping) else {}
