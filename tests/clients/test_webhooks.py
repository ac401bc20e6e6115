"""What Cascade tells a caller, verified with the functions that the provider's clients have for it."""

from __future__ import annotations

import hashlib

import jwt
import pytest

from tests.clients.credentials import old_node, python_token
from tests.clients.drivers import SDK_3, Call, by_old_node, by_python, by_sdk_3
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
    elsewhere = {**message, "webhook_version": "v0.1", "webhook_url": f"{stage.told.url}/elsewhere"}
    calls = [{"call": "send", "message": message}, {"call": "send", "message": elsewhere}]
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


@pytest.fixture(scope="module")
def verdicts(stage: Stage, told: dict[str, Arrival]) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return what each client says of each webhook, with the secret that signed it and with another one."""
    secrets = (stage.new.signature_secret, stage.old.signature_secret)
    calls: list[Call] = [
        {"call": "verify", "token": _token_of(told[kind]), "secret": secret} for kind in KINDS for secret in secrets
    ]
    said = {"python": by_python("", None, calls)} | {each: by_sdk_3(each, "", None, calls) for each in SDK_3}
    return {
        (client, kind): (results[2 * place]["gave"], results[2 * place + 1]["gave"])
        for client, results in said.items()
        for place, kind in enumerate(KINDS)
    }


def _token_of(arrival: Arrival) -> str:
    return arrival.headers["authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", ["python", *SDK_3])
def test_each_client_verifies_what_we_signed(
    verdicts: dict[tuple[str, str], tuple[bool, bool]], client: str, kind: str
) -> None:
    assert (True, False) == verdicts[client, kind]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_is_the_body_as_it_came(stage: Stage, told: dict[str, Arrival], kind: str) -> None:
    # The clients look at the token alone, and leave the body to whoever calls them.
    claims = jwt.decode(_token_of(told[kind]), options={"verify_signature": False})

    assert hashlib.sha256(told[kind].raw).hexdigest() == claims["payload_hash"]
    assert stage.new.api_key == claims["api_key"]


def test_a_message_says_where_its_statuses_go_and_in_which_version(told: dict[str, Arrival]) -> None:
    v1, v0_1 = told["v1 status"].body, told["v0.1 status"].body

    assert (RECIPIENT, "16273", "viber_service") == (v1["to"], v1["from"], v1["channel"])
    assert {"type": "viber_service_msg", "number": RECIPIENT} == v0_1["to"]
    assert {"type": "viber_service_msg", "id": "16273"} == v0_1["from"]
    assert ["/webhooks", "/webhooks/elsewhere"] == [told[kind].path for kind in ("v1 status", "v0.1 status")]
