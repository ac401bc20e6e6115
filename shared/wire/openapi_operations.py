"""Every address of the ingress as data: what it takes and all it may answer.

A test compares these with the routes of the application, in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from shared.wire.answers import CancelTaken, DispatchAccepted, MessageAccepted, WorkflowAccepted
from shared.wire.health import Alive, Readiness
from shared.wire.openapi_words import CALLER, JSON, NOBODY, PROVIDER, Security
from shared.wire.requests import StartType
from shared.wire.views import AcceptedView, MessageView, TimelineView, WorkflowView

Media = Mapping[str, tuple[type[Struct], ...]]
"""By content type, the structs of which a body is one; no struct: any body of that type."""

EMPTY: Media = {}
TEXT: Media = {"text/plain": ()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An answer that says yes."""

    status: int
    description: str
    media: Media
    headers: tuple[str, ...] = ()
    leads_to: tuple[tuple[str, str], ...] = ()
    """Names of the operations that take a member of this answer as their `identifier`, and that member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address."""

    method: str
    path: str
    name: str
    """Its `operationId`."""
    tag: str
    summary: str
    description: str = ""
    start: StartType | None = None
    """What a request to send is; None for everything else."""
    body: Media = field(default_factory=dict)
    """Of a request that is no send."""
    parameters: tuple[str, ...] = ("TraceId",)
    outcomes: tuple[Outcome, ...]
    refusals: tuple[int, ...] = ()
    security: Security = CALLER


def _json(*structs: type[Struct]) -> Media:
    return {JSON: structs}


_LEADS_TO: Mapping[type[Struct], tuple[tuple[str, str], ...]] = {
    struct: tuple((name.format(view), member) for name in ("get{}", "get{}Timeline", "cancel{}"))
    for struct, view, member in (
        (MessageAccepted, "Message", "message_uuid"),
        (DispatchAccepted, "Dispatch", "dispatch_uuid"),
        (WorkflowAccepted, "Workflow", "workflow_uuid"),
    )
}


def _send(path: str, name: str, tag: str, start: StartType, answer: type[Struct], summary: str) -> Operation:
    return Operation(
        method="post",
        path=path,
        name=name,
        tag=tag,
        summary=summary,
        description=(
            "202 means kept: the request is durable in the broker under the ids of the answer, and comes to exactly one"
            " end. Members that are not described here go to the provider untouched."
        ),
        start=start,
        outcomes=(Outcome(status=202, description="Taken.", media=_json(answer), leads_to=_LEADS_TO[answer]),),
        refusals=(400, 401, 413, 415, *((422,) if tag == "v1" else ()), 500, 503),
    )


def _ping(path: str, name: str, tag: str) -> Operation:
    return Operation(
        method="get",
        path=f"{path}/ping",
        name=name,
        tag=tag,
        summary="Say that somebody is there",
        outcomes=(Outcome(status=200, description="Somebody is there.", media=TEXT),),
        refusals=(500,),
        security=NOBODY,
    )


def _shown(path: str, name: str, tag: str, view: type[Struct], *, message: bool) -> tuple[Operation, ...]:
    where = f"{path}/{{identifier}}"
    parameters = ("TraceId", "MessageId" if message else "WorkflowId")
    what = "message" if message else "workflow"
    get = Operation(
        method="get",
        path=where,
        name=f"get{name}",
        tag=tag,
        summary=f"Tell how a {what} stands",
        description="Right after the 202, while no dispatcher has read the request yet, its state is `accepted`.",
        parameters=parameters,
        outcomes=(Outcome(status=200, description="How it stands.", media=_json(view, AcceptedView)),),
        refusals=(401, 404, 500, 503),
    )
    timeline = Operation(
        method="get",
        path=f"{where}/timeline",
        name=f"get{name}Timeline",
        tag=tag,
        summary=f"Tell the story of a {what}" + (": that of the workflow it is part of" if message else ""),
        parameters=parameters,
        outcomes=(Outcome(status=200, description="Every entry of the journal, in order.", media=_json(TimelineView)),),
        refusals=(401, 404, 500, 503),
    )
    cancel = Operation(
        method="delete",
        path=where,
        name=f"cancel{name}",
        tag=tag,
        summary="Cancel what was not sent yet"
        + (": the whole workflow that the message is part of" if message else ""),
        description="409 where the workflow has ended, or where the provider runs it.",
        parameters=parameters,
        outcomes=(Outcome(status=202, description="It will be tried.", media=_json(CancelTaken)),),
        refusals=(401, 404, 409, 500, 503),
    )
    return get, timeline, cancel


def _webhook(path: str, name: str, summary: str) -> Operation:
    return Operation(
        method="post",
        path=path,
        name=name,
        tag="webhooks",
        summary=summary,
        description=(
            "Verified over the raw bytes and put on the queue as it is. Unsigned requests are answered 503, so that the"
            " provider signs and sends again; what is signed and can't be read is kept among the dead letters."
        ),
        body={JSON: ()},
        outcomes=(Outcome(status=200, description="Kept.", media=TEXT),),
        refusals=(401, 413, 500, 503),
        security=PROVIDER,
    )


_SENDS = (
    _send("/v1/messages", "sendMessageV1", "v1", StartType.MESSAGE_V1, MessageAccepted, "Send a message"),
    _send("/v0.1/messages", "sendMessageV0_1", "v0.1", StartType.MESSAGE_V0_1, MessageAccepted, "Send a message"),
    _send("/v0.1/dispatch", "sendDispatch", "v0.1", StartType.WORKFLOW_V0_1, DispatchAccepted, "Send a workflow"),
    _send("/beta/messages", "sendMessageBeta", "beta", StartType.MESSAGE_V0_1, MessageAccepted, "Send a message"),
    _send("/beta/workflows", "sendWorkflowBeta", "beta", StartType.WORKFLOW_BETA, WorkflowAccepted, "Send a workflow"),
)
_HEALTH = (
    Operation(
        method="get",
        path="/healthz",
        name="isAlive",
        tag="health",
        summary="Does the process live?",
        outcomes=(Outcome(status=200, description="It does.", media=_json(Alive)),),
        refusals=(500,),
        security=NOBODY,
    ),
    Operation(
        method="get",
        path="/readyz",
        name="isReady",
        tag="health",
        summary="Should requests come here?",
        outcomes=(
            Outcome(status=200, description="Yes.", media=_json(Readiness)),
            Outcome(status=503, description="No; `checks` says what is wrong.", media=_json(Readiness)),
        ),
        refusals=(500,),
        security=NOBODY,
    ),
    Operation(
        method="get",
        path="/metrics",
        name="getMetrics",
        tag="health",
        summary="Figures, as Prometheus reads them",
        outcomes=(Outcome(status=200, description="The figures.", media=TEXT),),
        refusals=(500,),
        security=NOBODY,
    ),
)


def _document(path: str, name: str, summary: str, media: Media) -> Operation:
    chosen = path.endswith("{name}")
    return Operation(
        method="get",
        path=path,
        name=name,
        tag="documents",
        summary=summary,
        parameters=("TraceId", *(("FileName",) if chosen else ())),
        outcomes=(Outcome(status=200, description="The document.", media=media),),
        refusals=(*((404,) if chosen else ()), 500),
        security=NOBODY,
    )


_DOCUMENTS = (
    _document("/openapi.json", "getOpenApi", "This document", _json()),
    _document("/asyncapi.json", "getAsyncApi", "What travels on the queue", _json()),
    _document(
        "/schemas/{name}", "getSchema", "The schema of what travels on the queue", {"application/schema+json": ()}
    ),
    _document("/docs", "getDocs", "A page to read and try this with", {"text/html": ()}),
    _document("/docs/{name}", "getDocsFile", "A script, style or picture of that page", {"*/*": ()}),
)

OPERATIONS: tuple[Operation, ...] = (
    *_SENDS,
    *_shown("/v1/messages", "Message", "v1", MessageView, message=True),
    *_shown("/v1/workflows", "Workflow", "v1", WorkflowView, message=False),
    *_shown("/v0.1/dispatch", "Dispatch", "v0.1", WorkflowView, message=False),
    _ping("/v1/messages", "pingMessagesV1", "v1"),
    _ping("/v0.1/messages", "pingMessagesV0_1", "v0.1"),
    _ping("/v0.1/dispatch", "pingDispatch", "v0.1"),
    _ping("/beta/messages", "pingMessagesBeta", "beta"),
    _ping("/beta/workflows", "pingWorkflowsBeta", "beta"),
    _webhook("/webhooks/status", "takeStatus", "Take a status or a final report"),
    _webhook("/webhooks/inbound", "takeInbound", "Take an inbound message"),
    *_HEALTH,
    *_DOCUMENTS,
)
"""In the order in which a reader meets them."""
