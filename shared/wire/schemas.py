"""JSON Schemas out of the structs: parts of one document, and a file of its own for whatever travels alone.

Strategy: the structs of a generation are asked together and their names get its prefix, because two generations each
have a `MessageBody`. Cascade's own words are a struct beside the body's, so a request is both (`allOf`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from shared.wire import beta, v0_1_bodies, v1
from shared.wire.announcements import Answer, Event
from shared.wire.own_fields import RequestFields
from shared.wire.requests import StartType

Schema = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PARTS = "#/components/schemas/"
_STANDALONE = "#/$defs/"
_OUR_PAPERS = re.compile(r" ?\((semantics|architecture|protocol)[^)]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One kind of request to send, over HTTP or on the queue."""

    name: str
    """Of its part of a document."""
    body: type[Struct]
    prefix: str
    """Before the names of all structs of its generation."""


STARTS: Mapping[StartType, Start] = {
    StartType.MESSAGE_V1: Start(name="SendMessageV1", body=v1.MessageBody, prefix="V1"),
    StartType.MESSAGE_V0_1: Start(name="SendMessageV0_1", body=v0_1_bodies.MessageBody, prefix="V0_1"),
    StartType.WORKFLOW_V0_1: Start(name="SendDispatchV0_1", body=v0_1_bodies.DispatchBody, prefix="V0_1"),
    StartType.WORKFLOW_BETA: Start(name="SendWorkflowBeta", body=beta.WorkflowBody, prefix="V0_1"),
}
_ALONE: Mapping[str, type[Struct]] = {"answer.1": Answer, "event.1": Event}


def parts(*structs: type[Struct]) -> Schema:
    """Return the parts of a document that describe these structs, by name, in alphabetical order."""
    return _parts_of(structs, PARTS, "")


def start_parts() -> Schema:
    """Return the parts that describe every kind of request."""
    found: Schema = {}
    for prefix in sorted({start.prefix for start in STARTS.values()}):
        structs = tuple(start.body for start in STARTS.values() if start.prefix == prefix)
        found |= _parts_of(structs, PARTS, prefix)
    found |= parts(RequestFields)
    found |= {start.name: _both(start, PARTS) for start in STARTS.values()}
    return dict(sorted(found.items()))


def reference(name: str) -> Schema:
    """Return a reference to a part."""
    return {"$ref": PARTS + name}


@functools.cache
def standalone() -> Mapping[str, Schema]:
    """Return, by name, the schema of everything that other systems put on the queue or take from it."""
    files: dict[str, Schema] = {}
    for start_type, start in STARTS.items():
        inner = _parts_of((start.body,), _STANDALONE, start.prefix) | _parts_of((RequestFields,), _STANDALONE, "")
        files[start_type.value] = _alone(start_type.value, _both(start, _STANDALONE), inner)
    for name, struct in _ALONE.items():
        inner = _parts_of((struct,), _STANDALONE, "")
        whole = inner.pop(struct.__name__)
        files[name] = _alone(name, whole, inner)
    return files


def _alone(name: str, whole: object, inner: Schema) -> Schema:
    if not isinstance(whole, dict):
        raise TypeError(f"{name} has no schema")
    return {"$schema": DIALECT, "$id": f"urn:cascade:schema:{name}", **whole, "$defs": dict(sorted(inner.items()))}


def _both(start: Start, template: str) -> Schema:
    return {
        "title": start.name,
        "description": (start.body.__doc__ or "").strip(),
        "allOf": [
            {"$ref": f"{template}{start.prefix}{start.body.__name__}"},
            {"$ref": f"{template}{RequestFields.__name__}"},
        ],
    }


def _parts_of(structs: tuple[type[Struct], ...], template: str, prefix: str) -> Schema:
    _, found = msgspec.json.schema_components(structs, ref_template=f"{template}{prefix}{{name}}")
    return {f"{prefix}{name}": _for_readers(part) for name, part in sorted(found.items())}


def _for_readers(node: object) -> object:
    """Drop from the descriptions where in our own papers a rule stands: who reads a schema has no such papers."""
    if isinstance(node, dict):
        return {
            key: _OUR_PAPERS.sub("", value) if key == "description" and isinstance(value, str) else _for_readers(value)
            for key, value in node.items()
        }
    return [_for_readers(item) for item in node] if isinstance(node, list) else node
