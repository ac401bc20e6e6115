"""What a caller is answered: ids, problems, views. Golden bodies lie in tests/golden/wire."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Fault
from shared.ids import message_uuid, reference
from shared.model import (
    Attempt,
    AttemptState,
    Entry,
    Generation,
    Message,
    Outcome,
    Problem,
    Reason,
    RequestKind,
    State,
    Status,
    Step,
    What,
    Workflow,
)
from shared.wire.answers import accepted
from shared.wire.problems import invalid_body, problem
from shared.wire.requests import StartType
from shared.wire.statuses import status_of
from shared.wire.views import accepted_message, accepted_workflow, message_view, timeline, workflow_view

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"
WORKFLOW_ID = "01932f00-0000-8000-8000-000000000000"
FIRST = "01932f00-0000-8000-8000-000000000001"
TRACE = "0f3b4f6f5f5e4a0c9b7d2f4f1a2b3c4d"
T = 1_772_442_900.0


def golden(name: str) -> object:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("start_type", "steps", "expected"),
    [
        (StartType.MESSAGE_V0_1, 1, {"message_uuid": FIRST}),
        (StartType.MESSAGE_V1, 1, {"message_uuid": FIRST}),
        (StartType.MESSAGE_V1, 2, {"message_uuid": FIRST, "workflow_id": WORKFLOW_ID}),
        (StartType.WORKFLOW_V0_1, 2, {"dispatch_uuid": WORKFLOW_ID}),
        (StartType.WORKFLOW_BETA, 1, {"workflow_uuid": WORKFLOW_ID}),
    ],
)
def test_each_kind_of_request_is_answered_with_its_ids(
    start_type: StartType, steps: int, expected: dict[str, str]
) -> None:
    assert expected == json.loads(accepted(start_type, WORKFLOW_ID, steps=steps))


TO = Fault(pointer="/to", name="to", reason="must be 7 to 15 digits", code="recipient")
NESTED = Fault(pointer="/workflow/0/to/number", name="workflow[0].to.number", reason="is required", code="required")


@pytest.mark.parametrize(
    ("name", "generation", "faults"),
    [
        ("problem_v0_1", Generation.V0_1, (NESTED,)),
        ("problem_beta", Generation.BETA, (NESTED, TO)),
        ("problem_v1", Generation.V1, (TO, replace(TO, pointer="/text", name="text", code="length"))),
    ],
)
def test_a_bad_body_is_answered_in_its_generations_way(
    name: str, generation: Generation, faults: tuple[Fault, ...]
) -> None:
    status, body = invalid_body(faults, generation=generation, instance=TRACE)

    assert (422 if generation is Generation.V1 else 400) == status
    assert golden(name) == json.loads(body)


@pytest.mark.parametrize(
    ("pointer", "code", "number", "title"),
    [
        ("/to", "recipient", "1430", "Invalid recipient"),
        ("/failover/1/from", "length", "1420", "Invalid sender"),
        ("/channel", "unknown_channel", "1400", "Unsupported channel"),
        ("/message_type", "unknown_type", "1440", "Invalid message type"),
        ("/client_ref", "length", "1450", "Invalid client reference"),
        ("/to", "required", "1150", "Invalid params"),
        ("/text", "length", "1150", "Invalid params"),
        ("", "type", "1150", "Invalid params"),
    ],
)
def test_a_v1_refusal_has_the_number_of_what_it_is_about(pointer: str, code: str, number: str, title: str) -> None:
    fault = Fault(pointer=pointer, name=pointer[1:], reason="is wrong", code=code)

    status, body = invalid_body([fault], generation=Generation.V1, instance=TRACE)

    told = json.loads(body)
    assert (422, title) == (status, told["title"])
    assert f"https://developer.vonage.com/api-errors/messages#{number}" == told["type"]


@pytest.mark.parametrize(
    ("generation", "status", "fragment"),
    [(Generation.V1, 422, "#invalid-json"), (Generation.V0_1, 400, "#InvalidParams")],
)
def test_what_is_no_json_is_said_so(generation: Generation, status: int, fragment: str) -> None:
    fault = Fault(pointer="", name="", reason="is not JSON: Expecting value", code="json")

    found, body = invalid_body([fault], generation=generation, instance=TRACE)

    told = json.loads(body)
    assert status == found
    assert told["type"].endswith(fragment)
    assert [{"name": "body", "reason": "is not JSON: Expecting value"}] == told["invalid_parameters"]


def test_a_body_that_is_too_large_is_413() -> None:
    fault = Fault(pointer="", name="", reason="is larger than 262144 bytes", code="too_large")

    assert 413 == invalid_body([fault], generation=Generation.V0_1, instance=TRACE)[0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503])
@pytest.mark.parametrize("generation", Generation)
def test_every_refusal_has_type_title_detail_and_trace(status: int, generation: Generation) -> None:
    found, body = problem(status, generation=generation, instance=TRACE)

    told = json.loads(body)
    assert status == found
    assert {"type", "title", "detail", "instance"} == set(told)
    assert TRACE == told["instance"]
    assert told["type"].startswith("https://developer.vonage.com/api-errors")
    assert "Please" == json.loads(problem(status, instance=TRACE, detail="Please")[1])["detail"]


def attempt(number: int, state: AttemptState, **more: Any) -> Attempt:
    return Attempt(number=number, state=state, claimed_at=T, **more)


def step(number: int, channel: str, **more: Any) -> Step:
    message = Message(channel=channel, kind="text", recipient="447700900000", sender="16273", content={"text": "Hi"})
    return Step(number=number, message=message, person="number:447700900000", **more)


ENDED = Workflow(
    workflow_id=WORKFLOW_ID,
    tenant="acme",
    generation=Generation.V0_1,
    kind=RequestKind.WORKFLOW,
    steps=(
        step(
            1,
            "viber_service",
            client_ref="order-17",
            window_ends_at=T + 603.5,
            attempts=(
                attempt(
                    1, AttemptState.UNSURE, sent_at=T + 3.5, problem=Problem(code="timeout", title="No answer in time")
                ),
            ),
        ),
        step(
            2,
            "sms",
            attempts=(
                attempt(1, AttemptState.NOT_SENT, problem=Problem(code="429", title="Busy", detail="Wait a little.")),
                attempt(2, AttemptState.ACCEPTED, sent_at=T + 606, provider_uuid="p", best=Status.DELIVERED),
            ),
        ),
    ),
    accepted_at=T,
    send_by=T + 259_200,
    state=State.FINAL,
    current=2,
    outcome=Outcome.DELIVERED,
    outcome_step=2,
    condition_met=True,
)
WAITING = replace(
    ENDED, state=State.READY, current=1, outcome=None, outcome_step=None, condition_met=None, steps=(step(1, "sms"),)
)


def test_a_workflow_shows_what_the_architecture_says() -> None:
    assert golden("view_workflow") == json.loads(workflow_view(ENDED, wake_at=None))


def test_a_dispatch_shows_its_id_under_the_name_its_caller_knows() -> None:
    expected = golden("view_workflow")
    assert isinstance(expected, dict)

    for name, generation in (("dispatch_uuid", Generation.V0_1), ("workflow_uuid", Generation.BETA)):
        shown = json.loads(workflow_view(ENDED, wake_at=None, asked_as=generation))
        assert {name: WORKFLOW_ID, **expected} == shown


def test_a_message_shows_its_step_and_the_state_of_the_whole() -> None:
    assert golden("view_message") == json.loads(message_view(ENDED, 1))


def test_before_the_end_there_is_no_outcome() -> None:
    told = json.loads(workflow_view(WAITING, wake_at=T + 1))

    assert {"outcome", "condition_met"}.isdisjoint(told)
    assert ("ready", "2026-03-02T09:15:01.000Z") == (told["state"], told["wake_at"])
    assert "outcome" not in json.loads(message_view(WAITING, 1))


@pytest.mark.parametrize(
    ("state", "stopped", "expected"),
    [
        (State.READY, False, "ready"),
        (State.READY, True, "held"),
        (State.HELD, False, "held"),
        (State.WAITING, True, "waiting"),
        (State.FINAL, True, "final"),
    ],
)
def test_ready_under_a_stop_is_shown_as_held(state: State, stopped: bool, expected: str) -> None:
    workflow = replace(WAITING, state=state)

    assert expected == json.loads(workflow_view(workflow, wake_at=None, stopped=stopped))["state"]
    assert expected == json.loads(message_view(workflow, 1, stopped=stopped))["state"]


def test_right_after_the_202_there_is_an_accepted_view() -> None:
    expected = {"workflow_id": WORKFLOW_ID, "state": "accepted"}

    assert expected == json.loads(accepted_workflow(WORKFLOW_ID))
    for name, generation in (("dispatch_uuid", Generation.V0_1), ("workflow_uuid", Generation.BETA)):
        assert {name: WORKFLOW_ID, **expected} == json.loads(accepted_workflow(WORKFLOW_ID, asked_as=generation))
    assert {"message_uuid": FIRST, **expected} == json.loads(accepted_message(message_uuid(WORKFLOW_ID, 1)))
    assert {"entries": []} == json.loads(timeline([]))


def test_a_timeline_has_the_story_and_the_facts_for_programs() -> None:
    entries = [
        Entry(sequence=1, at=T, by="caller", what=What.ACCEPTED),
        Entry(
            sequence=2,
            at=T + 603.5,
            by="cascade",
            what=What.NEXT,
            step=1,
            reason=Reason.WINDOW,
            next_at=T + 700,
            facts={"channel": "viber_service", "to_step": 2, "to_channel": "sms"},
        ),
    ]

    told = json.loads(timeline(entries, ENDED))

    assert {
        "sequence": 2,
        "at": "2026-03-02T09:25:03.500Z",
        "by": "cascade",
        "step": 1,
        "attempt": None,
        "what": "next",
        "reason": "window",
        "text": "It goes on from Viber to SMS, because no `delivered` came within its window."
        " It is looked at again at 09:26:40.",
        "next_at": "2026-03-02T09:26:40.000Z",
    } == told["entries"][1]
    assert [1, 2] == [entry["sequence"] for entry in told["entries"]]


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ((), None),
        ((attempt(1, AttemptState.CLAIMED),), None),
        ((attempt(1, AttemptState.ACCEPTED, best=Status.SUBMITTED),), Status.SUBMITTED),
        (
            (attempt(1, AttemptState.DEAD, best=Status.SUBMITTED, negative=Status.UNDELIVERABLE),),
            Status.UNDELIVERABLE,
        ),
        (
            (
                attempt(1, AttemptState.DEAD, negative=Status.REJECTED),
                attempt(2, AttemptState.ACCEPTED, best=Status.SUBMITTED),
            ),
            Status.SUBMITTED,
        ),
        (
            (
                attempt(1, AttemptState.ACCEPTED, best=Status.READ),
                attempt(2, AttemptState.DEAD, negative=Status.REJECTED),
            ),
            Status.READ,
        ),
        ((attempt(1, AttemptState.NOT_SENT),), None),
    ],
)
def test_a_steps_status_is_its_best_receipt_or_its_last_negative(
    attempts: tuple[Attempt, ...], expected: Status | None
) -> None:
    assert expected == status_of(step(1, "sms", attempts=attempts))


def test_where_the_provider_quoted_our_reference_views_and_timeline_name_the_callers() -> None:
    ours = reference(WORKFLOW_ID, 1, 1)
    problem = Problem(code="1450", title="Invalid reference", detail=f"{ours} is not unique")
    dead = attempt(1, AttemptState.DEAD, problem=problem)
    workflow = replace(ENDED, steps=(step(1, "sms", client_ref="order-17", attempts=(dead,)),))
    facts = {"channel": "sms", "title": problem.title, "detail": problem.detail}
    entry = Entry(sequence=1, at=T, by="cascade", what=What.REFUSED, step=1, attempt=1, facts=facts)

    (shown,) = json.loads(message_view(workflow, 1))["attempts"]
    (line,) = json.loads(timeline([entry], workflow))["entries"]

    assert "order-17 is not unique" == shown["error"]["detail"]
    assert "order-17 is not unique" in line["text"]
    assert ours not in line["text"]
