"""The parts of a document that describe requests to send: frames, every row of the matrix, and the rules of addresses.

Strategy: all structs are asked together, so that what generations share is there once; names that two of them use get
their generation before them. Then what the readers put together is put together here: a message is its frame, one of
the rows, and Cascade's own words; an item of `failover` or `workflow` is the same without those of the request.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import msgspec
from msgspec import Struct

from shared.channels import CHANNELS, Address, Channel, Sender
from shared.wire import beta, v0_1_bodies, v1_bodies
from shared.wire.content import title_of
from shared.wire.own_fields import REQUEST_ONLY, RequestFields
from shared.wire.requests import StartType
from shared.wire.schemas_conditions import WHOLE_NUMBERS, add_conditions

Schema = dict[str, Any]

PARTS = "#/components/schemas/"
STARTS: Mapping[StartType, str] = {
    StartType.MESSAGE_V1: "SendMessageV1",
    StartType.MESSAGE_V0_1: "SendMessageV0_1",
    StartType.WORKFLOW_V0_1: "SendDispatchV0_1",
    StartType.WORKFLOW_BETA: "SendWorkflowBeta",
}
"""The part of each kind of request."""

_GENERATIONS = {"shared.wire.v1_bodies": "V1", "shared.wire.v0_1_bodies": "V0_1", "shared.wire.beta": "Beta"}
_OUR_PAPERS = re.compile(r" ?\((semantics|architecture|protocol)[^)]*\)")
_NUMBER = {"pattern": "^[1-9][0-9]{6,14}$"}
_RECIPIENTS: Mapping[Address, Schema] = {
    Address.NUMBER: {**_NUMBER, "description": "7 to 15 digits of an E.164 number, without +, 00 or a leading zero"},
    Address.ID: {"maxLength": 50, "description": "an id of 1 to 50 characters"},
    Address.NUMBER_OR_ID: {"maxLength": 128, "description": "an E.164 number without +, or an id of the channel's own"},
    Address.EMAIL: {"maxLength": 254, "format": "email", "description": "one email address"},
}
_SENDERS: Mapping[Sender, Schema] = {
    Sender.NAME: {"maxLength": 50, "description": "a number, a short code, an id or a name of 1 to 50 characters"},
    Sender.AGENT: {"pattern": "^[A-Za-z0-9_&-]+$", "description": "letters, digits, '-', '_' and '&'"},
    Sender.MAILBOX: {"description": "an email address, or a name and the address in <>"},
}


_WEB_ADDRESS = {"pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s\\/?#:][^\s\\]*$"}
_NOT_IN_ITEMS = REQUEST_ONLY | {"failover"}
_NOT_IN_STEPS = REQUEST_ONLY | {"expiry_time", "condition_status"}


@functools.cache
def start_parts() -> Mapping[str, Schema]:
    """Return the parts that describe every kind of request, by name in alphabetical order."""
    found = parts_of(_every_struct())
    _add_rules(found)
    add_conditions(found)
    v1, v0_1, old_beta = v1_bodies.MESSAGES, v0_1_bodies.MESSAGES, v0_1_bodies.BETA_MESSAGES
    found["AnyMessageV1"] = _any_of(v1.values())
    found["AnyMessageV0_1"] = _any_of(v0_1.values())
    found["AnyMessageBeta"] = _any_of(old_beta.values())
    found["ItemV1"] = _both("AnyMessageV1") | _without(_NOT_IN_ITEMS)
    found["StepV0_1"] = _both("StepBody", "AnyMessageV0_1") | _without(_NOT_IN_STEPS)
    found["StepBeta"] = _both("StepBody", "AnyMessageBeta") | _without(_NOT_IN_STEPS)
    found["V1MessageBody"]["properties"]["failover"]["items"] = reference("ItemV1")
    found["DispatchBody"]["properties"]["workflow"]["items"] = reference("StepV0_1")
    found["WorkflowBody"]["properties"]["workflow"]["items"] = reference("StepBeta")
    del found["FailoverItem"]
    wholes: Mapping[StartType, tuple[str, ...]] = {
        StartType.MESSAGE_V1: ("V1MessageBody", "AnyMessageV1"),
        StartType.MESSAGE_V0_1: ("V0_1MessageBody", "AnyMessageV0_1"),
        StartType.WORKFLOW_V0_1: ("DispatchBody",),
        StartType.WORKFLOW_BETA: ("WorkflowBody",),
    }
    for start_type, names in wholes.items():
        about = f"{found[names[0]]['description']} {WHOLE_NUMBERS}"
        found[STARTS[start_type]] = {"description": about, **_both(*names, RequestFields.__name__)}
    return dict(sorted(found.items()))


def parts_of(structs: Iterable[type[Struct]]) -> dict[str, Schema]:
    """Return the parts that describe these structs, by name."""
    _, found = msgspec.json.schema_components(tuple(structs), ref_template=PARTS + "{name}")
    return {_short(name): _for_readers(deepcopy(part)) for name, part in sorted(found.items())}


def reference(name: str) -> Schema:
    """Return a reference to a part."""
    return {"$ref": PARTS + name}


def _every_struct() -> Iterator[type[Struct]]:
    yield v1_bodies.MessageBody
    yield from v1_bodies.MESSAGES.values()
    yield from (v0_1_bodies.MessageBody, v0_1_bodies.StepBody, v0_1_bodies.DispatchBody, beta.WorkflowBody)
    yield from v0_1_bodies.MESSAGES.values()
    yield RequestFields


def _add_rules(found: dict[str, Schema]) -> None:
    """Say in the rows what their channels ask of addresses and times: the readers have it from the same table."""
    for (channel, kind), struct in v1_bodies.MESSAGES.items():
        row = CHANNELS[channel]
        properties = found[struct.__name__]["properties"]
        properties["to"] |= _RECIPIENTS[row.recipient]
        properties["from"] |= _SENDERS[row.sender]
        properties["webhook_url"] |= _WEB_ADDRESS
        properties["ttl"] = _ttl(row, kind, properties["ttl"])
    for (channel, kind), struct in v0_1_bodies.MESSAGES.items():
        row = CHANNELS[channel]
        properties = found[struct.__name__]["properties"]
        properties["webhook_url"] |= _WEB_ADDRESS
        properties["ttl"] = _ttl(row, kind, properties["ttl"])
        if row.recipient in (Address.NUMBER, Address.NUMBER_OR_ID):
            to = found[f"Old{title_of((channel, kind))}To"]["properties"]
            # Whole numbers are taken for their digits, so the bounds stand beside the pattern.
            to["number"] |= {**_RECIPIENTS[Address.NUMBER], "minimum": 10**6, "maximum": 10**15 - 1}
    for name in ("DispatchBody", "WorkflowBody"):
        found[name]["properties"]["webhook_url"] |= _WEB_ADDRESS


def _ttl(row: Channel, kind: str, schema: Schema) -> Schema | bool:
    if row.ttl is not None:
        return schema | {"minimum": row.ttl.minimum, "maximum": row.ttl.maximum}
    type_row = row.type_named(kind)
    return schema if type_row is not None and type_row.passes_ttl else False


def _any_of(structs: Iterable[type[Struct]]) -> Schema:
    references = [reference(struct.__name__) for struct in structs]
    return {"description": "A message of one channel and type.", "oneOf": references}


def _both(*names: str) -> Schema:
    return {"allOf": [reference(name) for name in names]}


def _without(words: Iterable[str]) -> Schema:
    return {"properties": dict.fromkeys(sorted(words), False)}


def _short(name: str) -> str:
    """Return the name of a part: a module that two structs of one name are told apart by becomes a generation."""
    module, _, own = name.rpartition(".")
    return _GENERATIONS[module] + own if module else name


def _for_readers(node: Any) -> Any:
    """Shorten the names in references, and drop where in our own papers a rule stands: readers have none."""
    if isinstance(node, dict):
        return {key: _word(key, value) for key, value in node.items()}
    return [_for_readers(item) for item in node] if isinstance(node, list) else node


def _word(key: str, value: Any) -> Any:
    if key == "$ref" and isinstance(value, str):
        return PARTS + _short(value.removeprefix(PARTS))
    if key == "description" and isinstance(value, str):
        return _OUR_PAPERS.sub("", value)
    return _for_readers(value)
