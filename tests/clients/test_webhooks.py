"""What Cascade tells a caller, verified with the functions that the provider's clients have for it."""

from __future__ import annotations

import hashlib

import jwt
import pytest

from tests.clients.credentials import old_node, python_token
from tests.clients.drivers import SDK_3, by_old_node, by_python, by_sdk_3
from tests.clients.sending import messages_in
from tests.clients.stage import Stage
from tests.support.deployment import viber_then_sms
from tests.support.waiting import wait_until
from tests.support.webhook_sink import Arrival

KINDS = ("v1 status", "v0.1 status", "inbound", "final report")
RECIPIENT = "447700900300"


@pytest.fixture(scope="module")
def told(stage: Stage) -> dict[str, Arrival]:
    """Return one webhook of each kind."""
    message = {**messages_in("python_messages.json")["ViberText"], "to": RECIPIENT}
    calls = [{"call": "send", "message": message}, {"call": "send", "message": {**message, "webhook_version": "v0.1"}}]
    sent = by_python(stage.ingress_over_tls, python_token(stage.new), calls, authority=stage.certificate.file)
    v1, v0_1 = (str(each["gave"]["message_uuid"]) for each in sent)
    workflow = viber_then_sms(RECIPIENT, mark="reported")["workflow"]
    create = {"call": "dispatch.create", "arguments": ["failover", workflow]}
    [dispatched] = by_old_node("nexmo-2.7.0", stage.port("ingress"), old_node(stage.new), [create])
    stage.sent_by_us(v1)
    answer = stage.write_back(stage.new_at_provider, "viber_service", RECIPIENT, "16273")
    return {
        "v1 status": wait_until(lambda: stage.told.of(v1), 60)[0],
        "v0.1 status": wait_until(lambda: stage.told.of(v0_1), 60)[0],
        "inbound": wait_until(lambda: stage.told.of(answer), 60)[0],
        "final report": wait_until(lambda: _reports(stage, dispatched["gave"]["dispatch_uuid"]), 60)[0],
    }


def _reports(stage: Stage, dispatch_uuid: str) -> list[Arrival]:
    arrivals = list(stage.told.arrivals)
    return [arrival for arrival in arrivals if arrival.body.get("dispatch_uuid") == dispatch_uuid]


def _verdicts(token: str, secret: str) -> dict[str, object]:
    """Return what each client says of a token."""
    calls = [{"call": "verify", "token": token, "secret": secret}]
    said = {package: by_sdk_3(package, "", None, calls)[0]["gave"] for package in SDK_3}
    return {"python": by_python("", None, calls)[0]["gave"], **said}


@pytest.mark.parametrize("kind", KINDS)
def test_each_client_verifies_what_we_signed(stage: Stage, told: dict[str, Arrival], kind: str) -> None:
    arrival = told[kind]
    token = arrival.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False})

    assert {True} == set(_verdicts(token, stage.new.signature_secret).values())
    assert {False} == set(_verdicts(token, stage.old.signature_secret).values())
    # The clients leave the body to who calls them.
    assert hashlib.sha256(arrival.raw).hexdigest() == claims["payload_hash"]
    assert stage.new.api_key == claims["api_key"]


def test_the_bodies_are_of_the_version_that_was_asked_for(told: dict[str, Arrival]) -> None:
    v1, v0_1 = told["v1 status"].body, told["v0.1 status"].body

    assert (RECIPIENT, "16273", "viber_service") == (v1["to"], v1["from"], v1["channel"])
    assert {"type": "viber_service_msg", "number": RECIPIENT} == v0_1["to"]
    assert {"type": "viber_service_msg", "id": "16273"} == v0_1["from"]
