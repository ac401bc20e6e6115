"""Read v1 messages, with and without `failover`: flat bodies, each item of `failover` a whole message of its own.

Unknown members pass through untouched into `Message.content`. An item inherits nothing from the outer message but
Cascade's own words for the request. The outer message is also the first step, so its `align_ttl` is that step's alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import cast

from msgspec import UNSET

from shared.channels import CHANNELS
from shared.errors import Fault
from shared.model import Engine, Message, Status
from shared.wire.content_rules import Parts, rule_faults
from shared.wire.drafts import Request, StepDraft
from shared.wire.limits import FAULTS_MAXIMUM
from shared.wire.message_rules import (
    NO_CONTENT,
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
    provider_window_faults,
    request_words,
    window_faults,
)
from shared.wire.places import WHOLE, Place
from shared.wire.schema_faults import check, cut_to, refusal
from shared.wire.v0_1_home import kept_apart
from shared.wire.v1_bodies import FAILOVER_MAXIMUM, MESSAGES, FailoverItem, MessageBody, MessageFields

__all__ = ["FailoverItem", "MessageBody", "MessageFields", "read_message"]


def read_message(body: object) -> Request:
    """Return the request that a `message.v1` body makes. Raises WireError with all faults."""
    body, known = cut_to(body, "failover", FAILOVER_MAXIMUM)
    read, faults = check(body, MessageBody)
    if isinstance(body, Mapping):
        known = (*known, *_rule_faults(body))
        faults = (*faults, *islice(_content_faults(body), FAULTS_MAXIMUM))
    words, more = check(body, RequestFields)
    if read is None or words is None or known or faults:
        raise refusal(known, faults, more)
    outer = cast("Mapping[str, object]", body)
    items = () if read.failover is UNSET else tuple(read.failover)
    raw_items = cast("list[Mapping[str, object]]", outer.get("failover", []))
    drafts = [_draft(read, outer, last=not items)]
    for number, (item, raw) in enumerate(zip(items, raw_items, strict=True), start=1):
        drafts.append(_draft(item, raw, last=number == len(items)))
    return Request(steps=tuple(drafts), words=request_words(words))


def _messages(body: Mapping[str, object]) -> Iterator[tuple[Place, Mapping[str, object], bool]]:
    """Go through the outer message and the items, each with whether it is the last."""
    items = body.get("failover")
    listed = items if isinstance(items, list) else []
    yield WHOLE, body, not listed
    for index, item in enumerate(listed):
        if isinstance(item, Mapping):
            yield WHOLE.member("failover").item(index), item, index == len(listed) - 1


def _content_faults(body: Mapping[str, object]) -> Iterator[Fault]:
    """Name what the structs of the messages' own channels and types do not take."""
    for place, message, _ in _messages(body):
        channel, kind = message.get("channel"), message.get("message_type")
        struct = MESSAGES.get((channel, kind)) if isinstance(channel, str) and isinstance(kind, str) else None
        if struct is not None:
            yield from check(message, struct, place)[1]


def _rule_faults(body: Mapping[str, object]) -> Iterator[Fault]:
    for place, message, last in _messages(body):
        if message is not body:
            yield from misplaced(place, message, REQUEST_ONLY, "to the request: put it into the outer message")
            if "failover" in message:
                yield place.member("failover").fault("nested", "can't be nested: list all messages in the outer one")
        if body.get("engine") == Engine.PROVIDER and not last:
            yield from provider_window_faults(place, message)
        yield from _message_faults(place, message, last=last)


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
    yield from recipient_faults(place.member("to"), row.recipient, message.get("to"))
    yield from sender_faults(place.member("from"), row.sender, message.get("from"))
    yield from type_faults(place.member("message_type"), row.name, kind, row.types)
    type_row = row.type_named(kind) if isinstance(kind, str) else None
    if "ttl" in message and (type_row is not None or row.ttl is not None):
        yield from ttl_faults(place.member("ttl"), row, type_row, message["ttl"])
    yield from options_faults(place.member(row.name), row, message.get(row.name))
    if type_row is not None:
        yield from rule_faults(row.name, type_row.name, _parts(place, row.name, message))


def _parts(place: Place, channel: str, message: Mapping[str, object]) -> Parts:
    options = message.get(channel)
    return Parts(
        place=place,
        members=message,
        options_place=place.member(channel),
        options=options if isinstance(options, Mapping) else {},
    )


def _draft(read: MessageFields, raw: Mapping[str, object], *, last: bool) -> StepDraft:
    row = CHANNELS[read.channel]
    content = kept_apart({key: value for key, value in raw.items() if key not in NO_CONTENT})
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
