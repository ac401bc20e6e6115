"""What else the old Node clients do: workflows of both old generations, and what they make of a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.credentials import node_basic, old_node
from tests.clients.drivers import BETA_CLIENT, FIRST_V1_CLIENT, V0_1_CLIENTS, Call, Result, by_old_node
from tests.clients.sending import messages_in
from tests.clients.stage import Stage
from tests.support.deployment import new_mark, viber_then_sms

CLIENTS = {**dict.fromkeys(V0_1_CLIENTS, ("dispatch", "dispatch_uuid")), BETA_CLIENT: ("workflow", "workflow_uuid")}
SMS = {"call": "channel.send", "arguments": messages_in("v0_1_messages.json")["sms text"]}
every_client = pytest.mark.parametrize("package", CLIENTS)


def _create(package: str, steps: list[dict[str, Any]]) -> Call:
    return {"call": f"{CLIENTS[package][0]}.create", "arguments": ["failover", steps]}


def _steps(mark: str) -> list[dict[str, Any]]:
    """Return a workflow whose first message can't be delivered, so that the second is sent."""
    return list(viber_then_sms("447700900002", mark=mark, window=60)["workflow"])


def _calls(package: str, stage: Stage, *calls: Call, **credentials: str) -> list[Result]:
    return by_old_node(package, stage.port("ingress"), {**old_node(stage.old), **credentials}, calls)


@every_client
def test_a_workflow_goes_on_to_the_second_message(package: str, stage: Stage) -> None:
    mark = new_mark()
    [created] = _calls(package, stage, _create(package, _steps(mark)))
    workflow_id = created["gave"][CLIENTS[package][1]]
    first, second = (stage.sent_by_us(f"{workflow_id[:-2]}0{step}") for step in (1, 2))

    assert ["viber_service_msg", "sms"] == [each["body"]["to"]["type"] for each in (first, second)]
    assert f"hello {mark}" == second["body"]["message"]["content"]["text"]


@every_client
def test_the_sandbox_runs_a_workflow_of_the_same_client(package: str, stage: Stage) -> None:
    mark = new_mark()
    [created] = by_old_node(package, stage.port("sandbox"), old_node(stage.direct), [_create(package, _steps(mark))])

    assert created["gave"][CLIENTS[package][1]]


@every_client
def test_all_faults_of_a_workflow_are_named_and_nothing_is_sent(package: str, stage: Stage) -> None:
    first, second = _steps(new_mark())
    del first["failover"]["expiry_time"]
    second["to"] = {"type": "sms", "number": "+447700900002"}
    [refused] = _calls(package, stage, _create(package, [first, second]))
    problem = refused["raised"]["body"]

    assert 400 == refused["raised"]["statusCode"]
    assert "Your request parameters didn't validate." == problem["title"]
    assert 2 == len(problem["invalid_parameters"])


@every_client
def test_wrong_credentials_are_an_error_with_its_reason(package: str, stage: Stage) -> None:
    strangers_key = old_node(stage.new)["privateKey"]
    [refused] = _calls(package, stage, SMS, privateKey=strangers_key)

    assert 401 == refused["raised"]["statusCode"]
    assert refused["raised"]["body"]["title"]
    assert refused["raised"]["body"]["detail"]


@every_client
def test_a_throttled_call_and_a_broken_provider_are_told_apart(package: str, stage: Stage) -> None:
    for status in (429, 503):
        stage.deployment.script(f"4477009{status}66", {"*": [{"answer": status}]})
    to, sender, message = SMS["arguments"]
    throttled, broken = by_old_node(
        package,
        stage.port("sandbox"),
        old_node(stage.direct),
        [
            {"call": "channel.send", "arguments": [{**to, "number": f"4477009{status}66"}, sender, message]}
            for status in (429, 503)
        ],
    )

    assert 429 == throttled["raised"]["statusCode"]
    assert ("Server Error", 503) == (broken["raised"]["message"], broken["raised"]["statusCode"])


def test_keys_in_the_address_are_no_way_in(stage: Stage) -> None:
    # Without an application this client puts its key and secret into the query, which messages have never taken.
    call: Call = {"call": "messages.send", "arguments": [{"channel": "sms"}]}
    for port, somebody in ((stage.port("ingress"), stage.new), (stage.port("sandbox"), stage.direct)):
        [refused] = by_old_node(FIRST_V1_CLIENT, port, node_basic(somebody), [call])

        assert 401 == refused["raised"]["statusCode"]
