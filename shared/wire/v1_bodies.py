"""The flat bodies of v1 as msgspec structs: the frame that all share, and one struct for each channel and type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from shared.channels import CHANNELS
from shared.wire.content import SHAPES, Key, Shape, fields_of, title_of
from shared.wire.own_fields import WindowFields

FAILOVER_MAXIMUM = 9
"""Items of `failover`: a workflow has at most ten steps, and the outer message is the first."""
ADDRESS_MAXIMUM = 320
"""Characters of a recipient or sender in the frame; the channel's own rule is narrower."""
WEBHOOK_VERSIONS = ("v0.1", "v1")

WebhookUrl = Annotated[str, Meta(max_length=2000, description="an http or https URL of at most 2000 characters")]
WebhookVersion = Annotated[str, Meta(extra_json_schema={"enum": list(WEBHOOK_VERSIONS)})]
_TYPES = tuple(dict.fromkeys(each.name for row in CHANNELS.values() for each in row.types))


class MessageFields(WindowFields, kw_only=True):
    """Members that every v1 message has in common. Its content stands beside them."""

    to: Annotated[str, Meta(min_length=1, max_length=ADDRESS_MAXIMUM)]
    sender: Annotated[str, Meta(min_length=1, max_length=ADDRESS_MAXIMUM)] = field(name="from")
    channel: Annotated[str, Meta(extra_json_schema={"enum": list(CHANNELS)})]
    message_type: Annotated[str, Meta(extra_json_schema={"enum": list(_TYPES)})]
    client_ref: (
        Annotated[str, Meta(max_length=100, description="a string of at most 100 characters")] | UnsetType | None
    ) = UNSET
    """null is what the first Node client for v1 sends where its caller gave none."""
    webhook_url: WebhookUrl | UnsetType = UNSET
    webhook_version: WebhookVersion | UnsetType = UNSET
    ttl: Annotated[int, Meta(ge=1, description="a whole number of seconds")] | UnsetType = UNSET


class FailoverItem(MessageFields, kw_only=True):
    """A v1 message to try when the one before it did not reach its person."""


class MessageBody(MessageFields, kw_only=True):
    """The body of `POST /v1/messages`."""

    failover: Annotated[list[FailoverItem], Meta(min_length=1, max_length=FAILOVER_MAXIMUM)] | UnsetType = UNSET


def _message(key: Key, shape: Shape) -> type[Struct]:
    channel, kind = key
    # Literal of a name that the table has: the types are made here, so no checker can follow.
    fields: list[tuple[str, object, object]] = [
        ("channel", Literal[channel], msgspec.field()),
        ("message_type", Literal[kind], msgspec.field()),
        *fields_of(shape.content, *([shape.beside] if shape.beside else [])),
    ]
    if shape.options is not None:
        wanted = shape.options if shape.needs_options else shape.options | UnsetType
        fields.append((channel, wanted, msgspec.field(default=msgspec.NODEFAULT if shape.needs_options else UNSET)))
    return msgspec.defstruct(
        f"{title_of(key)}Message",
        fields,
        bases=(MessageFields,),
        kw_only=True,
        module=__name__,
        namespace={"__doc__": f"{shape.content.__doc__} By {channel}."},
    )


MESSAGES: Mapping[Key, type[Struct]] = {key: _message(key, shape) for key, shape in SHAPES.items()}
"""The whole message of each channel and type, whether it stands alone or in `failover`."""
