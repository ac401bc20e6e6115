"""Bodies of the 202: which ids each kind of request is answered with, and what is said to a cancel."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shared.ids import message_uuid
from shared.wire.requests import StartType


class MessageAccepted(Struct, kw_only=True):
    """Answer to a message: the id of its first step, and of the whole where it has a `failover`."""

    message_uuid: str
    workflow_id: str | UnsetType = UNSET


class DispatchAccepted(Struct, kw_only=True):
    """Answer to a v0.1 dispatch."""

    dispatch_uuid: str


class WorkflowAccepted(Struct, kw_only=True):
    """Answer to a beta workflow."""

    workflow_uuid: str


class CancelTaken(Struct, kw_only=True):
    """Answer to a cancel that will be tried."""

    workflow_id: str
    cancel: str = "requested"
    message_uuid: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET


def accepted(start_type: StartType, workflow_id: str, *, steps: int) -> bytes:
    """Return the body of the 202; `steps` is the number of messages in the request."""
    body: Struct
    match start_type:
        case StartType.WORKFLOW_V0_1:
            body = DispatchAccepted(dispatch_uuid=workflow_id)
        case StartType.WORKFLOW_BETA:
            body = WorkflowAccepted(workflow_uuid=workflow_id)
        case StartType.MESSAGE_V0_1 | StartType.MESSAGE_V1:
            first = message_uuid(workflow_id, 1)
            body = MessageAccepted(message_uuid=first, workflow_id=workflow_id if steps > 1 else UNSET)
    return msgspec.json.encode(body)
