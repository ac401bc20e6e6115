"""Limits of queue messages, messages of our own, announcements, times: written, read, and refused when hostile."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Fault, WireError
from shared.ids import queued_workflow_id
from shared.wire import announcements, envelopes
from shared.wire.announcements import accepted_answer, event, read_answer, read_event, rejected_answer
from shared.wire.envelopes import (
    Command,
    CommandName,
    Marker,
    MessageUpdate,
    StepMessage,
    UpdateStatus,
    read_command,
    read_marker,
    read_step,
)
from shared.wire.limits import BODY_MAXIMUM, HEADERS_MAXIMUM, ID_MAXIMUM, check_limits
from shared.wire.times import clock_of, rfc3339, rfc3339_or_none, seconds_of

WORKFLOW_ID = "01932f00-0000-8000-8000-000000000000"
IDS = st.text(max_size=20).map(lambda text: queued_workflow_id(tenant="t", message_id=text.replace("\ud800", "")))
MOMENTS = st.floats(0, 1e11)


def names(call: Any, *args: Any, **more: Any) -> list[str]:
    with pytest.raises(WireError) as raised:
        call(*args, **more)
    return [fault.name for fault in raised.value.faults]


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({"body": b"x" * (BODY_MAXIMUM + 1)}, ["body"]),
        ({"message_id": None}, ["message_id"]),
        ({"message_id": ""}, ["message_id"]),
        ({"message_id": "ä" * (ID_MAXIMUM // 2) + "x"}, ["message_id"]),
        ({"correlation_id": "x" * (ID_MAXIMUM + 1)}, ["correlation_id"]),
        ({"headers": {"a": "x" * HEADERS_MAXIMUM}}, ["headers"]),
        ({"headers": {"x" * HEADERS_MAXIMUM: 1}}, ["headers"]),
        ({"headers": {"a": [{"b": ["x" * HEADERS_MAXIMUM]}, 5, None, b"raw"]}}, ["headers"]),
        ({"content_encoding": "gzip"}, ["content_encoding"]),
        (
            {"body": b"x" * (BODY_MAXIMUM + 1), "message_id": "x" * 65, "content_encoding": "br"},
            ["body", "message_id", "content_encoding"],
        ),
    ],
)
def test_a_queue_message_that_breaks_limits_is_refused_with_every_fault(
    broken: dict[str, Any], expected: list[str]
) -> None:
    sound: dict[str, Any] = {"body": b"{}", "message_id": "m-1"}

    assert expected == names(check_limits, **{**sound, **broken})


@pytest.mark.parametrize("encoding", [None, "", "utf-8", "UTF-8"])
def test_a_queue_message_at_the_limits_is_taken(encoding: str | None) -> None:
    check_limits(
        body=b"x" * BODY_MAXIMUM,
        message_id="x" * ID_MAXIMUM,
        correlation_id="x" * ID_MAXIMUM,
        headers={"a": "x" * (HEADERS_MAXIMUM - 1)},
        content_encoding=encoding,
    )


@given(IDS, st.integers(1, 10), st.integers(1, 999))
def test_a_step_message_comes_back_as_it_was_written(workflow_id: str, step: int, attempt: int) -> None:
    message = StepMessage(workflow_id=workflow_id, step=step, attempt=attempt)

    assert message == read_step(envelopes.write(message))


@given(st.sampled_from(CommandName), IDS, MOMENTS)
def test_a_command_comes_back_as_it_was_written(name: CommandName, workflow_id: str, at: float) -> None:
    command = Command(command=name, workflow_id=workflow_id, tenant="acme", by="operator:anna", at=at)

    assert command == read_command(envelopes.write(command))


@given(
    st.sampled_from(UpdateStatus),
    IDS,
    MOMENTS,
    st.none() | st.just({"show": True, "type": "text"}) | st.just({"new": [1, None]}),
)
def test_a_wish_about_a_message_comes_back_as_it_was_written(
    status: UpdateStatus, message_uuid: str, at: float, indicator: dict[str, Any] | None
) -> None:
    update = MessageUpdate(
        message_uuid=message_uuid, tenant="acme", by="caller", at=at, status=status, replying_indicator=indicator
    )

    assert update == read_command(envelopes.write(update))


@given(MOMENTS)
def test_a_marker_comes_back_as_it_was_written(at: float) -> None:
    assert Marker(at=at) == read_marker(envelopes.write(Marker(at=at)))


HOSTILE: list[tuple[Any, dict[str, Any], list[str]]] = [
    (read_step, {}, ["workflow_id", "step", "attempt"]),
    (read_step, {"workflow_id": WORKFLOW_ID, "step": 0, "attempt": 1}, ["step"]),
    (read_step, {"workflow_id": WORKFLOW_ID, "step": 11, "attempt": 1000}, ["step", "attempt"]),
    (read_step, {"workflow_id": WORKFLOW_ID, "step": True, "attempt": 1}, ["step"]),
    (read_step, {"workflow_id": "x", "step": 1, "attempt": 1}, ["workflow_id"]),
    (read_step, {"workflow_id": WORKFLOW_ID[:-1] + "1", "step": 1, "attempt": 1}, ["workflow_id"]),
    (read_step, {"workflow_id": WORKFLOW_ID.replace("f", "F"), "step": 1, "attempt": 1}, ["workflow_id"]),
    (read_step, {"workflow_id": WORKFLOW_ID.replace("-", ""), "step": 1, "attempt": 1}, ["workflow_id"]),
    (
        read_command,
        {"command": "explode", "workflow_id": WORKFLOW_ID, "tenant": "t", "by": "caller", "at": 1},
        ["command"],
    ),
    (
        read_command,
        {"command": "cancel", "workflow_id": WORKFLOW_ID, "tenant": "", "by": "caller", "at": -1},
        ["tenant", "at"],
    ),
    (read_command, {"command": "cancel", "workflow_id": "", "tenant": "t", "by": "b", "at": 1}, ["workflow_id"]),
    (
        read_command,
        {"command": "update", "message_uuid": "", "tenant": "t", "by": "caller", "at": 1, "status": "unread"},
        ["message_uuid", "status"],
    ),
    (
        read_command,
        {"command": "update", "message_uuid": "m", "tenant": "t", "by": "c", "at": 1, "status": "read"}
        | {"replying_indicator": "show"},
        ["replying_indicator"],
    ),
    (read_marker, {"at": "now"}, ["at"]),
    (read_marker, {"at": 1e12}, ["at"]),
    (read_event, {"id": "e", "event": "workflow.final", "at": "yesterday", "tenant": "t"}, ["at"]),
    (read_answer, {"answer": "maybe", "message_id": "m"}, ["answer"]),
]


@pytest.mark.parametrize(("reader", "body", "expected"), HOSTILE)
def test_a_message_of_ours_that_breaks_a_rule_is_refused(reader: Any, body: object, expected: list[str]) -> None:
    assert sorted(expected) == sorted(names(reader, json.dumps(body).encode()))


READERS = (read_step, read_command, read_marker, read_event, read_answer)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(READERS), st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_make_a_reader_raise_anything_else(reader: Any, raw: bytes) -> None:
    with pytest.raises(WireError):
        reader(raw)


def test_an_event_tells_who_what_and_when_and_leaves_out_what_it_has_not() -> None:
    made = event(
        id="5b0c1d3e-0000-5000-8000-000000000001",
        event="message.delivered",
        at=1_772_442_904.12,
        tenant="acme",
        workflow_id=WORKFLOW_ID,
        step=2,
        client_ref="order-17",
        facts={"channel": "sms"},
    )

    assert {
        "id": "5b0c1d3e-0000-5000-8000-000000000001",
        "event": "message.delivered",
        "at": "2026-03-02T09:15:04.120Z",
        "tenant": "acme",
        "workflow_id": WORKFLOW_ID,
        "step": 2,
        "message_uuid": WORKFLOW_ID[:-1] + "2",
        "client_ref": "order-17",
        "facts": {"channel": "sms"},
    } == json.loads(announcements.write(made))
    assert made == read_event(announcements.write(made))


def test_an_event_without_a_workflow_has_no_id_of_one() -> None:
    made = event(id="e", event="channel.stopped", at=0.0, tenant="acme", reason="stopped")

    assert {"id", "event", "at", "tenant", "reason"} == set(json.loads(announcements.write(made)))


def test_answers_say_accepted_with_the_id_or_rejected_with_every_fault() -> None:
    taken = accepted_answer(message_id="m-1", workflow_id=WORKFLOW_ID)
    fault = Fault(pointer="/to", name="to", reason="is required", code="required")
    refused = rejected_answer(message_id="m-2", reason="invalid", faults=[fault])

    assert {"answer": "accepted", "message_id": "m-1", "workflow_id": WORKFLOW_ID} == json.loads(
        announcements.write(taken)
    )
    assert {
        "answer": "rejected",
        "message_id": "m-2",
        "reason": "invalid",
        "errors": [{"pointer": "/to", "name": "to", "reason": "is required", "code": "required"}],
    } == json.loads(announcements.write(refused))
    assert [taken, refused] == [read_answer(announcements.write(each)) for each in (taken, refused)]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (0.9996, "1970-01-01T00:00:01.000Z"),
        (1_772_442_904.12, "2026-03-02T09:15:04.120Z"),
        (1_772_442_904.9994, "2026-03-02T09:15:04.999Z"),
    ],
)
def test_times_are_rfc_3339_in_utc_with_milliseconds(seconds: float, text: str) -> None:
    assert text == rfc3339(seconds)
    assert text == rfc3339_or_none(seconds)
    assert None is rfc3339_or_none(None)


@given(st.integers(0, 10**13))
def test_a_time_of_whole_milliseconds_comes_back(milliseconds: int) -> None:
    assert milliseconds == round(seconds_of(rfc3339(milliseconds / 1000)) * 1000)


@pytest.mark.parametrize("text", ["", "2026-03-02", "2026-03-02T09:15:04", "2026-13-02T09:15:04Z", "now", "٢٠٢٦"])
def test_what_is_no_time_with_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        seconds_of(text)


def test_a_zone_and_nanoseconds_are_understood() -> None:
    assert 1_772_442_904.12 == pytest.approx(seconds_of("2026-03-02t10:15:04.120000000+01:00"))
    assert "09:15:04" == clock_of(1_772_442_904.999)
