"""Read v1 messages, with and without `failover`: flat bodies, each item of `failover` a whole message of its own.

Unknown members pass through untouched into `Message.content`. An item inherits nothing from the outer message but
Cascade's own words for the request. The outer message is also the first step, so its `align_ttl` is that step's alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, cast

from msgspec import UNSET, Meta, UnsetType, field

from shared.channels import CHANNELS
from shared.errors import Fault
from shared.model import Message, Status
from shared.wire.drafts import Request, StepDraft
from shared.wire.message_rules import (
    NO_CONTENT,
    WEBHOOK_VERSIONS,
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
    WindowFields,
    expiry_seconds,
    misplaced,
    or_none,
    request_faults,
    request_words,
    window_faults,
)
from shared.wire.places import WHOLE, Place
from shared.wire.schema_faults import check, cut_to, refusal

FAILOVER_MAXIMUM = 9
"""Items of `failover`: a workflow has at most ten steps, and the outer message is the first."""

WebhookUrl = Annotated[str, Meta(max_length=2000, description="an http or https URL of at most 2000 characters")]
WebhookVersion = Annotated[str, Meta(extra_json_schema={"enum": list(WEBHOOK_VERSIONS)})]


class MessageFields(WindowFields, kw_only=True):
    """Members that every v1 message has in common. Its content stands beside them."""

    to: Annotated[str, Meta(min_length=1, max_length=254)]
    sender: Annotated[str, Meta(min_length=1, max_length=254)] = field(name="from")
    channel: Annotated[str, Meta(extra_json_schema={"enum": list(CHANNELS)})]
    message_type: Annotated[
        str, Meta(extra_json_schema={"enum": sorted({each.name for row in CHANNELS.values() for each in row.types})})
    ]
    text: str | UnsetType = UNSET
    client_ref: Annotated[str, Meta(max_length=100, description="a string of at most 100 characters")] | UnsetType = (
        UNSET
    )
    webhook_url: WebhookUrl | UnsetType = UNSET
    webhook_version: WebhookVersion | UnsetType = UNSET
    ttl: Annotated[int, Meta(ge=1, description="a whole number of seconds")] | UnsetType = UNSET


class FailoverItem(MessageFields, kw_only=True):
    """A v1 message to try when the one before it did not reach its person."""


class MessageBody(MessageFields, kw_only=True):
    """The body of `POST /v1/messages`."""

    failover: Annotated[list[FailoverItem], Meta(min_length=1, max_length=FAILOVER_MAXIMUM)] | UnsetType = UNSET


def read_message(body: object) -> Request:
    """Return the request that a `message.v1` body makes. Raises WireError with all faults."""
    body, known = cut_to(body, "failover", FAILOVER_MAXIMUM)
    read, faults = check(body, MessageBody)
    if isinstance(body, Mapping):
        known = (*known, *_rule_faults(body))
    words, more = check(body, RequestFields)
    if read is None or words is None or known:
        raise refusal(known, faults, more)
    outer = cast("Mapping[str, object]", body)
    items = () if read.failover is UNSET else tuple(read.failover)
    raw_items = cast("list[Mapping[str, object]]", outer.get("failover", []))
    drafts = [_draft(read, outer, last=not items)]
    for number, (item, raw) in enumerate(zip(items, raw_items, strict=True), start=1):
        drafts.append(_draft(item, raw, last=number == len(items)))
    return Request(steps=tuple(drafts), words=request_words(words))


def _rule_faults(body: Mapping[str, object]) -> Iterator[Fault]:
    items = body.get("failover")
    listed = items if isinstance(items, list) else []
    yield from request_faults(WHOLE, body)
    yield from _message_faults(WHOLE, body, last=not listed)
    for index, item in enumerate(listed):
        if isinstance(item, Mapping):
            place = WHOLE.member("failover").item(index)
            yield from misplaced(place, item, REQUEST_ONLY, "to the request: put it into the outer message")
            if "failover" in item:
                yield place.member("failover").fault("nested", "can't be nested: list all messages in the outer one")
            yield from _message_faults(place, item, last=index == len(listed) - 1)


def _message_faults(place: Place, message: Mapping[str, object], *, last: bool) -> Iterator[Fault]:
    channel, kind = message.get("channel"), message.get("message_type")
    yield from channel_faults(place.member("channel"), channel, CHANNELS)
    yield from webhook_faults(place, message)
    yield from window_faults(place, message)
    if "condition_status" in message and "expiry_time" not in message and not last:
        yield place.member("condition_status").fault("required", "needs an expiry_time beside it")
    row = CHANNELS.get(channel) if isinstance(channel, str) else None
    if row is None:
        return
    yield from recipient_faults(place.member("to"), row, message.get("to"))
    yield from id_faults(place.member("from"), message.get("from"))
    yield from type_faults(place.member("message_type"), row, kind)
    if "ttl" in message:
        yield from ttl_faults(place.member("ttl"), row, message["ttl"])
    if row.name in message:
        yield from options_faults(place.member(row.name), row, message[row.name])
    type_row = row.type_named(kind) if isinstance(kind, str) else None
    if type_row is not None:
        yield from content_faults(place, type_row, message)


def _draft(read: MessageBody | FailoverItem, raw: Mapping[str, object], *, last: bool) -> StepDraft:
    row = CHANNELS[read.channel]
    content = {key: value for key, value in raw.items() if key not in NO_CONTENT}
    ttl = take_ttl(row, content, or_none(read.ttl))
    # On a last or only message a window has no meaning; well-formed words for one are ignored, as in Dispatch.
    expiry_time = None if last or read.expiry_time is UNSET else expiry_seconds(read.expiry_time)
    condition = Status.DELIVERED if expiry_time is None else Status(or_none(read.condition_status) or "delivered")
    return StepDraft(
        message=Message(
            channel=row.name,
            kind=read.message_type,
            recipient=read.to,
            sender=read.sender,
            content=content,
            ttl=ttl,
        ),
        client_ref=or_none(read.client_ref),
        webhook_url=or_none(read.webhook_url),
        webhook_version=or_none(read.webhook_version),
        expiry_time=expiry_time,
        condition=condition,
        align_ttl=or_none(read.align_ttl),
        person=or_none(read.person),
    )
