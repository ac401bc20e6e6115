"""The documents of the contract as files: OpenAPI, AsyncAPI, and a JSON Schema for all that travels on the queue.

The ingress serves them, the command line prints and writes them, and `docs/` keeps a copy that a test holds to this.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from shared.wire.asyncapi import asyncapi
from shared.wire.openapi import openapi
from shared.wire.schemas import standalone

OPENAPI = "openapi.json"
ASYNCAPI = "asyncapi.json"


def schema_file(name: str) -> str:
    """Return where the schema of e.g. "message.v1" or "answer.1" lies."""
    return f"schemas/{name}.json"


@functools.cache
def documents() -> Mapping[str, bytes]:
    """Return every document by its path, laid out for people, with a line feed at its end."""
    found: dict[str, object] = {OPENAPI: openapi(), ASYNCAPI: asyncapi()}
    found |= {schema_file(name): schema for name, schema in standalone().items()}
    return {path: msgspec.json.format(msgspec.json.encode(each), indent=2) + b"\n" for path, each in found.items()}
