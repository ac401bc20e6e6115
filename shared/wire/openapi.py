"""The OpenAPI 3.1 document of the ingress, put together from the operations and the structs. Pure.

There is no `jsonSchemaDialect`: Swagger UI warns of any word there, and 2020-12 is the default.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from msgspec import Struct

from shared.wire.openapi_examples import EXAMPLES
from shared.wire.openapi_operation import Media, Operation, Outcome
from shared.wire.openapi_operations import OPERATIONS
from shared.wire.openapi_webhooks import WEBHOOK_STRUCTS, webhooks
from shared.wire.openapi_words import (
    HEADERS,
    JSON,
    PARAMETERS,
    PROBLEM,
    REFUSAL_HEADERS,
    REFUSALS,
    SECURITY,
    TAGS,
    TRACE_ID,
)
from shared.wire.problems import ProblemBody
from shared.wire.schemas import STARTS, Schema, parts, reference

VERSION = "0.1.0"
"""Of the contract: the package's own."""
_ABOUT = """\
Cascade sends a message through a list of channels until one of them is known to have reached the person. It speaks the
Messages, Workflows and Dispatch APIs of Nexmo/Vonage: an application changes its host name and keeps working. What
stands here and not in the provider's documents is Cascade's own.

Every answer carries `x-nexmo-trace-id`; every answer of 400 and above is a problem document (RFC 9457). A method that
an address does not know is answered 405 with `Allow`, an address that nobody knows 404, OPTIONS 204 with `Allow`.
"""


@functools.cache
def openapi() -> Mapping[str, object]:
    """Return the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cascade",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This ingress"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS],
        "paths": _paths(),
        "webhooks": webhooks(),
        "components": {
            "schemas": parts(*_structs()),
            "responses": {f"Problem{status}": _problem(status) for status in _refusals()},
            "parameters": dict(PARAMETERS),
            "headers": {part: header for part, (_, header) in HEADERS.items()},
            "securitySchemes": dict(SECURITY),
        },
    }


def _paths() -> Schema:
    paths: dict[str, dict[str, object]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return dict(paths)


def _operation(operation: Operation) -> Schema:
    said: Schema = {"operationId": operation.name, "tags": [operation.tag], "summary": operation.summary}
    if operation.description:
        said["description"] = operation.description
    said["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in ("TraceId", *operation.parameters)]
    body = _request_body(operation)
    if body:
        said["requestBody"] = body
    answers: Schema = {str(outcome.status): _outcome(outcome) for outcome in operation.outcomes}
    answers |= {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in operation.refusals}
    said["responses"] = dict(sorted(answers.items()))
    said["security"] = [dict(each) for each in operation.security]
    return said


def _request_body(operation: Operation) -> Schema:
    if operation.start is not None:
        media: Schema = {"schema": reference(STARTS[operation.start])}
        media["examples"] = dict(EXAMPLES[operation.start])
        return {"required": True, "content": {JSON: media}}
    if operation.body:
        return {"required": operation.body_required, "content": _content(operation.body)}
    return {}


def _refusals() -> list[int]:
    return sorted({status for operation in OPERATIONS for status in operation.refusals})


def _outcome(outcome: Outcome) -> Schema:
    said: Schema = {"description": outcome.description, "headers": _headers(outcome.headers)}
    if outcome.media:
        said["content"] = _content(outcome.media)
    if outcome.leads_to:
        said["links"] = {
            name: {"operationId": name, "parameters": {"identifier": f"$response.body#/{member}"}}
            for name, member in outcome.leads_to
        }
    return said


def _problem(status: int) -> Schema:
    return {
        "description": REFUSALS[status],
        "headers": _headers(REFUSAL_HEADERS.get(status, ())),
        "content": {PROBLEM: {"schema": reference(ProblemBody.__name__)}},
    }


def _headers(parts: tuple[str, ...]) -> Schema:
    return {HEADERS[part][0]: {"$ref": f"#/components/headers/{part}"} for part in (TRACE_ID, *parts)}


def _content(media: Media) -> Schema:
    return {kind: {"schema": _one_of(structs)} if structs else {} for kind, structs in media.items()}


def _one_of(structs: tuple[type[Struct], ...]) -> Schema:
    names = [reference(struct.__name__) for struct in structs]
    return names[0] if len(names) == 1 else {"anyOf": names}


def _structs() -> tuple[type[Struct], ...]:
    return tuple(dict.fromkeys(_every_struct()))


def _every_struct() -> Iterator[type[Struct]]:
    yield ProblemBody
    yield from WEBHOOK_STRUCTS
    for operation in OPERATIONS:
        for media in (operation.body, *(outcome.media for outcome in operation.outcomes)):
            for structs in media.values():
                yield from structs
