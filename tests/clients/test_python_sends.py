"""Every message model of the provider's Python client, through us and straight to the sandbox, over TLS."""

from __future__ import annotations

import pytest

from tests.clients.credentials import python_token
from tests.clients.drivers import Call, Result, by_python
from tests.clients.sending import Sent, kinds_in, messages_in, send_both_ways
from tests.clients.stage import Stage

MESSAGES = messages_in("python_messages.json")


@pytest.fixture(scope="module")
def sent(stage: Stage) -> Sent:
    authority = stage.certificate.file

    def by_us(calls: list[Call]) -> list[Result]:
        return by_python(stage.ingress_over_tls, python_token(stage.new), calls, authority=authority)

    def directly(calls: list[Call]) -> list[Result]:
        return by_python(stage.sandbox_over_tls, python_token(stage.direct), calls, authority=authority)

    return send_both_ways(
        stage,
        MESSAGES,
        call=lambda message: {"call": "send", "message": message},
        by_us=by_us,
        directly=directly,
        uuid_of=lambda result: str(result["gave"]["message_uuid"]),
    )


def test_each_model_that_the_client_has_is_sent() -> None:
    [known] = by_python("", None, [{"call": "models"}])
    abstract = {"BaseMessage", "RcsSuggestionBase"}
    elsewhere = {"ReplyingIndicatorText"}  # no message: test_updates sends it

    assert sorted(set(known["gave"]) - abstract - elsewhere - set(kinds_in(MESSAGES, "model"))) == []


@pytest.mark.parametrize("name", MESSAGES)
def test_we_and_the_provider_take_it(sent: Sent, name: str) -> None:
    assert {} == sent.refusals(name)


@pytest.mark.parametrize("name", MESSAGES)
def test_the_provider_gets_what_the_client_sent(sent: Sent, name: str) -> None:
    asked, got = sent.asked_and_got(name)

    assert asked == got
