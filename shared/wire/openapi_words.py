"""What the OpenAPI document says more than once: statuses, headers, parameters, security. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from shared.model import Outcome, State, Status
from shared.wire.problems import CONTENT_TYPE
from shared.wire.schemas import NAMES, Schema

JSON: Final = "application/json"
PROBLEM: Final = CONTENT_TYPE

TAGS: Final = (
    ("v1", "Messages of the newest generation, with `failover` as a list of whole messages."),
    ("v0.1", "Messages and Dispatch workflows with nested bodies."),
    ("beta", "The first generation: the same bodies, other ids."),
    ("links", "Where the `href` of a webhook leads."),
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
    500: "A fault of Cascade's own. What was asked for may or may not have been done.",
    503: "Broker or store are away: it was not taken, or nobody can say. `Retry-After` says when to repeat it.",
}


def _header(name: str, description: str, schema: Schema, *, required: bool = True) -> tuple[str, Schema]:
    return name, {"description": description, "required": required, "schema": schema}


TRACE_ID: Final = "TraceId"
_SECONDS: Schema = {"type": "integer", "minimum": 1}
HEADERS: Mapping[str, tuple[str, Schema]] = {
    TRACE_ID: _header(
        "x-nexmo-trace-id",
        "The id of this request: the caller's own where it sent one. It is a problem's `instance`.",
        {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    ),
    "RetryAfter": _header("Retry-After", "Seconds after which the request may be sent again.", _SECONDS),
    "RetryAfterIfBusy": _header(
        "Retry-After",
        "There where another request with the same `Idempotency-Key` is being taken at this moment.",
        _SECONDS,
        required=False,
    ),
    "WwwAuthenticate": _header("WWW-Authenticate", "The schemes of which exactly one is wanted.", {"type": "string"}),
    "IdempotentReplayed": _header(
        "Idempotent-Replayed",
        "There where this is the answer to an earlier request with the same `Idempotency-Key`.",
        {"type": "string", "const": "true"},
        required=False,
    ),
}
"""By the names of their parts: what they are called on the wire, and what they say."""
REFUSAL_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WwwAuthenticate",),
    409: ("RetryAfterIfBusy",),
    503: ("RetryAfter",),
}
"""Parts beside the trace id, which every answer carries."""

_STATES = tuple(state.value for state in State if state is not State.ACCEPTED)


def _parameter(name: str, where: str, description: str, schema: Schema) -> Schema:
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, **required, "description": description, "schema": schema}


_UUID: Schema = {"type": "string", "format": "uuid"}
_WORD: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
_TIME: Schema = {"type": "string", "format": "date-time"}
PARAMETERS: Mapping[str, Schema] = {
    "TraceId": _parameter(
        "x-nexmo-trace-id",
        "header",
        "The caller's own id of this request; anything but 32 hexadecimal digits is ignored.",
        {"type": "string"},
    ),
    "IdempotencyKey": _parameter(
        "Idempotency-Key",
        "header",
        "A request that is repeated under its key within a day happens once, and is answered as the first time.",
        {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$", "minLength": 1, "maxLength": 255},
    ),
    "WorkflowId": _parameter(
        "identifier", "path", "The `workflow_id`, `dispatch_uuid` or `workflow_uuid` of an answer.", _UUID
    ),
    "MessageId": _parameter("identifier", "path", "The `message_uuid` of a message.", _UUID),
    "EitherId": _parameter(
        "identifier", "path", "The id of a workflow or of a message, as webhooks link to it.", _UUID
    ),
    "SchemaName": _parameter(
        "name", "path", "Which schema.", {"type": "string", "enum": [f"{name}.json" for name in NAMES]}
    ),
    "FileName": _parameter("name", "path", "The name of a file.", {"type": "string"}),
    "To": _parameter("to", "query", "The whole recipient.", _WORD),
    "ClientRef": _parameter("client_ref", "query", "The caller's own reference.", _WORD),
    "MessageStatus": _parameter(
        "status", "query", "The best status so far.", {"type": "string", "enum": [each.value for each in Status]}
    ),
    "WorkflowStatus": _parameter(
        "status",
        "query",
        "The state, or after the end the outcome.",
        {"type": "string", "enum": [*_STATES, *(each.value for each in Outcome)]},
    ),
    "FromTime": _parameter("from_time", "query", "Accepted at this time or later.", _TIME),
    "ToTime": _parameter("to_time", "query", "Accepted before this time.", _TIME),
    "Limit": _parameter(
        "limit", "query", "Entries of a page.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    ),
    "Cursor": _parameter("cursor", "query", "The `next_cursor` of the page before.", {"type": "string"}),
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
    "sig": {
        "type": "apiKey",
        "in": "query",
        "name": "sig",
        "description": "The SMS API's signature over the parameters, among them `api_key` or `account_id`.",
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
LEGACY: Security = ({"sig": []},)
PROVIDER: Security = ({"signature": []},)
