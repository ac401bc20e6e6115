"""The published schemas refuse nothing that the readers take: every row of the matrix, and every limit from inside."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema_rs
import pytest

from shared.wire.requests import StartType
from shared.wire.schemas import standalone
from tests.support.wire_rows import BETA_ROWS, OLD_ROWS, V1_ROWS, changed, workflow_of
from tests.unit.test_wire_requests_faults import BODIES, TAKEN
from tests.unit.test_wire_rows_limits import CASES, CONDITIONS, IDS, OLD_CONDITIONS

VALIDATORS = {name: jsonschema_rs.validator_for(dict(schema)) for name, schema in standalone().items()}
ROWS: list[tuple[StartType, str, Any]] = [
    *((StartType.MESSAGE_V1, name, body) for name, body in V1_ROWS.items()),
    *((StartType.MESSAGE_V0_1, name, body) for name, body in OLD_ROWS.items()),
    *((StartType.WORKFLOW_V0_1, name, workflow_of(body)) for name, body in OLD_ROWS.items()),
    *((StartType.WORKFLOW_BETA, name, workflow_of(body)) for name, body in BETA_ROWS.items()),
]
IGNORED = "only what stands in the failover of a last step is ignored by the reader and not by the schema"


def faults(start_type: StartType, body: object) -> list[str]:
    return [f"{list(error.instance_path)} {error.message}"[:300] for error in VALIDATORS[start_type].iter_errors(body)]


@pytest.mark.parametrize(("start_type", "name", "body"), ROWS, ids=[f"{each[0]} {each[1]}" for each in ROWS])
def test_a_row_fits_the_schema_of_its_generation(start_type: StartType, name: str, body: object) -> None:
    assert [] == faults(start_type, body)


@pytest.mark.parametrize(("name", "path", "inside", "outside"), CASES, ids=IDS)
def test_just_inside_a_limit_fits_the_schema(name: str, path: str, inside: object, outside: object) -> None:
    assert [] == faults(StartType.MESSAGE_V1, changed(V1_ROWS[name], {path: inside}))


@pytest.mark.parametrize(("name", "changes", "fault"), CONDITIONS)
def test_what_members_ask_of_each_other_is_in_the_schema(
    name: str, changes: dict[str, object], fault: tuple[str, str] | None
) -> None:
    found = faults(StartType.MESSAGE_V1, changed(V1_ROWS[name], changes))

    assert (fault is None) == (found == [])


def test_what_members_of_the_frame_ask_of_each_other_is_in_the_schema() -> None:
    single = {**V1_ROWS["sms text"], "condition_status": "read"}
    chain = {**single, "failover": [single]}

    assert [] == faults(StartType.MESSAGE_V1, single) == faults(StartType.MESSAGE_V1, {**chain, "expiry_time": 60})
    assert [] != faults(StartType.MESSAGE_V1, chain)


@pytest.mark.parametrize(("name", "changes", "fault"), OLD_CONDITIONS)
def test_what_members_of_nested_bodies_ask_of_each_other_is_in_the_schema(
    name: str, changes: dict[str, object], fault: tuple[str, str]
) -> None:
    body = changed(OLD_ROWS[name], changes)

    assert [] != faults(StartType.MESSAGE_V0_1, body)
    assert [] != faults(StartType.WORKFLOW_V0_1, workflow_of(body))


@pytest.mark.parametrize("index", range(len(TAKEN)))
def test_what_is_allowed_fits_the_schema_unless_it_is_ignored(index: int) -> None:
    start_type, change = TAKEN[index]
    body = copy.deepcopy(BODIES[start_type])
    change(body)

    last = body["workflow"][-1] if "workflow" in body else {}
    assert [] == faults(start_type, body) or "failover" in last, IGNORED
