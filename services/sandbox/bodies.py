"""Check the bodies of sends as strictly as the provider's documents allow, in each generation (protocol 1.4 to 1.6, 2).

Each pair of channel and message type is one row of a table (`v1_rows.py`, `v0_1_rows.py`); its schema is compiled when
it is first needed. `strict` = a member that nobody knows is a fault as well.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

from services.sandbox import v0_1_rows, v1_rows
from services.sandbox.fields import Fault
from services.sandbox.problems import ProblemError, invalid_message
from services.sandbox.schema_faults import Validator, compiled, faults_in
from services.sandbox.schema_parts import Schema, choice, closed, leaf, listing, opened, text
from services.sandbox.v1_row import schema_of

Generation = Literal["beta", "v0.1", "v1"]
# Where a v0.1 message stands: by itself, in a workflow before its end, or at the end of one.
_Part = Literal["message", "step", "last"]

# Which number and title a v1 body gets whose faults all lie in one field, and any other.
_MIXED: Final = (1150, "Invalid params")
_NUMBERS: Final = {
    "channel": (1400, "Unsupported channel"),
    "from": (1420, "Invalid sender"),
    "to": (1430, "Invalid recipient"),
    "message_type": (1440, "Invalid message type"),
    "client_ref": (1450, "Invalid client reference"),
    **dict.fromkeys(v1_rows.CHANNELS, (1410, "Invalid channel parameters")),
}
_FAILOVER: Final = listing(leaf("must be an object", type="object"), 1, 100)
_WORKFLOW: Final = closed(
    {
        "template": choice("failover"),
        "workflow": listing(leaf("must be an object", type="object"), 1, 100),
    }
)


def faults_of(body: Mapping[str, object], *, strict: bool = True) -> list[Fault]:
    """Find all that is wrong with a v1 message and the messages it fails over to."""
    found = _v1_faults(body, "", strict=strict, first=True)
    items = body.get("failover")
    if isinstance(items, list):
        for index, item in enumerate(items):
            if isinstance(item, dict):
                found += _v1_faults(item, f"failover[{index}]", strict=strict, first=False)
    return found


def message_faults(body: Mapping[str, object], generation: Generation, *, strict: bool = True) -> list[Fault]:
    """Find all that is wrong with a v0.1 or beta message."""
    return _v0_1_faults(body, "", generation, "message", strict=strict)


def workflow_faults(body: Mapping[str, object], generation: Generation, *, strict: bool = True) -> list[Fault]:
    """Find all that is wrong with a v0.1 dispatch or a beta workflow: every item but the last says when to go on."""
    found = faults_in(body, *_workflow_shape(strict=strict))
    items = body.get("workflow")
    if isinstance(items, list):
        for index, item in enumerate(items):
            if isinstance(item, dict):
                part: _Part = "last" if index == len(items) - 1 else "step"
                found += _v0_1_faults(item, f"workflow[{index}]", generation, part, strict=strict)
    return found


def problem_for(faults: list[Fault]) -> ProblemError:
    """Choose the 422 that the provider would answer these faults of a v1 body with."""
    # A field at the top that nobody knows belongs to no parameter of its own.
    fields = {"" if fault.unknown and "." not in fault.name else fault.name.partition(".")[0] for fault in faults}
    code, title = _NUMBERS.get(fields.pop(), _MIXED) if len(fields) == 1 else _MIXED
    return invalid_message(code, title, faults)


def _v1_faults(body: Mapping[str, object], prefix: str, *, strict: bool, first: bool) -> list[Fault]:
    channel, kind = body.get("channel"), body.get("message_type")
    if isinstance(channel, str) and isinstance(kind, str) and (channel, kind) in v1_rows.ROWS:
        return faults_in(body, *_v1_shape(channel, kind, first=first, strict=strict), prefix)
    return faults_in(body, *_unknown_v1(channel if channel in v1_rows.CHANNELS else ""), prefix)


def _v0_1_faults(
    body: Mapping[str, object], prefix: str, generation: Generation, part: _Part, *, strict: bool
) -> list[Fault]:
    channel, kind = _inside(body, "to", "type"), _inside(body, "message", "content", "type")
    known = channel if isinstance(channel, str) and channel in v0_1_rows.ADDRESSES else ""
    if isinstance(kind, str) and kind in v0_1_rows.kinds(generation, known):
        return faults_in(body, *_v0_1_shape(generation, part, known, kind, strict=strict), prefix)
    return faults_in(body, *_unknown_v0_1(generation, known), prefix)


def _inside(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _kept(schema: Schema, *, strict: bool) -> tuple[Schema, Validator]:
    chosen = schema if strict else opened(schema)
    return chosen, compiled(chosen)


@cache
def _workflow_shape(*, strict: bool) -> tuple[Schema, Validator]:
    return _kept(_WORKFLOW, strict=strict)


@cache
def _v1_shape(channel: str, kind: str, *, first: bool, strict: bool) -> tuple[Schema, Validator]:
    schema = schema_of(v1_rows.ROWS[channel, kind])
    if first:
        schema = {**schema, "properties": {**schema["properties"], "failover": _FAILOVER}}
    return _kept(schema, strict=strict)


@cache
def _unknown_v1(channel: str) -> tuple[Schema, Validator]:
    """Check what can be checked of a body whose channel or type has no row: nobody can say what else would be right."""
    kinds = [kind for known, kind in v1_rows.ROWS if known == channel]
    types = choice(*kinds) if kinds else leaf("must be a string", type="string")
    required = {"channel": choice(*v1_rows.CHANNELS), "message_type": types, "to": text(), "from": text()}
    return _kept(closed(required), strict=False)


@cache
def _v0_1_shape(
    generation: Generation, part: _Part, channel: str, kind: str, *, strict: bool
) -> tuple[Schema, Validator]:
    schema = v0_1_rows.row_schema(generation, channel, kind)
    if part == "message":
        return _kept(schema, strict=strict)
    # The items of a workflow have no reference of the caller's.
    properties = {name: inside for name, inside in schema["properties"].items() if name != "client_ref"}
    if part == "last":
        return _kept({**schema, "properties": properties}, strict=strict)
    properties["failover"] = v0_1_rows.FAILOVER
    return _kept({**schema, "properties": properties, "required": [*schema["required"], "failover"]}, strict=strict)


@cache
def _unknown_v0_1(generation: str, channel: str) -> tuple[Schema, Validator]:
    kinds = v0_1_rows.kinds(generation, channel)
    types = choice(*kinds) if kinds else leaf("must be a string", type="string")
    side = closed({"type": choice(*v0_1_rows.channels(generation))})
    required = {"to": side, "from": side, "message": closed({"content": closed({"type": types})})}
    return _kept(closed(required), strict=False)
