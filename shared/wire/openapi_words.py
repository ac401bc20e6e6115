"""What the OpenAPI document says more than once: statuses, headers, parameters, security. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from shared.wire.problems import CONTENT_TYPE
from shared.wire.schemas import Schema

JSON: Final = "application/json"
PROBLEM: Final = CONTENT_TYPE

TAGS: Final = (
    ("v1", "Messages of the newest generation, with `failover` as a list of whole messages."),
    ("v0.1", "Messages and Dispatch workflows with nested bodies."),
    ("beta", "The first generation: the same bodies, other ids."),
    ("webhooks", "Where the provider tells Cascade what became of a message."),
    ("health", "For machines that watch this service."),
    ("documents", "This description itself."),
)

REFUSALS: Mapping[int, str] = {
    400: "The request could not be understood, or its parameters break a rule.",
    401: "No credentials, two of them, or wrong ones. The answer is the same for all.",
    404: "There is nothing under this id: it is unknown, another tenant's, or no id.",
    409: "The state of the resource does not allow this.",
    413: "The body is too large.",
    415: "The body is no uncompressed `application/json` in UTF-8.",
    422: "The request breaks a rule. `invalid_parameters` and `errors` name every fault of the body at once.",
    429: "Too many requests; `Retry-After` says when to come again.",
    500: "A fault of Cascade's own. What was asked for may or may not have been done.",
    503: "Broker or store are away: it was not taken, or nobody can say. `Retry-After` says when to repeat it.",
}

HEADERS: Mapping[str, Schema] = {
    "x-nexmo-trace-id": {
        "description": "The id of this request: the caller's own where it sent one. It is a problem's `instance`.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    "Retry-After": {
        "description": "Seconds after which the request may be sent again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "The schemes of which exactly one is wanted.",
        "required": True,
        "schema": {"type": "string"},
    },
}
REFUSAL_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""Beside the trace id, which every answer carries."""

PARAMETERS: Mapping[str, Schema] = {
    "TraceId": {
        "name": "x-nexmo-trace-id",
        "in": "header",
        "description": "The caller's own id of this request; anything but 32 hexadecimal digits is ignored.",
        "schema": {"type": "string"},
    },
    "WorkflowId": {
        "name": "identifier",
        "in": "path",
        "required": True,
        "description": "The `workflow_id`, `dispatch_uuid` or `workflow_uuid` that a request was answered with.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "MessageId": {
        "name": "identifier",
        "in": "path",
        "required": True,
        "description": "The `message_uuid` of a message.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "FileName": {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "The name of a file.",
        "schema": {"type": "string"},
    },
}

SECURITY: Mapping[str, Schema] = {
    "jwt": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "RS256, signed with the private key of an application (`cascade app create`). Claims: `application_id`,"
            " `iat`, `jti`; `exp` at most a day after `iat`, else 15 minutes; `nbf` and `acl` are honoured."
        ),
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "`api_key` and `api_secret` (`cascade key create`).",
    },
    "signature": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "HS256, signed with an account's signature secret. `payload_hash` is the body's SHA-256 in hexadecimal,"
            " `api_key` names the secret, `iss` is `Vonage`."
        ),
    },
}
Security = Sequence[Mapping[str, Sequence[str]]]

CALLER: Security = ({"jwt": []}, {"basic": []})
"""One of the two, never both."""
NOBODY: Security = ()
PROVIDER: Security = ({"signature": []},)
