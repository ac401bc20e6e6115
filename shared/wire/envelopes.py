"""Messages between the parts of Cascade, as JSON: step, command and marker.

Whoever may publish to a queue of ours may publish rubbish: every reader raises WireError and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from shared import strict_json
from shared.errors import WireError
from shared.wire.limits import BODY_MAXIMUM, DEPTH_MAXIMUM
from shared.wire.places import WHOLE
from shared.wire.schema_faults import check, refusal


class CommandName(StrEnum):
    """What a caller or an operator asks for."""

    CANCEL = "cancel"
    NEXT = "next"


Seconds = Annotated[float, Meta(ge=0, le=1e11)]
StepNumber = Annotated[int, Meta(ge=1, le=10)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]


class StepMessage(Struct, kw_only=True, frozen=True):
    """A hint that this attempt may be claimed; the row decides."""

    workflow_id: str
    step: StepNumber
    attempt: Annotated[int, Meta(ge=1, le=999)]


class Command(Struct, kw_only=True, frozen=True):
    """A wish about one workflow."""

    command: CommandName
    workflow_id: str
    tenant: Name
    by: Name
    """ "caller", or "operator:<name>"."""
    at: Seconds
    """Seconds since the epoch when it was asked for."""


class UpdateStatus(StrEnum):
    """What a PATCH makes of a message."""

    READ = "read"
    REVOKED = "revoked"


UPDATE: Literal["update"] = "update"
"""Tells a `MessageUpdate` from a `Command`."""


class MessageUpdate(Struct, kw_only=True, frozen=True):
    """A wish about one message: the PATCH of a caller, checked by the ingress and made by a dispatcher."""

    message_uuid: Name
    """Ours of a message that was sent, the provider's own of an inbound one."""
    tenant: Name
    by: Name
    """ "caller", or "operator:<name>"."""
    at: Seconds
    """Seconds since the epoch when it was asked for."""
    status: UpdateStatus
    replying_indicator: dict[str, Any] | None = None
    """As the caller gave it, for the provider; None where it gave none."""
    command: Literal["update"] = UPDATE


class Marker(Struct, kw_only=True, frozen=True):
    """Everything that an ingress published to the receipts queue before this moment was read before this is."""

    at: Seconds
    """Store time in seconds since the epoch."""


S = TypeVar("S", bound=Struct)


def write(message: StepMessage | Command | MessageUpdate | Marker) -> bytes:
    """Return the JSON of a message of ours."""
    return msgspec.json.encode(message)


def read_step(raw: bytes) -> StepMessage:
    """Read a `step.1`. Raises WireError."""
    message = read_struct(raw, StepMessage)
    _require_workflow_id(message.workflow_id)
    return message


def read_command(raw: bytes) -> Command | MessageUpdate:
    """Read a `command.1`: a wish about a workflow, or about a message. Raises WireError."""
    value = _document(raw)
    if isinstance(value, Mapping) and value.get("command") == UPDATE:
        return _checked(value, MessageUpdate)
    command = _checked(value, Command)
    _require_workflow_id(command.workflow_id)
    return command


def read_marker(raw: bytes) -> Marker:
    """Read a `marker.1`. Raises WireError."""
    return read_struct(raw, Marker)


def read_struct(raw: bytes, struct: type[S]) -> S:
    """Read a body by its struct. Raises WireError with all faults."""
    return _checked(_document(raw), struct)


def _document(raw: bytes) -> object:
    return strict_json.loads(raw, max_bytes=BODY_MAXIMUM, max_depth=DEPTH_MAXIMUM)


def _checked(value: object, struct: type[S]) -> S:
    read, faults = check(value, struct)
    if read is None:
        raise refusal((), faults)
    return read


def _require_workflow_id(text: str) -> None:
    try:
        number = UUID(text)
    except ValueError:
        number = None
    if number is None or str(number) != text or number.int & 0xFF:
        raise WireError(WHOLE.member("workflow_id").fault("id", "must be the id of a workflow"))
