"""The nested bodies of v0.1 and beta as msgspec structs: the frame that all share, and one for each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from shared.channels import CHANNELS, Channel
from shared.wire.content import SHAPES, Key, Shape, fields_of, title_of
from shared.wire.own_fields import EXPIRY_TIME, ConditionStatus, ExpiryTime, StepFields
from shared.wire.v1_bodies import WebhookUrl, WebhookVersion

STEPS_MAXIMUM = 10
"""Items of `workflow`."""
BY_OLD_NAME = {row.v0_1_name: row for row in CHANNELS.values() if row.v0_1_name is not None}
"""Channels by their name in v0.1 bodies."""
BETA_BY_OLD_NAME = {name: row for name, row in BY_OLD_NAME.items() if row.in_beta}
"""Channels by their name in beta bodies."""
WITH_OPTIONS = frozenset({"viber_service", "messenger", "whatsapp"})
"""Channels whose options v0.1 knows, under the channel's old name beside `content`."""

_FORM = Annotated[int, Meta(ge=0, le=2**63 - 1)] | Annotated[str, Meta(min_length=1, max_length=50)]
NumberOrId = Annotated[_FORM, Meta(description="a string of 1 to 50 characters")]
"""Published samples put numbers and ids without quotes, so whole numbers are taken too."""
ClientRef = Annotated[str, Meta(max_length=40, description="a string of at most 40 characters")]
_TYPES = tuple(dict.fromkeys(each.name for row in BY_OLD_NAME.values() for each in row.types if each.in_v0_1))


class AddressFields(Struct, kw_only=True):
    """`to` and `from`: the channel, and the member that it addresses by."""

    type: Annotated[str, Meta(extra_json_schema={"enum": list(BY_OLD_NAME)})]
    number: NumberOrId | UnsetType = UNSET
    id: NumberOrId | UnsetType = UNSET


class ContentFields(Struct, kw_only=True):
    """`message.content`: the type, and the member of that name."""

    type: Annotated[str, Meta(extra_json_schema={"enum": list(_TYPES)})]


class NestedMessage(Struct, kw_only=True):
    """`message`: the content, beside it the options of the channel under its name."""

    content: ContentFields


class FailoverFields(Struct, kw_only=True):
    """`failover` of a step that has a successor."""

    expiry_time: Annotated[ExpiryTime, EXPIRY_TIME]
    condition_status: ConditionStatus | UnsetType = UNSET


class MessageFields(StepFields, kw_only=True):
    """Members that a single message and a step have in common."""

    to: AddressFields
    sender: AddressFields = field(name="from")
    message: NestedMessage
    client_ref: ClientRef | UnsetType = UNSET
    webhook_url: WebhookUrl | UnsetType = UNSET
    webhook_version: WebhookVersion | UnsetType = UNSET
    ttl: Annotated[int, Meta(ge=1, description="a whole number of seconds")] | UnsetType = UNSET


class StepBody(MessageFields, kw_only=True):
    """One item of `workflow`."""

    failover: FailoverFields | UnsetType = UNSET


class MessageBody(MessageFields, kw_only=True):
    """The body of `POST /v0.1/messages`, and of `POST /beta/messages`."""


class DispatchBody(Struct, kw_only=True):
    """The body of `POST /v0.1/dispatch`. What stands beside `workflow` holds for every item that says nothing else."""

    template: Annotated[str, Meta(description="failover", extra_json_schema={"enum": ["failover"]})]
    workflow: Annotated[list[StepBody], Meta(min_length=1, max_length=STEPS_MAXIMUM)]
    align_ttl: Annotated[bool, Meta(description="true or false")] | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET
    webhook_url: WebhookUrl | UnsetType = UNSET
    webhook_version: WebhookVersion | UnsetType = UNSET


def _message(key: Key, shape: Shape) -> type[Struct]:
    row = CHANNELS[key[0]]
    title = f"Old{title_of(key)}"
    options, needed = shape.old_options or shape.options, shape.needs_options and shape.old_options is None
    content = _struct(
        f"{title}Content", shape.content.__doc__, ("type", Literal[key[1]], msgspec.field()), *fields_of(shape.content)
    )
    nested: list[tuple[str, object, object]] = [("content", content, msgspec.field())]
    if options is not None and row.name in WITH_OPTIONS:
        wanted = options if needed else options | UnsetType
        nested.append((str(row.v0_1_name), wanted, msgspec.field(default=msgspec.NODEFAULT if needed else UNSET)))
    return _struct(
        f"{title}Message",
        f"{shape.content.__doc__} By {row.v0_1_name}.",
        ("to", _address(f"{title}To", row, row.v0_1_recipient), msgspec.field()),
        ("sender", _address(f"{title}From", row, row.v0_1_sender), msgspec.field(name="from")),
        ("message", _struct(f"{title}Nested", NestedMessage.__doc__, *nested), msgspec.field()),
        base=MessageFields,
    )


def _address(title: str, row: Channel, member: str) -> type[Struct]:
    kind = ("type", Literal[str(row.v0_1_name)], msgspec.field())
    return _struct(title, AddressFields.__doc__, kind, (member, NumberOrId, msgspec.field()))


def _struct(
    title: str, doc: str | None, *fields: tuple[str, object, object], base: type[Struct] | None = None
) -> type[Struct]:
    return msgspec.defstruct(
        title,
        list(fields),
        bases=None if base is None else (base,),
        kw_only=True,
        module=__name__,
        namespace={"__doc__": doc},
    )


MESSAGES: Mapping[Key, type[Struct]] = {
    key: _message(key, shape)
    for key, shape in SHAPES.items()
    if (row := CHANNELS[key[0]].type_named(key[1])) is not None and row.in_v0_1
}
"""The whole message of each channel and type that v0.1 knows, whether it stands alone or in a workflow."""
BETA_MESSAGES: Mapping[Key, type[Struct]] = {
    key: struct for key, struct in MESSAGES.items() if CHANNELS[key[0]].in_beta
}
"""Those that workflows of the beta know: all but MMS."""
