"""No input makes a reader raise anything but WireError, and both validators judge alike."""

import copy
import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import WireError
from shared.wire import beta, v0_1, v0_1_bodies, v1, v1_bodies
from shared.wire.own_fields import RequestFields
from shared.wire.places import WHOLE
from shared.wire.requests import Defaults, StartType, read_start, to_workflow
from shared.wire.schema_faults import check, validator_of
from tests.support.wire_rows import BETA_ROWS, OLD_ROWS, V1_ROWS, workflow_of
from tests.unit.test_wire_requests_faults import BODIES

KEYS = st.sampled_from(
    "to from channel message_type text ttl client_ref webhook_url webhook_version failover expiry_time"
    " condition_status valid_for delivery engine person align_ttl type number id message content workflow template"
    " viber_service viber_service_msg sms messenger unknown url caption name parameters default custom context"
    " message_uuid suggestions postback_data phone_number start_time cards card carousel media_url media_height"
    " card_orientation sticker reaction action emoji category tag duration file_size html body email subject".split()
)
WORDS = st.sampled_from(
    "sms mms rcs whatsapp viber_service viber_service_msg messenger email text image video file carousel sticker"
    " failover delivered read local provider next hold high 447700900000 600 v1 v0.1 https://shop.example/ a@b.c"
    " reply dial create_calendar_event open_url react VERTICAL message_tag".split()
)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.integers(0, 700)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | WORDS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | TEXT, inner, max_size=5),
    max_leaves=12,
)


GOOD = {
    StartType.MESSAGE_V1: [
        BODIES[StartType.MESSAGE_V1],
        *V1_ROWS.values(),
        *({**V1_ROWS["sms text"], "failover": [row]} for row in V1_ROWS.values()),
    ],
    StartType.MESSAGE_V0_1: [*OLD_ROWS.values()],
    StartType.WORKFLOW_V0_1: [*map(workflow_of, OLD_ROWS.values())],
    StartType.WORKFLOW_BETA: [*map(workflow_of, BETA_ROWS.values())],
}


@st.composite
def mutated(draw: st.DrawFn) -> tuple[StartType, Any]:
    """A good body with up to three members replaced, dropped or added, at any depth."""
    start_type = draw(st.sampled_from(StartType))
    body: Any = copy.deepcopy(draw(st.sampled_from(GOOD[start_type])))
    for _ in range(draw(st.integers(0, 3))):
        target = body
        while isinstance(target, dict | list) and target and draw(st.booleans()):
            key = draw(st.sampled_from(sorted(target) if isinstance(target, dict) else range(len(target))))
            if not isinstance(target[key], dict | list):
                break
            target = target[key]
        if isinstance(target, list):
            target.insert(draw(st.integers(0, len(target))), draw(VALUES))
        elif draw(st.booleans()) and target:
            del target[draw(st.sampled_from(sorted(target)))]
        else:
            target[draw(KEYS)] = draw(VALUES)
    return start_type, body


def verdict(start_type: StartType, raw: bytes) -> bool:
    try:
        start = read_start(start_type, raw)
    except WireError as error:
        faults = error.faults
    else:
        workflow = to_workflow(
            start, workflow_id="w", tenant="t", application_id=None, accepted_at=0.0, defaults=Defaults()
        )
        assert msgspec.json.encode(workflow)
        assert workflow.steps[-1].expiry_time is None
        return True
    assert faults
    assert [fault for fault in faults if not fault.reason] == []
    assert sorted({fault.pointer for fault in faults}) == sorted(fault.pointer for fault in faults)
    return False


@given(st.sampled_from(StartType), st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(start_type: StartType, raw: bytes) -> None:
    verdict(start_type, raw)


@given(st.sampled_from(StartType), VALUES)
def test_json_of_any_kind_is_read_or_refused(start_type: StartType, value: object) -> None:
    verdict(start_type, json.dumps(value).encode())


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_good_bodies_gone_wrong_are_judged_alike_by_both_validators(case: tuple[StartType, Any]) -> None:
    start_type, body = case

    assert by_schema_and_rules(start_type, body) == verdict(start_type, json.dumps(body).encode())


def by_schema_and_rules(start_type: StartType, body: Any) -> bool:
    """Judge by the slow path alone. A whole number written as 600.0 is one to JSON Schema and none to us."""
    parts: list[tuple[object, type[msgspec.Struct]]] = [(body, RequestFields)]
    if start_type is StartType.MESSAGE_V1:
        parts.append((body, v1_bodies.MessageBody))
        known = list(v1._rule_faults(body))
        for _, message, _ in v1._messages(body):
            key = message.get("channel"), message.get("message_type")
            if key in [*v1_bodies.MESSAGES]:
                parts.append((message, v1_bodies.MESSAGES[key]))
    elif start_type is StartType.MESSAGE_V0_1:
        parts += [(body, v0_1_bodies.MessageBody), *_nested(body, v0_1.V0_1)]
        known = list(v0_1._step_faults(WHOLE, body, v0_1.V0_1))
    else:
        body = v0_1._without_last_failover(body)
        older = start_type is StartType.WORKFLOW_BETA
        parts[0] = (body, RequestFields)
        parts.append((body, beta.WorkflowBody if older else v0_1_bodies.DispatchBody))
        matrix = beta.BETA if older else v0_1.V0_1
        known = list(v0_1._workflow_faults(body, matrix))
        for _, step, _ in v0_1._steps(body):
            parts += _nested(step, matrix)
    schemas_agree = all(validator_of(struct).is_valid(part) for part, struct in parts)
    return schemas_agree and not known and all(_converts(part, struct) for part, struct in parts)


def _nested(step: Any, matrix: v0_1.Matrix) -> list[tuple[object, type[msgspec.Struct]]]:
    name = step["to"].get("type") if isinstance(step.get("to"), dict) else None
    row = matrix.channels.get(name) if isinstance(name, str) else None
    kind = v0_1._type_row(row, step) if row is not None else None
    return [(step, matrix.messages[row.name, kind.name])] if row is not None and kind is not None else []


def _converts(body: Any, struct: type[msgspec.Struct]) -> bool:
    """Tell whether msgspec takes it too; the one point on which it may differ, once the schema agrees, is 600.0."""
    read, faults = check(body, struct)
    assert [fault for fault in faults if fault.reason != "must be a whole number"] == []
    return read is not None
