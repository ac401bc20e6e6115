"""The nested bodies of v0.1 and beta as msgspec structs."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from shared.channels import CHANNELS
from shared.wire.own_fields import EXPIRY_TIME, ConditionStatus, ExpiryTime, StepFields
from shared.wire.v1 import WebhookUrl, WebhookVersion

STEPS_MAXIMUM = 10
"""Items of `workflow`."""
BY_OLD_NAME = {row.v0_1_name: row for row in CHANNELS.values() if row.v0_1_name is not None}
"""Channels by their name in v0.1 and beta bodies."""

_FORM = Annotated[int, Meta(ge=0, le=2**63 - 1)] | Annotated[str, Meta(min_length=1, max_length=50)]
NumberOrId = Annotated[_FORM, Meta(description="a string of 1 to 50 characters")]
"""Published samples put numbers and ids without quotes, so whole numbers are taken too."""


class AddressFields(Struct, kw_only=True):
    """`to` and `from`: the channel, and the member that it addresses by."""

    type: Annotated[str, Meta(extra_json_schema={"enum": sorted(BY_OLD_NAME)})]
    number: NumberOrId | UnsetType = UNSET
    id: NumberOrId | UnsetType = UNSET


class ContentFields(Struct, kw_only=True):
    """`message.content`: the type, and the member of that name."""

    type: Annotated[
        str, Meta(extra_json_schema={"enum": sorted({each.name for row in BY_OLD_NAME.values() for each in row.types})})
    ]
    text: str | UnsetType = UNSET


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
    client_ref: Annotated[str, Meta(max_length=40, description="a string of at most 40 characters")] | UnsetType = UNSET
    webhook_url: WebhookUrl | UnsetType = UNSET
    webhook_version: WebhookVersion | UnsetType = UNSET
    ttl: Annotated[int, Meta(ge=1, description="a whole number of seconds")] | UnsetType = UNSET


class StepBody(MessageFields, kw_only=True):
    """One item of `workflow`."""

    failover: FailoverFields | UnsetType = UNSET


class MessageBody(MessageFields, kw_only=True):
    """The body of `POST /v0.1/messages`, and of `POST /beta/messages`."""


class DispatchBody(Struct, kw_only=True):
    """The body of `POST /v0.1/dispatch`."""

    template: Annotated[str, Meta(description="failover", extra_json_schema={"enum": ["failover"]})]
    workflow: Annotated[list[StepBody], Meta(min_length=1, max_length=STEPS_MAXIMUM)]
    align_ttl: Annotated[bool, Meta(description="true or false")] | UnsetType = UNSET
