"""What else @vonage/server-sdk 3.x does with a message: failover, Basic, TLS, errors."""

from __future__ import annotations

import uuid

import pytest

from tests.clients.credentials import node_basic, node_token
from tests.clients.drivers import SDK_3, Call, Result, by_sdk_3
from tests.clients.sending import messages_in
from tests.clients.stage import Stage

MESSAGES = messages_in("node_messages.json")
SMS = {"call": "send", "message": MESSAGES["SMS"]}

pytestmark = pytest.mark.parametrize("package", SDK_3)


def _calls(package: str, stage: Stage, *calls: Call, auth: dict[str, str] | None = None) -> list[Result]:
    return by_sdk_3(package, stage.deployment.ingress, auth or node_token(stage.new), calls)


def test_a_failover_goes_on_to_the_second_message(package: str, stage: Stage) -> None:
    viber = {**MESSAGES["ViberText"], "to": "447700900002"}
    sms = {**MESSAGES["SMS"], "to": "447700900002"}
    [sent] = _calls(package, stage, {"call": "send", "message": viber, "failover": [sms]})
    first = sent["gave"]["messageUUID"]

    assert "viber_service" == stage.sent_by_us(first)["channel"]
    assert "sms" == stage.sent_by_us(f"{first[:-2]}02")["channel"]


def test_basic_does_as_well_as_a_token(package: str, stage: Stage) -> None:
    [ours] = _calls(package, stage, SMS, auth=node_basic(stage.new))
    [theirs] = by_sdk_3(package, stage.deployment.sandbox, node_basic(stage.direct), [SMS])

    assert "Grüße, 世界 👋" == stage.sent_by_us(ours["gave"]["messageUUID"])["body"]["text"]
    assert "Grüße, 世界 👋" == stage.sent_directly(theirs["gave"]["messageUUID"])["body"]["text"]


def test_it_may_come_over_tls(package: str, stage: Stage) -> None:
    address = f"https://{stage.ingress_over_tls}"
    trusted = str(stage.certificate.file)
    [sent] = by_sdk_3(package, address, node_token(stage.new), [SMS], NODE_EXTRA_CA_CERTS=trusted)

    assert "sms" == stage.sent_by_us(sent["gave"]["messageUUID"])["channel"]


def test_refusals_are_the_clients_errors_with_our_problem_in_them(package: str, stage: Stage) -> None:
    strange = str(uuid.uuid4())
    no_text = {
        "call": "send",
        "message": {"channel": "sms", "messageType": "text", "to": "447700900000", "from": "Acme"},
    }
    strangers_key = {**node_token(stage.new), "privateKey": node_token(stage.old)["privateKey"]}
    [unknown, bad] = _calls(package, stage, {"call": "update", "uuid": strange, "status": "read"}, no_text)
    [stranger] = _calls(package, stage, SMS, auth=strangers_key)

    assert [404, 422, 401] == [each["status"] for each in (unknown, bad, stranger)]
    assert strange in unknown["problem"]["detail"]
    assert ["text"] == [each["name"] for each in bad["problem"]["invalid_parameters"]]
    assert stranger["problem"]["detail"]


def test_the_sandbox_refuses_as_the_provider_would(package: str, stage: Stage) -> None:
    statuses = (402, 403, 422, 429, 500, 503)
    recipients = {status: f"4477009{status}88" for status in statuses}
    for status, recipient in recipients.items():
        stage.deployment.script(recipient, {"*": [{"answer": status}]})
    calls = [{"call": "send", "message": {**MESSAGES["SMS"], "to": each}} for each in recipients.values()]
    refused = by_sdk_3(package, stage.deployment.sandbox, node_token(stage.direct), calls)

    assert [*statuses] == [each["status"] for each in refused]
    assert [] == [each for each in refused if not each["problem"]["title"]]
