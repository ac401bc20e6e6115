"""The addresses of what is sent, of every generation: send, ask, search, change, cancel."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from shared.wire.answers import CancelTaken, DispatchAccepted, MessageAccepted, WorkflowAccepted
from shared.wire.openapi_operation import NOTHING, TEXT, Operation, Outcome, json_of
from shared.wire.openapi_words import NOBODY
from shared.wire.pages import MessagePage, WorkflowPage
from shared.wire.received import ReceivedView
from shared.wire.requests import StartType
from shared.wire.updates import UpdateBody
from shared.wire.views import AcceptedView, MessageView, TimelineView, WorkflowView

_LEADS_TO: Mapping[type[Struct], str] = {
    MessageAccepted: "message_uuid",
    DispatchAccepted: "dispatch_uuid",
    WorkflowAccepted: "workflow_uuid",
}
_ADDRESSES: tuple[tuple[str, str, str, bool], ...] = (
    ("/v1/messages", "MessageV1", "v1", True),
    ("/v1/workflows", "Workflow", "v1", False),
    ("/v0.1/messages", "MessageV0_1", "v0.1", True),
    ("/v0.1/dispatch", "Dispatch", "v0.1", False),
    ("/beta/messages", "MessageBeta", "beta", True),
    ("/beta/workflows", "WorkflowBeta", "beta", False),
)
"""Path, the name in its operations, tag, and whether its ids are those of messages."""


def _send(path: str, name: str, tag: str, start: StartType, answer: type[Struct], summary: str) -> Operation:
    leads_to = tuple((verb.format(name), _LEADS_TO[answer]) for verb in ("get{}", "get{}Timeline", "cancel{}"))
    return Operation(
        method="post",
        path=path,
        name=f"send{name}",
        tag=tag,
        summary=summary,
        description=(
            "202 means kept: the request is durable in the broker under the ids of the answer, and comes to exactly one"
            " end. Members that are not described here go to the provider untouched."
        ),
        start=start,
        parameters=("IdempotencyKey",),
        outcomes=(
            Outcome(
                status=202,
                description="Taken.",
                media=json_of(answer),
                headers=("IdempotentReplayed",),
                leads_to=leads_to,
            ),
        ),
        refusals=(*(() if tag == "v1" else (400,)), 401, 409, 413, 415, 422, 500, 503),
    )


def _ping(path: str, name: str, tag: str) -> Operation:
    return Operation(
        method="get",
        path=f"{path}/ping",
        name=f"ping{name}",
        tag=tag,
        summary="Say that somebody is there",
        outcomes=(Outcome(status=200, description="Somebody is there.", media=TEXT),),
        refusals=(500,),
        security=NOBODY,
    )


def _asked(path: str, name: str, tag: str, views: tuple[type[Struct], ...], what: str, parameter: str) -> Operation:
    return Operation(
        method="get",
        path=f"{path}/{{identifier}}",
        name=f"get{name}",
        tag=tag,
        summary=f"Tell how a {what} stands",
        description=(
            "Right after the 202, while no dispatcher has read the request yet, its state is `accepted`."
            + (" An inbound message is shown as its webhook told it." if ReceivedView in views else "")
        ),
        parameters=(parameter,),
        outcomes=(Outcome(status=200, description="How it stands.", media=json_of(*views, AcceptedView)),),
        refusals=(401, 404, 500, 503),
    )


def _timeline(path: str, name: str, tag: str, what: str, parameter: str) -> Operation:
    return Operation(
        method="get",
        path=f"{path}/{{identifier}}/timeline",
        name=f"get{name}Timeline",
        tag=tag,
        summary=f"Tell the story of a {what}",
        description="A message's is that of its workflow: why a step was left is told by its neighbours.",
        parameters=(parameter,),
        outcomes=(
            Outcome(status=200, description="Every entry of the journal, in order.", media=json_of(TimelineView)),
        ),
        refusals=(401, 404, 500, 503),
    )


def _cancel(path: str, name: str, tag: str, parameter: str) -> Operation:
    return Operation(
        method="delete",
        path=f"{path}/{{identifier}}",
        name=f"cancel{name}",
        tag=tag,
        summary="Cancel what was not sent yet",
        description=(
            "By a message's id too the whole workflow is cancelled. 409 where it has ended, or where the provider runs"
            " it."
        ),
        parameters=(parameter,),
        outcomes=(Outcome(status=202, description="It will be tried.", media=json_of(CancelTaken)),),
        refusals=(401, 404, 409, 500, 503),
    )


def _search(path: str, name: str, page: type[Struct], status: str) -> Operation:
    return Operation(
        method="get",
        path=path,
        name=name,
        tag="v1",
        summary="Search by recipient, reference, status and time",
        description="Newest first. What was sent is found from the moment a dispatcher has read it.",
        parameters=("To", "ClientRef", status, "FromTime", "ToTime", "Limit", "Cursor"),
        outcomes=(Outcome(status=200, description="A page.", media=json_of(page)),),
        refusals=(401, 422, 500, 503),
    )


_SENDS = (
    _send("/v1/messages", "MessageV1", "v1", StartType.MESSAGE_V1, MessageAccepted, "Send a message"),
    _send("/v0.1/messages", "MessageV0_1", "v0.1", StartType.MESSAGE_V0_1, MessageAccepted, "Send a message"),
    _send("/v0.1/dispatch", "Dispatch", "v0.1", StartType.WORKFLOW_V0_1, DispatchAccepted, "Send a workflow"),
    _send("/beta/messages", "MessageBeta", "beta", StartType.MESSAGE_V0_1, MessageAccepted, "Send a message"),
    _send("/beta/workflows", "WorkflowBeta", "beta", StartType.WORKFLOW_BETA, WorkflowAccepted, "Send a workflow"),
)
_UPDATE = Operation(
    method="patch",
    path="/v1/messages/{identifier}",
    name="updateMessageV1",
    tag="v1",
    summary="Mark an inbound message as read, or revoke one that was sent",
    description=(
        "`read` is for inbound WhatsApp messages, `revoked` for RCS messages of ours. 422 where the channel can't do"
        " it; 409 where a message was not sent yet, or has arrived."
    ),
    body=json_of(UpdateBody),
    parameters=("MessageId",),
    outcomes=(Outcome(status=200, description="It will be done.", media=NOTHING),),
    refusals=(401, 404, 409, 413, 415, 422, 500, 503),
)


def _sent() -> tuple[Operation, ...]:
    found: list[Operation] = []
    for path, name, tag, message in _ADDRESSES:
        parameter, what = ("MessageId", "message") if message else ("WorkflowId", "workflow")
        shown: tuple[type[Struct], ...] = (MessageView, ReceivedView) if message else (WorkflowView,)
        found += [
            _asked(path, name, tag, shown, what, parameter),
            _timeline(path, name, tag, what, parameter),
            _cancel(path, name, tag, parameter),
        ]
    linked = ("/workflows", "Linked", "links")
    found += [
        _asked(*linked, (WorkflowView, MessageView), "workflow or message", "EitherId"),
        _timeline(*linked, "workflow or message", "EitherId"),
    ]
    return tuple(found)


SENT: tuple[Operation, ...] = (
    *_SENDS,
    _search("/v1/messages", "searchMessages", MessagePage, "MessageStatus"),
    _search("/v1/workflows", "searchWorkflows", WorkflowPage, "WorkflowStatus"),
    _UPDATE,
    *_sent(),
    *(_ping(operation.path, operation.name.removeprefix("send"), operation.tag) for operation in _SENDS),
)
"""In the order in which a reader meets them."""
