"""Read v0.1 messages and Dispatch workflows: nested bodies, turned into the flat v1 form for the model.

Where the members go: `to.number|id` and `from.number|id` become recipient and sender; `message.content.<member>` and
whatever else stands in the step, in `message` and in `content` becomes a member of the flat body, untouched; the
channel's options change their name with the channel. Numbers keep the v1 rule (7 to 15 digits, no `+`): the documents
say so in prose, and the provider's newer endpoint refuses all others. `webhook_url`, `webhook_version` and `ttl`,
which only v1 knows, are read where they stand in a step.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import cast

from shared.channels import Channel
from shared.errors import Fault
from shared.model import Message, Status
from shared.wire.drafts import Request, StepDraft
from shared.wire.message_rules import (
    NO_CONTENT,
    channel_faults,
    content_faults,
    id_faults,
    options_faults,
    recipient_faults,
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
    request_faults,
    request_words,
    window_faults,
)
from shared.wire.places import WHOLE, Place, shown
from shared.wire.schema_faults import check, cut_to, refusal
from shared.wire.v0_1_bodies import (
    BY_OLD_NAME,
    STEPS_MAXIMUM,
    AddressFields,
    DispatchBody,
    FailoverFields,
    MessageBody,
    MessageFields,
)

_WINDOW_WORDS = frozenset({"expiry_time", "condition_status"})
_TAKEN = NO_CONTENT | {"message", "content", "type"}


def read_message(body: object) -> Request:
    """Return the request that a `message.v0_1` body makes. Raises WireError with all faults."""
    read, faults = check(body, MessageBody)
    known: tuple[Fault, ...] = ()
    if isinstance(body, Mapping):
        known = (*request_faults(WHOLE, body), *_step_faults(WHOLE, body))
    words, more = check(body, RequestFields)
    if read is None or words is None or known:
        raise refusal(known, faults, more)
    step = _draft(read, cast("Mapping[str, object]", body), failover=None)
    return Request(steps=(step,), words=request_words(words))


def read_dispatch(body: object) -> Request:
    """Return the request that a `workflow.v0_1` body makes. Raises WireError with all faults."""
    return read_workflow(body, DispatchBody)


def read_workflow(body: object, struct: type[DispatchBody]) -> Request:
    """Read a workflow by the struct of its generation. Raises WireError with all faults."""
    body, known = cut_to(body, "workflow", STEPS_MAXIMUM)
    body = _without_last_failover(body)
    read, faults = check(body, struct)
    if isinstance(body, Mapping):
        known = (*known, *_workflow_faults(body))
    words, more = check(body, RequestFields)
    if read is None or words is None or known:
        raise refusal(known, faults, more)
    raw_steps = cast("Mapping[str, list[Mapping[str, object]]]", body)["workflow"]
    steps = tuple(
        _draft(step, raw, failover=or_none(step.failover)) for step, raw in zip(read.workflow, raw_steps, strict=True)
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


def _workflow_faults(body: Mapping[str, object]) -> Iterator[Fault]:
    yield from request_faults(WHOLE, body)
    yield from misplaced(WHOLE, body, _WINDOW_WORDS, "into the 'failover' of a step")
    template = body.get("template")
    if isinstance(template, str) and template != "failover":
        yield WHOLE.member("template").fault("enum", f"unknown: {shown(template)}; only 'failover' is there")
    listed = body.get("workflow")
    steps = listed if isinstance(listed, list) else []
    for index, step in enumerate(steps):
        if not isinstance(step, Mapping):
            continue
        place = WHOLE.member("workflow").item(index)
        yield from misplaced(place, step, REQUEST_ONLY, "to the request: put it beside 'workflow'")
        yield from misplaced(place, step, _WINDOW_WORDS, "into 'failover'")
        yield from _step_faults(place, step)
        failover = step.get("failover")
        if "failover" not in step and index < len(steps) - 1:
            yield place.member("failover").fault("required", "is required in every item but the last")
        elif isinstance(failover, Mapping):
            yield from window_faults(place.member("failover"), failover)


def _step_faults(place: Place, step: Mapping[str, object]) -> Iterator[Fault]:
    yield from webhook_faults(place, step)
    to, sender = _object(step.get("to")), _object(step.get("from"))
    name = to.get("type")
    yield from channel_faults(place.member("to").member("type"), name, BY_OLD_NAME)
    row = BY_OLD_NAME.get(name) if isinstance(name, str) else None
    if row is None:
        return
    if isinstance(sender.get("type"), str) and sender["type"] != name:
        yield place.member("from").member("type").fault("mismatch", "must be the same as to.type")
    if "ttl" in step:
        yield from ttl_faults(place.member("ttl"), row, step["ttl"])
    if to:
        at = place.member("to").member(row.v0_1_recipient)
        if row.v0_1_recipient not in to:
            yield at.fault("required", "is required")
        yield from recipient_faults(at, row, _text(to.get(row.v0_1_recipient)))
    if sender:
        at = place.member("from").member(row.v0_1_sender)
        if row.v0_1_sender not in sender:
            yield at.fault("required", "is required")
        yield from id_faults(at, _text(sender.get(row.v0_1_sender)))
    yield from _content_faults(place.member("message"), row, _object(step.get("message")))


def _content_faults(place: Place, row: Channel, message: Mapping[str, object]) -> Iterator[Fault]:
    if row.v0_1_name is not None and row.v0_1_name in message:
        yield from options_faults(place.member(row.v0_1_name), row, message[row.v0_1_name])
    content = _object(message.get("content"))
    kind = content.get("type")
    yield from type_faults(place.member("content").member("type"), row, kind)
    type_row = row.type_named(kind) if isinstance(kind, str) else None
    if type_row is not None:
        yield from content_faults(place.member("content"), type_row, content)


def _draft(read: MessageFields, raw: Mapping[str, object], *, failover: FailoverFields | None) -> StepDraft:
    row = BY_OLD_NAME[read.to.type]
    nested = _object(raw["message"])
    content = {key: value for key, value in raw.items() if key not in _TAKEN}
    for key, value in nested.items():
        if key == row.v0_1_name:
            content[row.name] = value
        elif key not in _TAKEN:
            content[key] = value
    content.update((key, value) for key, value in _object(nested["content"]).items() if key not in _TAKEN)
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


def _address(read: AddressFields, member: str) -> str:
    return str(read.number if member == "number" else read.id)


def _text(value: object) -> object:
    # Published samples put numbers and ids without quotes: whole numbers count as their digits.
    return str(value) if type(value) is int else value


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
