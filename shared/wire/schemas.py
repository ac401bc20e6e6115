"""JSON Schemas out of the structs: parts of one document, and a file of its own for whatever travels alone. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from shared.wire.announcements import Answer, Event
from shared.wire.schemas_starts import PARTS, STARTS, Schema, parts_of, reference, start_parts

__all__ = ["NAMES", "PARTS", "STARTS", "Schema", "parts", "reference", "standalone", "start_parts"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_INSIDE = "#/$defs/"
_OURS: Mapping[str, type[Struct]] = {"answer.1": Answer, "event.1": Event}
NAMES = (*(start_type.value for start_type in STARTS), *_OURS)
"""Of all that travels alone."""


def parts(*structs: type[Struct]) -> Schema:
    """Return the parts of a document that describe requests and these structs, by name.

    Raises ValueError where two of one name differ: then one of the structs needs another name.
    """
    found: Schema = dict(start_parts())
    for name, part in parts_of(structs).items():
        if found.setdefault(name, part) != part:
            raise ValueError(f"{name} is the name of two parts that differ")
    return dict(sorted(found.items()))


@functools.cache
def standalone() -> Mapping[str, Schema]:
    """Return, by name, the schema of everything that other systems put on the queue or take from it."""
    files = {start_type.value: _alone(start_type.value, name, start_parts()) for start_type, name in STARTS.items()}
    for name, struct in _OURS.items():
        files[name] = _alone(name, struct.__name__, parts_of((struct,)))
    return files


def _alone(name: str, whole: str, known: Mapping[str, Schema]) -> Schema:
    used: dict[str, Schema] = {}
    _collect(known[whole], known, used)
    inside = {part: _moved(schema) for part, schema in sorted(used.items())}
    return {"$schema": DIALECT, "$id": f"urn:cascade:schema:{name}", **_moved(known[whole]), "$defs": inside}


def _collect(node: object, known: Mapping[str, Schema], used: dict[str, Schema]) -> None:
    """Add the parts that `node` refers to, and those that they refer to."""
    for name in _referred(node):
        if name not in used:
            used[name] = known[name]
            _collect(known[name], known, used)


def _referred(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value.removeprefix(PARTS)
            elif key == "mapping" and isinstance(value, dict):
                yield from (str(each).removeprefix(PARTS) for each in value.values())
            else:
                yield from _referred(value)
    elif isinstance(node, list):
        for item in node:
            yield from _referred(item)


def _moved(node: Any) -> Any:
    """Return the node with its references led inside the file."""
    if isinstance(node, dict):
        return {key: _moved(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_moved(item) for item in node]
    return node.replace(PARTS, _INSIDE) if isinstance(node, str) else node
