"""One good body for each row of the matrix, written after the provider's documents, and ways to change one."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from shared.errors import WireError
from shared.model import Message
from shared.wire.requests import StartType, read_start

Body = dict[str, Any]
_GOLDEN = Path(__file__).parents[1] / "golden" / "wire"

V1_ROWS: dict[str, Body] = json.loads((_GOLDEN / "rows_v1.json").read_text(encoding="utf-8"))
"""By "channel type", in the order of the table."""
OLD_ROWS: dict[str, Body] = json.loads((_GOLDEN / "rows_v0_1.json").read_text(encoding="utf-8"))
"""Those that v0.1 has; each says the same as the v1 row of that name."""
BETA_ROWS = {name: body for name, body in OLD_ROWS.items() if not name.startswith("mms ")}


def key_of(name: str) -> tuple[str, str]:
    """Return channel and type of a row."""
    channel, _, kind = name.partition(" ")
    return channel, kind


def workflow_of(step: Body) -> Body:
    """Return a workflow of two steps, both this message."""
    first = {**copy.deepcopy(step), "failover": {"expiry_time": 600}}
    return {"template": "failover", "workflow": [first, copy.deepcopy(step)]}


def message_of(start_type: StartType, body: object) -> Message:
    """Return the message of the first step. Raises WireError."""
    return read_start(start_type, json.dumps(body).encode()).steps[0].message


def faults_of(start_type: StartType, body: object) -> list[tuple[str, str]]:
    """Return pointer and code of every fault, in order."""
    try:
        message_of(start_type, body)
    except WireError as error:
        return [(fault.pointer, fault.code) for fault in error.faults]
    return []


def changed(body: Body, changes: dict[str, object]) -> Body:
    """Return the body with members set, by dotted paths that make what is missing; None takes a member away."""
    result = copy.deepcopy(body)
    for path, value in changes.items():
        *way, last = path.split(".")
        target: Any = result
        for part in way:
            target = target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
        if value is None:
            del target[last]
        elif isinstance(target, list):
            target[int(last)] = value
        else:
            target[last] = value
    return result
