"""What else the provider's Python client does with a message: failover, Basic, exceptions, and sending again."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from deploy.ports import free_port
from tests.clients.credentials import python_basic, python_token
from tests.clients.drivers import Call, Result, by_python
from tests.clients.sending import messages_in
from tests.clients.stage import Stage, another_ingress, ingress_over_tls
from tests.support.tls_front import tls_front
from tests.support.waiting import wait_until

MESSAGES = messages_in("python_messages.json")
SMS = {"call": "send", "message": MESSAGES["Sms"]}


def _calls(stage: Stage, *calls: Call, auth: dict[str, str] | None = None, host: str | None = None) -> list[Result]:
    return by_python(
        host or stage.ingress_over_tls, auth or python_token(stage.new), calls, authority=stage.certificate.file
    )


def test_a_failover_goes_on_to_the_second_message(stage: Stage) -> None:
    viber = {**MESSAGES["ViberText"], "to": "447700900002", "client_ref": "the first"}
    sms = {**MESSAGES["Sms"], "to": "447700900002", "client_ref": "the second"}
    [sent] = _calls(stage, {"call": "send", "message": viber, "failover": [sms]})
    first = sent["gave"]["message_uuid"]

    assert sent["gave"]["workflow_id"] == f"{first[:-2]}00"
    assert "viber_service" == stage.sent_by_us(first)["channel"]
    assert "sms" == stage.sent_by_us(f"{first[:-2]}02")["channel"]


def test_a_single_message_has_no_workflow_id_as_with_the_provider(stage: Stage) -> None:
    [sent] = _calls(stage, SMS)

    assert sent["gave"]["workflow_id"] is None


def test_basic_does_as_well_as_a_token(stage: Stage) -> None:
    directly = {**SMS, "host": stage.sandbox_over_tls, "auth": python_basic(stage.direct)}
    ours, theirs = _calls(stage, SMS, directly, auth=python_basic(stage.new))

    assert "Grüße, 世界 👋" == stage.sent_by_us(ours["gave"]["message_uuid"])["body"]["text"]
    assert "Grüße, 世界 👋" == stage.sent_directly(theirs["gave"]["message_uuid"])["body"]["text"]


def test_wrong_credentials_are_an_authentication_error(stage: Stage) -> None:
    strangers_key = {**python_token(stage.new), "private_key": python_token(stage.old)["private_key"]}
    wrong_secret = {**python_basic(stage.new), "api_secret": "not it"}
    nobody = {**python_token(stage.new), "application_id": str(uuid.uuid4())}

    hosts = (stage.ingress_over_tls, stage.sandbox_over_tls)
    wrong = (strangers_key, wrong_secret, nobody)
    refused = _calls(stage, *({**SMS, "host": host, "auth": auth} for host in hosts for auth in wrong))

    assert [("AuthenticationError", 401)] * 6 == [(each["raised"], each["status"]) for each in refused]
    assert [] == [each for each in refused if not (each["problem"]["title"] and each["problem"]["detail"])]


def test_a_body_that_the_client_let_pass_is_refused_with_the_fields_named(stage: Stage) -> None:
    without_channel = {"call": "send", "message": {"model": "BaseMessage", "to": "447700900000"}}
    directly = {**without_channel, "host": stage.sandbox_over_tls, "auth": python_token(stage.direct)}

    for refused in _calls(stage, without_channel, directly):
        assert ("HttpRequestError", 422) == (refused["raised"], refused["status"])
        assert {"channel", "message_type"} <= {each["name"] for each in refused["problem"]["invalid_parameters"]}


def test_a_message_that_nobody_knows_is_not_found(stage: Stage) -> None:
    strange = str(uuid.uuid4())
    calls: tuple[Call, ...] = ({"call": "read", "message_uuid": strange}, {"call": "revoke", "message_uuid": strange})

    for refused in _calls(stage, *calls):
        assert ("NotFoundError", 404) == (refused["raised"], refused["status"])
        assert strange in refused["problem"]["detail"]


def test_an_ingress_without_a_broker_says_503_and_nothing_is_sent(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("no-broker")
    nowhere = f"amqp://nobody:nothing@127.0.0.1:{free_port()}/"
    with ingress_over_tls(stage.deployment, folder, stage.certificate, broker_url=nowhere) as host:
        [refused] = _calls(stage, SMS, host=host)

    assert ("HttpRequestError", 503) == (refused["raised"], refused["status"])
    assert refused["problem"]["detail"]


def test_the_sandbox_raises_in_the_client_what_the_provider_would(stage: Stage) -> None:
    raised = {
        402: "HttpRequestError",
        403: "ForbiddenError",
        422: "HttpRequestError",
        429: "RateLimitedError",
        500: "ServerError",
        503: "HttpRequestError",
    }
    calls = []
    for status in raised:
        recipient = f"4477009{status}77"
        stage.deployment.script(recipient, {"*": [{"answer": status}]})
        calls.append({"call": "send", "message": {**MESSAGES["Sms"], "to": recipient}})
    refused = _calls(stage, *calls, auth=python_token(stage.direct), host=stage.sandbox_over_tls)

    assert raised == {each["status"]: each["raised"] for each in refused}


def test_a_client_whose_answers_are_lost_sends_again_to_another_ingress_and_one_workflow_comes_of_it(
    stage: Stage, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex
    message = {**MESSAGES["Sms"], "text": mark}
    with another_ingress(stage.deployment, tmp_path) as other:
        urls = (stage.deployment.ingress, other)
        with tls_front(stage.certificate, *urls, swallow=6) as front:
            [sent] = _calls(stage, {"call": "send", "message": message}, host=front.address)
    tried = front.requests
    received = stage.sent_by_us(sent["gave"]["message_uuid"])

    assert 7 == len(tried)
    assert 1 == len(set(tried)), "the client sends the very same request, token and all"
    assert mark == received["body"]["text"]
    # A second message, sent when the first has long been taken, shows that none of the re-sends was a third.
    [after] = _calls(stage, {"call": "send", "message": {**message, "client_ref": "another"}})
    stage.sent_by_us(after["gave"]["message_uuid"])
    assert wait_until(lambda: 2 == len(_received_with(stage, mark)), 30)


def _received_with(stage: Stage, mark: str) -> list[dict[str, Any]]:
    return stage.deployment.received(mark)
