"""Every address of the ingress as data. A test compares it with the routes of the application, in both directions."""

from __future__ import annotations

from shared.wire.health import Alive, Readiness
from shared.wire.openapi_operation import TEXT, Media, Operation, Outcome, json_of
from shared.wire.openapi_sent import SENT
from shared.wire.openapi_words import JSON, LEGACY, NOBODY, PROVIDER

_VERIFIED = (
    "Verified over the bytes as they came, and put on the queue as they are. An unsigned request is answered 503, so"
    " that the provider signs it and sends it again; what is signed and can't be read is kept among the dead letters."
)


def _webhook(kind: str, summary: str) -> Operation:
    return Operation(
        method="post",
        path=f"/webhooks/{kind}",
        name=f"take{kind.capitalize()}",
        tag="webhooks",
        summary=summary,
        description=_VERIFIED,
        body={JSON: ()},
        # What is signed is kept whatever it is, also where there is nothing of it.
        body_required=False,
        outcomes=(Outcome(status=200, description="Kept.", media=TEXT),),
        refusals=(401, 413, 500, 503),
        security=PROVIDER,
    )


def _legacy_webhook(method: str, kind: str, summary: str) -> Operation:
    return Operation(
        method=method,
        path=f"/webhooks/sms/{kind}",
        name=f"take{method.capitalize()}Sms{kind.capitalize()}",
        tag="webhooks",
        summary=summary,
        description=f"{_VERIFIED} A request without any parameter only asks whether the address is there.",
        body={"application/x-www-form-urlencoded": (), JSON: ()} if method == "post" else {},
        body_required=False,
        outcomes=(Outcome(status=200, description="Kept.", media=TEXT),),
        refusals=(401, 413, 500, 503),
        security=LEGACY,
    )


def _open(path: str, name: str, tag: str, summary: str, *outcomes: Outcome) -> Operation:
    chosen = {"/schemas/{name}": ("SchemaName",), "/docs/{name}": ("FileName",)}.get(path, ())
    return Operation(
        method="get",
        path=path,
        name=name,
        tag=tag,
        summary=summary,
        parameters=chosen,
        outcomes=outcomes,
        refusals=(*((404,) if chosen else ()), 500),
        security=NOBODY,
    )


def _document(path: str, name: str, summary: str, media: Media) -> Operation:
    return _open(path, name, "documents", summary, Outcome(status=200, description="The document.", media=media))


OPERATIONS: tuple[Operation, ...] = (
    *SENT,
    _webhook("status", "Take a status or a final report"),
    _webhook("inbound", "Take an inbound message"),
    *(
        _legacy_webhook(method, kind, summary)
        for kind, summary in (("status", "Take a receipt of the SMS API"), ("inbound", "Take an SMS of the SMS API"))
        for method in ("get", "post")
    ),
    _open(
        "/healthz",
        "isAlive",
        "health",
        "Does the process live?",
        Outcome(status=200, description="It does.", media=json_of(Alive)),
    ),
    _open(
        "/readyz",
        "isReady",
        "health",
        "Should requests come here?",
        Outcome(status=200, description="Yes.", media=json_of(Readiness)),
        Outcome(status=503, description="No; `checks` says what is wrong.", media=json_of(Readiness)),
    ),
    _open(
        "/metrics",
        "getMetrics",
        "health",
        "Figures, as Prometheus reads them",
        Outcome(status=200, description="The figures.", media=TEXT),
    ),
    _document("/openapi.json", "getOpenApi", "This document", json_of()),
    _document("/asyncapi.json", "getAsyncApi", "What travels on the queue", json_of()),
    _document(
        "/schemas/{name}", "getSchema", "The schema of what travels on the queue", {"application/schema+json": ()}
    ),
    _document("/docs", "getDocs", "A page to read and try this with", {"text/html": ()}),
    _document("/docs/{name}", "getDocsFile", "A script, style or picture of that page", {"*/*": ()}),
)
"""In the order in which a reader meets them."""
