"""Check a decoded body against a msgspec struct and name ALL its faults.

Strategy: msgspec decides on the fast path and stops at the first fault. Only then jsonschema-rs looks at the same
body with the schema that msgspec makes of the same struct, and names every one. Patterns and lists of words that
depend on tables stand in the schema as text (`extra_json_schema`) and are checked by our rules on both paths: a
msgspec pattern is a search, which takes a trailing newline and digits of any alphabet.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar, cast

import jsonschema_rs
import msgspec

from shared.errors import Fault, WireError
from shared.wire.limits import FAULTS_MAXIMUM
from shared.wire.places import WHOLE, Place
from shared.wire.schema_unions import closest, node_at

T = TypeVar("T", bound=msgspec.Struct)

_KINDS = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_KINDS_OF_MSGSPEC = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}
_BOUNDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
}
_CODES = {"minLength": "length", "maxLength": "length", "minimum": "range", "maximum": "range", "anyOf": "type"}
_LISTED = 20
"""Items of a list that the slow path looks at: more than any list may have whose items are costly to judge."""
_MSGSPEC_PATH = re.compile(r" - at `\$(.*)`\Z", re.DOTALL)
_MSGSPEC_WANTED = re.compile(r"Expected `([a-z]+)[` ]")
_MSGSPEC_PART = re.compile(r"\.([A-Za-z_][A-Za-z_0-9]*)|\[([0-9]+)\]")


def check(value: object, struct: type[T], place: Place = WHOLE) -> tuple[T | None, tuple[Fault, ...]]:
    """Return (the struct, no faults), or (None, 1 to 100 faults); `place` is where `value` stands."""
    try:
        return msgspec.convert(value, struct), ()
    except msgspec.ValidationError as error:
        faults = tuple(islice(_faults(value, struct, place), FAULTS_MAXIMUM))
        # The two differ on one point: 600.0 is an integer to JSON Schema and none to msgspec, nor to us.
        return None, faults or (_fault_of_msgspec(error, place),)


def refusal(known: Iterable[Fault], *checked: Iterable[Fault]) -> WireError:
    """Return the error of one body: each place told once, in the words of our rules where they have any."""
    told = list(known)
    pointers = {fault.pointer for fault in told}
    for fault in (fault for faults in checked for fault in faults):
        if fault.pointer not in pointers:
            pointers.add(fault.pointer)
            told.append(fault)
    return WireError(*told[:FAULTS_MAXIMUM])


def cut_to(body: object, member: str, most: int) -> tuple[object, tuple[Fault, ...]]:
    """Return the body with at most `most` items in a list, and the fault where there were more.

    A hundred thousand bad items would keep the validator busy for seconds.
    """
    items = body.get(member) if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(items, list) or len(items) <= most:
        return body, ()
    fault = WHOLE.member(member).fault("maxItems", f"must have at most {most} items, has {len(items)}")
    return {**body, member: items[:most]}, (fault,)


@functools.cache
def schema_of(struct: type[msgspec.Struct]) -> Mapping[str, object]:
    """Return the JSON Schema of a struct."""
    return msgspec.json.schema(struct)


@functools.cache
def validator_of(struct: type[msgspec.Struct]) -> jsonschema_rs.Validator:
    """Return the validator of that schema; made once, it costs a millisecond."""
    return jsonschema_rs.validator_for(dict(schema_of(struct)))


def _faults(value: object, struct: type[msgspec.Struct], place: Place) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for found in validator_of(struct).iter_errors(_shortened(value)):
        for error, forms in closest(found, schema_of(struct)):
            fault = _fault(error, forms, struct, place)
            key = fault.pointer, fault.code
            if key not in seen:
                seen.add(key)
                yield fault


def _shortened(value: object) -> object:
    """Cut long lists: thousands of bad items, each tried against every form it may have, would take seconds.

    A fault behind the cut is found by msgspec, which looks at everything.
    """
    if isinstance(value, dict):
        return {key: _shortened(member) for key, member in value.items()}
    return [_shortened(item) for item in value[:_LISTED]] if isinstance(value, list) else value


def _fault(
    error: jsonschema_rs.ValidationError, forms: Sequence[str], struct: type[msgspec.Struct], place: Place
) -> Fault:
    place = place.below(error.instance_path)
    details = cast("Mapping[str, object]", error.kind.as_dict())
    keyword = str(error.kind.name)
    if keyword == "required":
        return place.member(str(details["property"])).fault("required", "is required")
    return place.fault(_CODES.get(keyword, keyword), _reason(keyword, forms, error.schema_path, struct))


def _reason(keyword: str, forms: Sequence[str], schema_path: Sequence[str | int], struct: type[msgspec.Struct]) -> str:
    node = node_at(schema_of(struct), schema_path[:-1])
    if len(schema_path) > 4 and schema_path[-3] == "anyOf":  # what is said of the member goes before its one form
        node = {**node, **node_at(schema_of(struct), schema_path[:-3])}
        schema_path = schema_path[:-2]
    description = node.get("description")
    if len(schema_path) > 2 and schema_path[-3] == "properties" and isinstance(description, str):
        return f"must be {description}"
    if forms:
        kinds = " or ".join(_KINDS[form] for form in forms if form in _KINDS)
        return f"must be {kinds}" if kinds else f"must be one of {', '.join(forms)}"
    wanted = node.get(keyword)
    if keyword in _BOUNDS:
        words = _BOUNDS[keyword].format(wanted)
        return words[:-1] if wanted == 1 and words.endswith("s") else words
    if keyword == "enum" and isinstance(wanted, list):
        return "must be one of " + ", ".join(map(str, wanted))
    if keyword == "type" and isinstance(wanted, str):
        return f"must be {_KINDS.get(wanted, wanted)}"
    return "is not of the form that is wanted here"


def _fault_of_msgspec(error: msgspec.ValidationError, place: Place) -> Fault:
    text = str(error)
    found = _MSGSPEC_PATH.search(text)
    if found is None:
        return place.fault("type", text)
    path = [int(index) if index else key for key, index in _MSGSPEC_PART.findall(found[1])]
    wanted = _MSGSPEC_WANTED.match(text)
    kind = wanted[1] if wanted is not None else ""
    words = _KINDS.get(_KINDS_OF_MSGSPEC.get(kind, kind))
    return place.below(path).fault("type", f"must be {words}" if words else "is not of the form that is wanted here")
