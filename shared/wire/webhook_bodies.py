"""What callers receive by webhook, as structs: the source of its schemas, and the mould that tests press bodies into.

`callbacks.py` writes these bodies; of an inbound message the provider's own bytes are passed on, so its struct names
what is always there and what is usual, and more may come.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from shared.model import Outcome, Status

Uuid = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Usage(Struct, kw_only=True):
    """What it cost so far."""

    currency: str
    price: Annotated[str, Meta(description="a decimal number")]


class StatusError(Struct, kw_only=True):
    """Why a message failed, in the v1 form."""

    type: str
    title: Annotated[str, Meta(description="the provider's code, or a word")]
    detail: str
    instance: str


class StatusWorkflow(Struct, kw_only=True):
    """Which message of a workflow it is. The provider's clients disagree on the names, so all of them are there."""

    id: Uuid
    workflow_id: Uuid
    items_number: str
    item_number: str
    items_total: str
    total_items: str


class StatusWebhookV1(Struct, kw_only=True):
    """A status in the v1 form."""

    message_uuid: Uuid
    channel: str
    to: str
    sender: str = field(name="from")
    timestamp: Time
    status: Status
    client_ref: str | UnsetType = UNSET
    error: StatusError | UnsetType = UNSET
    usage: Usage | UnsetType = UNSET
    workflow: StatusWorkflow | UnsetType = UNSET
    destination: dict[str, Any] | UnsetType = UNSET
    sms: dict[str, Any] | UnsetType = UNSET
    whatsapp: dict[str, Any] | UnsetType = UNSET
    profile: dict[str, Any] | UnsetType = UNSET


class WebhookAddress(Struct, kw_only=True):
    """Who, in the v0.1 form: a `number` or an `id`, as the channel has it."""

    type: str
    number: str | UnsetType = UNSET
    id: str | UnsetType = UNSET


class OldStatusError(Struct, kw_only=True):
    """Why a message failed, in the v0.1 form."""

    code: int
    reason: str


class WorkflowLink(Struct, kw_only=True):
    """The workflow that a message is part of: `dispatch_uuid`, of the beta `workflow_uuid`."""

    dispatch_uuid: Uuid | UnsetType = UNSET
    workflow_uuid: Uuid | UnsetType = UNSET
    href: str


class StatusLinks(Struct, kw_only=True):
    """`_links` of a status; there only for a message of a workflow."""

    workflow: WorkflowLink


class StatusWebhookV0_1(Struct, kw_only=True):  # noqa: N801  the generation's own name
    """A status in the form of v0.1 and beta."""

    message_uuid: Uuid
    to: WebhookAddress
    sender: WebhookAddress = field(name="from")
    timestamp: Time
    status: Status
    client_ref: str | UnsetType = UNSET
    error: OldStatusError | UnsetType = UNSET
    usage: Usage | UnsetType = UNSET
    links: StatusLinks | UnsetType = field(default=UNSET, name="_links")


class ReportedMessage(Struct, kw_only=True):
    """One message that was sent."""

    message_uuid: Uuid
    href: str
    channel: str
    usage: Usage
    status: Status | UnsetType = UNSET
    """Not there where nobody knows."""


class ReportLinks(Struct, kw_only=True):
    """`_links` of a final report."""

    messages: list[ReportedMessage]


class FinalReport(Struct, kw_only=True):
    """The end of a dispatch, or of a workflow of the beta (then with `workflow_uuid`). Sent once."""

    dispatch_uuid: Uuid | UnsetType = UNSET
    workflow_uuid: Uuid | UnsetType = UNSET
    template: Literal["failover"]
    status: Literal["completed", "error"]
    timestamp: Time
    usage: Usage
    links: ReportLinks = field(name="_links")
    outcome: Annotated[Outcome, Meta(description="Cascade's own word for the end")]
    condition_met: bool


class SelfLink(Struct, kw_only=True):
    """`_self` of an inbound message: its own address, at Cascade."""

    href: str


class InboundWebhookV1(Struct, kw_only=True):
    """A message from a person, in the v1 form. Its content stands under the name of its type."""

    message_uuid: Uuid
    channel: str
    to: str
    sender: str = field(name="from")
    timestamp: Time
    message_type: str | UnsetType = UNSET
    """Older SMS come without it."""
    text: str | UnsetType = UNSET
    self_link: SelfLink | UnsetType = field(default=UNSET, name="_self")


class InboundMessage(Struct, kw_only=True):
    """`message` of an inbound message of v0.1."""

    content: dict[str, Any]


class InboundWebhookV0_1(Struct, kw_only=True):  # noqa: N801  the generation's own name
    """A message from a person, in the v0.1 form."""

    message_uuid: Uuid
    to: WebhookAddress
    sender: WebhookAddress = field(name="from")
    timestamp: Time
    message: InboundMessage
