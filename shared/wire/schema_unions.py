"""Name what is wrong inside a member that may have one of several forms. Pure.

A validator says of such a member only that no form fits. Whoever sent it meant one of them, and that one's own faults
are what helps: the form that the member's `type` names, else one of the right kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import jsonschema_rs

_Error = jsonschema_rs.ValidationError


def closest(error: _Error, schema: Mapping[str, object]) -> Iterator[tuple[_Error, Sequence[str]]]:
    """Return the faults of the form that was meant, or the error itself where that can't be told, or it is no choice.

    Beside each stand the names of the forms, or of their JSON types, where none of them was hit; else nothing.
    """
    if error.kind.name != "anyOf":
        yield error, ()
        return
    branches = cast("list[list[_Error]]", error.kind.as_dict()["context"])
    here = list(error.instance_path)
    fitting = [branch for branch in branches if not any(_is_of_kind(each, here) for each in branch)]
    if not fitting:
        kinds = (kind for branch in branches for each in branch for kind in _kinds(each, here))
        yield error, tuple(dict.fromkeys(kinds))
        return
    tag, names = _tag(schema, error.schema_path)
    named = [branch for branch in fitting if not any(_misses(each, here, tag) for each in branch)]
    if tag and not named:
        missed = next(each for each in fitting[0] if _misses(each, here, tag))
        yield missed, () if missed.kind.name == "required" else names
        return
    for each in (named or fitting)[0]:
        yield from closest(each, schema)


def node_at(schema: Mapping[str, object], path: Sequence[str | int]) -> Mapping[str, object]:
    """Return the part of a schema that a path leads to; an empty one where it leads nowhere."""
    node: object = schema
    for part in path:
        if isinstance(node, Mapping):
            node = node.get(str(part), {})
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
    return node if isinstance(node, Mapping) else {}


def _is_of_kind(error: _Error, here: list[str | int]) -> bool:
    return error.kind.name == "type" and list(error.instance_path) == here


def _kinds(error: _Error, here: list[str | int]) -> Sequence[str]:
    return cast("list[str]", error.kind.as_dict()["types"]) if _is_of_kind(error, here) else ()


def _tag(schema: Mapping[str, object], path: Sequence[str | int]) -> tuple[str, Sequence[str]]:
    """Return the member that names the form, and the names; an empty one where none does."""
    discriminator = node_at(schema, path[:-1]).get("discriminator")
    if not isinstance(discriminator, Mapping):
        return "", ()
    return str(discriminator["propertyName"]), tuple(discriminator["mapping"])


def _misses(error: _Error, here: list[str | int], tag: str) -> bool:
    """Tell whether the fault is that the member is no form of that name."""
    if not tag:
        return False
    if error.kind.name == "required":
        return list(error.instance_path) == here and error.kind.as_dict()["property"] == tag
    return list(error.instance_path) == [*here, tag]
