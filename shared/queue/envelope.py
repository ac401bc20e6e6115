"""How a message looks on the broker: its types, header names and limits (architecture 5).

The AMQP property `type` says what a body is; headers say where it came from. Both directions are untrusted: what we
publish is checked before a frame is written, because an id that is too long or headers above a frame's size end
the whole connection, and with it the messages of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import Fault, WireError

# Starts: JSON of one HTTP generation; the same word is the usual routing key on `cascade.sends`.
WORKFLOW_V0_1 = "workflow.v0_1"
WORKFLOW_BETA = "workflow.beta"
MESSAGE_V0_1 = "message.v0_1"
MESSAGE_V1 = "message.v1"
STARTS = (WORKFLOW_V0_1, WORKFLOW_BETA, MESSAGE_V0_1, MESSAGE_V1)

# Ours.
STEP = "step.1"
COMMAND = "command.1"
WEBHOOK = "webhook.1"
MARKER = "marker.1"
EVENT = "event.1"
ANSWER = "answer.1"

# Of a start that the ingress publishes; ignored from anyone else.
TENANT = "x-cascade-tenant"
APPLICATION = "x-cascade-application"
WORKFLOW_ID = "x-cascade-workflow-id"

# Of a webhook that the ingress publishes.
ACCOUNT = "x-cascade-account"
"""Provider account whose secret signed the body."""
ABOUT_APPLICATION = "x-cascade-about-application"
"""The provider's application that the signature names; not there where it names none."""
TRUNCATED = "x-cascade-truncated"
"""How many bytes it had, in decimal, where the body is only its beginning; not there where it is whole."""
LEGACY = "x-cascade-legacy"
"""Of a webhook in the old form of the SMS API: `receipt` or `inbound`; not there for all others. Its body is a query
string, a form or JSON, and the content type says which."""
LEGACY_RECEIPT = "receipt"
LEGACY_INBOUND = "inbound"
FORM = "application/x-www-form-urlencoded"
"""Content type of a form, and of a query string: the bytes are alike."""

# Of a dead letter that the dispatcher publishes. Those of the broker itself carry `x-first-death-reason` instead.
DEAD_REASON = "x-cascade-dead-reason"
DEAD_DETAIL = "x-cascade-dead-detail"
DEAD_QUEUE = "x-cascade-dead-queue"
DEAD_EXCHANGE = "x-cascade-dead-exchange"
DEAD_ROUTING_KEY = "x-cascade-dead-routing-key"
DEAD_USER = "x-cascade-dead-user"
DEAD_TYPE = "x-cascade-dead-type"
DEAD_AT = "x-cascade-dead-at"

MAXIMUM_BODY_BYTES = 256 * 1024
MAXIMUM_ID_BYTES = 64
MAXIMUM_HEADERS_BYTES = 4 * 1024
_MAXIMUM_SHORT_BYTES = 255
"""A "short string" of AMQP: routing keys and reply addresses."""

_OF_THE_BROKER = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", "x-opt-")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One message to publish. Always durable, with a confirm."""

    exchange: str
    routing_key: str
    type: str
    message_id: str
    """Names it for good: the same on every publish of it, so that consumers can drop repeats."""
    body: bytes
    headers: Mapping[str, object] = field(default_factory=dict)
    user_id: str | None = None
    """Broker user of this connection, or None; the broker refuses any other."""
    correlation_id: str | None = None
    reply_to: str | None = None
    content_type: str = "application/json"
    mandatory: bool = True
    """False only where nobody may be listening: then the broker drops it and confirms."""


def check_outbound(
    *,
    exchange: str,
    routing_key: str,
    type: str,  # noqa: A002  the property's own name
    message_id: str,
    headers: Mapping[str, object],
    correlation_id: str | None = None,
    user_id: str | None = None,
    reply_to: str | None = None,
) -> None:
    """Raise WireError where a property is longer than we, or AMQP, allow; the broker would end the connection."""
    lengths = (
        ("exchange", exchange, _MAXIMUM_SHORT_BYTES),
        ("routing_key", routing_key, _MAXIMUM_SHORT_BYTES),
        ("reply_to", reply_to or "", _MAXIMUM_SHORT_BYTES),
        ("type", type, MAXIMUM_ID_BYTES),
        ("message_id", message_id, MAXIMUM_ID_BYTES),
        ("correlation_id", correlation_id or "", _MAXIMUM_SHORT_BYTES),  # an answer names an id that is too long
        ("user_id", user_id or "", MAXIMUM_ID_BYTES),
    )
    try:
        faults = [
            _fault(name, f"{size} bytes, at most {maximum} are allowed")
            for name, text, maximum in lengths
            if (size := len(text.encode())) > maximum
        ]
        faults.extend(
            _fault(f"headers.{name[:32]}", f"a name of more than {_MAXIMUM_SHORT_BYTES} bytes")
            for name in headers
            if len(name.encode()) > _MAXIMUM_SHORT_BYTES
        )
        if (size := headers_size(headers)) > MAXIMUM_HEADERS_BYTES:
            faults.append(_fault("headers", f"{size} bytes, at most {MAXIMUM_HEADERS_BYTES} are allowed"))
    except UnicodeEncodeError as error:
        raise WireError(Fault(pointer="", name="", reason="a property is no valid Unicode", code="unicode")) from error
    if faults:
        raise WireError(*faults)


def headers_size(headers: Mapping[str, object]) -> int:
    """Return how many bytes a header table takes on the wire, near enough for a limit."""
    return sum(1 + len(str(name).encode()) + _value_size(value) for name, value in headers.items())


def own_headers(headers: Mapping[str, object]) -> dict[str, object]:
    """Return the headers without those that the broker itself acts upon or writes.

    `CC` and `BCC` would send a message elsewhere as well; a copied `x-death` makes a broker before 4.0 take a message
    for one that goes round in circles, and drop it.
    """
    return {
        name: value
        for name, value in headers.items()
        if name.upper() not in {"CC", "BCC"} and not name.lower().startswith(_OF_THE_BROKER)
    }


def _value_size(value: object) -> int:
    if isinstance(value, str):
        return 5 + len(value.encode())
    if isinstance(value, bytes | bytearray):
        return 5 + len(value)
    if isinstance(value, Mapping):
        return 5 + headers_size(value)
    if isinstance(value, list | tuple):
        return 5 + sum(_value_size(each) for each in value)
    return 9


def _fault(name: str, reason: str) -> Fault:
    return Fault(pointer="", name=name, reason=reason, code="too_long")
