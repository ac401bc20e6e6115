"""Nearest wins: step, request, application, deployment (semantics 3); and what reaches the provider."""

import json
from typing import Any

import pytest

from shared.model import Delivery, Engine, Priority, Step, WhenStopped, Workflow
from shared.wire.own_fields import OWN_WORDS
from shared.wire.requests import Defaults, StartType, read_start, to_workflow

V1 = {"to": "447700900000", "from": "447700900001", "channel": "sms", "message_type": "text", "text": "Hi"}
V0_1 = {
    "from": {"type": "sms", "number": "447700900001"},
    "to": {"type": "sms", "number": "447700900000"},
    "message": {"content": {"type": "text", "text": "Hi"}},
}
DEPLOYMENT = Defaults()
APPLICATION = Defaults(
    valid_for=100,
    final_receipt_time=200,
    when_stopped=WhenStopped.NEXT,
    priority=Priority.HIGH,
    align_ttl=False,
    delivery=Delivery.AT_MOST_ONCE,
)


def made(body: dict[str, Any], defaults: Defaults, start_type: StartType = StartType.MESSAGE_V1) -> Workflow:
    return to_workflow(
        read_start(start_type, json.dumps(body).encode()),
        workflow_id="01932f00-0000-8000-8000-000000000000",
        tenant="acme",
        application_id="app",
        accepted_at=1000.0,
        defaults=defaults,
    )


CASES: list[tuple[str, dict[str, Any], Defaults, object]] = [
    ("send_by", {}, DEPLOYMENT, 260_200.0),
    ("send_by", {}, APPLICATION, 1100.0),
    ("send_by", {"valid_for": 15}, APPLICATION, 1015.0),
    ("final_receipt_time", {}, DEPLOYMENT, None),
    ("final_receipt_time", {}, APPLICATION, 200),
    ("final_receipt_time", {"final_receipt_time": 60}, APPLICATION, 60),
    ("when_stopped", {}, DEPLOYMENT, WhenStopped.HOLD),
    ("when_stopped", {}, APPLICATION, WhenStopped.NEXT),
    ("when_stopped", {"when_stopped": "hold"}, APPLICATION, WhenStopped.HOLD),
    ("priority", {}, DEPLOYMENT, Priority.NORMAL),
    ("priority", {}, APPLICATION, Priority.HIGH),
    ("priority", {"priority": "normal"}, APPLICATION, Priority.NORMAL),
]


@pytest.mark.parametrize(("name", "said", "defaults", "expected"), CASES)
def test_the_request_wins_over_application_and_deployment(
    name: str, said: dict[str, Any], defaults: Defaults, expected: object
) -> None:
    assert expected == getattr(made({**V1, **said}, defaults), name)


STEP_CASES: list[tuple[str, dict[str, Any], Defaults, object]] = [
    ("delivery", {}, DEPLOYMENT, Delivery.AT_LEAST_ONCE),
    ("delivery", {}, APPLICATION, Delivery.AT_MOST_ONCE),
    ("delivery", {"delivery": "at_least_once"}, APPLICATION, Delivery.AT_LEAST_ONCE),
    ("align_ttl", {}, DEPLOYMENT, True),
    ("align_ttl", {}, APPLICATION, False),
    ("align_ttl", {"align_ttl": True}, APPLICATION, True),
    ("person", {}, DEPLOYMENT, "number:447700900000"),
    ("person", {"person": "anna"}, DEPLOYMENT, "person:anna"),
]


@pytest.mark.parametrize(("name", "said", "defaults", "expected"), STEP_CASES)
def test_what_is_said_for_a_step_wins(name: str, said: dict[str, Any], defaults: Defaults, expected: object) -> None:
    assert expected == getattr(made({**V1, **said}, defaults).steps[0], name)


def test_a_step_of_a_workflow_wins_over_its_request() -> None:
    body = {
        "template": "failover",
        "person": "anna",
        "align_ttl": False,
        "workflow": [{**V0_1, "align_ttl": True, "person": "ben", "failover": {"expiry_time": 60}}, V0_1],
    }

    steps = made(body, DEPLOYMENT, StartType.WORKFLOW_V0_1).steps

    assert [("person:ben", True), ("person:anna", False)] == [(step.person, step.align_ttl) for step in steps]


@pytest.mark.parametrize("start_type", [StartType.WORKFLOW_V0_1, StartType.WORKFLOW_BETA])
def test_what_stands_beside_the_items_is_said_of_those_that_say_nothing_else(start_type: StartType) -> None:
    around = {"client_ref": "r-1", "webhook_url": "https://shop.example/", "webhook_version": "v1"}
    own = {"client_ref": "", "webhook_url": "https://other.example/", "webhook_version": "v0.1"}
    window = {"failover": {"expiry_time": 60}}
    body = {"template": "failover", **around, "workflow": [{**V0_1, **window}, {**V0_1, **own, **window}, V0_1]}

    workflow = made(body, DEPLOYMENT, start_type)

    assert [around, own, around] == [{name: getattr(step, name) for name in around} for step in workflow.steps]
    assert "r-1" == workflow.client_ref


def test_an_item_of_a_v1_chain_inherits_no_reference_and_no_address() -> None:
    around = {"client_ref": "r-1", "webhook_url": "https://shop.example/"}

    first, second = made({**V1, **around, "failover": [V1]}, DEPLOYMENT).steps

    assert ("r-1", "https://shop.example/") == (first.client_ref, first.webhook_url)
    assert (None, None) == (second.client_ref, second.webhook_url)


def test_the_outer_message_of_a_chain_speaks_for_all_of_persons_and_for_itself_of_ttl() -> None:
    body = {**V1, "person": "anna", "align_ttl": False, "failover": [{**V1, "person": "ben"}, V1]}

    steps = made(body, DEPLOYMENT).steps

    assert [("person:anna", False), ("person:ben", True), ("person:anna", True)] == [
        (step.person, step.align_ttl) for step in steps
    ]


def test_windows_belong_to_those_that_have_a_successor() -> None:
    window = {"expiry_time": 60, "condition_status": "read"}
    body = {**V1, **window, "failover": [V1, {**V1, **window}]}

    windows = [(step.expiry_time, step.condition) for step in made(body, DEPLOYMENT).steps]

    assert [(60, "read"), (None, "delivered"), (None, "delivered")] == windows


def content_of(step: Step) -> dict[str, object]:
    return dict(step.message.content)


def test_nothing_of_ours_and_nothing_of_the_envelope_reaches_the_provider() -> None:
    window = {"expiry_time": 60, "condition_status": "read"}
    own = {"valid_for": 60, "final_receipt_time": 60, "delivery": "at_most_once", "when_stopped": "next"}
    more = {"priority": "high", "engine": "local", "align_ttl": True, "person": "anna"}
    rest = {"client_ref": "r", "webhook_url": "https://shop.example/", "webhook_version": "v1", "ttl": 60}
    assert OWN_WORDS == {*window, *own, *more}

    workflow = made({**V1, **window, **own, **more, **rest, "kept": [1], "failover": [V1]}, DEPLOYMENT)

    assert {"text": "Hi", "kept": [1]} == content_of(workflow.steps[0])
    assert 60 == workflow.steps[0].message.ttl


def test_unknown_members_of_nested_bodies_are_kept_where_they_stood_and_never_as_envelope() -> None:
    body = json.loads(json.dumps(V0_1))
    body["beside"] = 1
    body["to"]["name"] = "Ann"
    body["message"]["inside"] = {"a": 2}
    body["message"]["content"] |= {"deeper": None, "to": "447700900009", "failover": []}
    body["message"]["viber_service_msg"] = {"category": "promotion"}

    content = content_of(made(body, DEPLOYMENT, StartType.MESSAGE_V0_1).steps[0])

    home = {
        "step": {"beside": 1},
        "message": {"inside": {"a": 2}, "viber_service_msg": {"category": "promotion"}},
        "content": {"to": "447700900009", "failover": []},
        "to": {"name": "Ann"},
    }
    assert {"text": "Hi", "deeper": None, "v0.1": home} == content


def test_a_flat_member_that_bears_the_name_of_that_home_is_kept_apart() -> None:
    content = content_of(made({**V1, "v0.1": {"step": {"to": "447700900009"}}}, DEPLOYMENT).steps[0])

    assert {"text": "Hi", "v0.1": {"flat": {"v0.1": {"step": {"to": "447700900009"}}}}} == content


def test_who_runs_the_failover_is_asked_for_by_the_request_and_windows_of_v1_stay_here() -> None:
    provider = Defaults(engine=Engine.PROVIDER)
    chain = {**V1, "failover": [V1]}
    dispatch = {"template": "failover", "workflow": [{**V0_1, "failover": {"expiry_time": 60}}, V0_1]}

    assert Engine.LOCAL is made(chain, DEPLOYMENT).engine
    assert Engine.PROVIDER is made({**chain, "engine": "provider"}, DEPLOYMENT).engine
    assert Engine.PROVIDER is made(chain, provider).engine
    assert Engine.LOCAL is made({**chain, "engine": "local"}, provider).engine
    assert Engine.LOCAL is made({**chain, "expiry_time": 60}, provider).engine
    assert Engine.PROVIDER is made(dispatch, provider, StartType.WORKFLOW_V0_1).engine


@pytest.mark.parametrize(
    ("said", "ttl", "options"),
    [
        ({}, None, None),
        ({"ttl": 60}, 60, None),
        ({"viber_service": {"ttl": 90}}, 90, None),
        ({"ttl": 60, "viber_service": {"ttl": 90, "category": "promotion"}}, 90, {"category": "promotion"}),
        ({"viber_service": {}}, None, {}),
    ],
)
def test_the_time_to_live_is_taken_from_where_its_channel_keeps_it(
    said: dict[str, Any], ttl: int | None, options: object
) -> None:
    step = made({**V1, "channel": "viber_service", **said}, DEPLOYMENT).steps[0]

    assert ttl == step.message.ttl
    assert options == step.message.content.get("viber_service")
