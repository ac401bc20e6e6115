"""What we send to the provider, for every row of the matrix, passes the sandbox's strictest reading of its documents.

The two sides share no code: a word of ours that leaks, or a member in the wrong place, is named here.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from services.sandbox.bodies import faults_of, message_faults, workflow_faults
from shared.channels import CHANNELS
from shared.errors import NotExpressible
from shared.model import Engine, Workflow
from shared.vonage.calls import build_call
from shared.vonage.dispatch import build_handover
from shared.wire.requests import Defaults, StartType, read_start, to_workflow
from tests.support.vonage_accounts import account
from tests.support.wire_rows import OLD_ROWS, V1_ROWS

ID = "018f0000-0000-8000-8000-000000000000"
REFERENCE = "018f00000000800080000000000000ff.10.12"
OF_REQUEST = {
    "valid_for": 600,
    "final_receipt_time": 86_400,
    "delivery": "at_most_once",
    "when_stopped": "next",
    "priority": "high",
    "person": "ada",
}
OF_STEP = {"align_ttl": False, "person": "ada"}
WINDOW = {"expiry_time": 600, "condition_status": "read"}


def workflow_of(start_type: StartType, body: dict[str, Any]) -> Workflow:
    start = read_start(start_type, json.dumps(body).encode())
    return to_workflow(
        start, workflow_id=ID, tenant="shop", application_id=None, accepted_at=1000.0, defaults=Defaults()
    )


def v1_workflow(name: str, engine: str = "local") -> Workflow:
    """A v1 chain of two such messages, with all of our words in it; a window is not for the provider."""
    body = {"webhook_url": "https://shop.example/hook", "webhook_version": "v0.1", **V1_ROWS[name]}
    own = {**OF_REQUEST, **OF_STEP, "engine": engine, **(WINDOW if engine == "local" else {})}
    return workflow_of(StartType.MESSAGE_V1, {**body, **own, "failover": [{**body, **OF_STEP}]})


def old_workflow(name: str) -> Workflow:
    """A dispatch of two such messages, with all of our words in it."""
    body = {key: value for key, value in OLD_ROWS[name].items() if key != "client_ref"}
    steps = [{**body, **OF_STEP, "failover": WINDOW}, {**body, **OF_STEP}]
    return workflow_of(
        StartType.WORKFLOW_V0_1, {"template": "failover", "workflow": steps, **OF_REQUEST, "engine": "provider"}
    )


def calls(workflow: Workflow, generation: str) -> list[dict[str, Any]]:
    """Give the bodies of the calls for each step, with and without a time to live of ours."""
    bodies = []
    for step in workflow.steps:
        ttl = CHANNELS[step.message.channel].ttl
        for seconds in {None, ttl.useful if ttl else None, ttl.maximum if ttl else None}:
            call = build_call(
                replace(account(), generation=generation),
                step.message,
                reference=REFERENCE,
                ttl=seconds,
                authorization="",
                user_agent="",
            )
            bodies.append(json.loads(call.body))
    return bodies


@pytest.mark.parametrize("name", V1_ROWS)
def test_a_v1_account_may_send_every_v1_row(name: str) -> None:
    bodies = calls(v1_workflow(name), "v1")

    assert len(bodies) >= 2
    assert [] == [fault for body in bodies for fault in faults_of(body)]


@pytest.mark.parametrize("name", OLD_ROWS)
def test_accounts_of_both_generations_may_send_every_old_row(name: str) -> None:
    workflow = old_workflow(name)

    assert [] == [fault for body in calls(workflow, "v0.1") for fault in message_faults(body, "v0.1")]
    assert [] == [fault for body in calls(workflow, "v1") for fault in faults_of(body)]


@pytest.mark.parametrize("name", V1_ROWS)
def test_an_older_account_sends_a_v1_row_well_or_says_that_it_can_not(name: str) -> None:
    try:
        bodies = calls(v1_workflow(name), "v0.1")
    except NotExpressible:
        assert name not in OLD_ROWS
        return

    assert [] == [fault for body in bodies for fault in message_faults(body, "v0.1")]


@pytest.mark.parametrize("more", [{}, {"whatsapp": {"policy": "deterministic"}}], ids=["no options", "no locale"])
@pytest.mark.parametrize("engine", ["local", "provider"])
def test_a_template_that_the_beta_takes_without_a_language_goes_out_with_one(more: dict[str, Any], engine: str) -> None:
    item = {
        "from": {"type": "whatsapp", "number": "447700900001"},
        "to": {"type": "whatsapp", "number": "447700900000"},
        "message": {"content": {"type": "template", "template": {"name": "ns:n", "parameters": []}}, **more},
    }
    body = {"template": "failover", "workflow": [item], "engine": engine}
    workflow = workflow_of(StartType.WORKFLOW_BETA, body)
    handed = json.loads(build_handover(account(), workflow, authorization="", user_agent="").body)

    assert {"en_US"} == {each["whatsapp"]["locale"] for each in calls(workflow, "v1")}
    assert [] == [fault for each in calls(workflow, "v1") for fault in faults_of(each)]
    assert [] == [fault for each in calls(workflow, "v0.1") for fault in message_faults(each, "v0.1")]
    assert [] == workflow_faults(handed, "v0.1")


@pytest.mark.parametrize("name", V1_ROWS)
def test_a_v1_chain_may_be_handed_over_whole(name: str) -> None:
    handed = build_handover(account(), v1_workflow(name, "provider"), authorization="", user_agent="")
    body = json.loads(handed.body)

    assert ("/v1/messages", 1) == (handed.url.partition(".example")[2], len(body["failover"]))
    assert [] == faults_of(body)


@pytest.mark.parametrize("name", OLD_ROWS)
def test_a_dispatch_may_be_handed_over_whole(name: str) -> None:
    workflow = old_workflow(name)
    handed = build_handover(account(), workflow, authorization="", user_agent="")

    assert Engine.PROVIDER is workflow.engine
    assert "/v0.1/dispatch" == handed.url.partition(".example")[2]
    assert [] == workflow_faults(json.loads(handed.body), "v0.1")
