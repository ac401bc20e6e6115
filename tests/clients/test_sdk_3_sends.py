"""Every message class of @vonage/server-sdk 3.x, through us and straight to the sandbox."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from tests.clients.credentials import node_token
from tests.clients.drivers import SDK_3, Call, Result, by_sdk_3
from tests.clients.sending import Sent, kinds_in, messages_in, send_both_ways
from tests.clients.stage import Stage

MESSAGES = messages_in("node_messages.json")
NOT_YET = {"server-sdk-3.27.0": frozenset({"EmailText", "EmailHTML", "EmailContent"})}
"""Classes that an older release lacks."""


def _messages(package: str) -> list[str]:
    lacking = NOT_YET.get(package, frozenset())
    return [name for name, message in MESSAGES.items() if message.get("class") not in lacking]


CASES = [pytest.param(package, name, id=f"{package} {name}") for package in SDK_3 for name in _messages(package)]


@pytest.fixture(scope="module")
def sent_with(stage: Stage) -> Callable[[str], Sent]:
    """Return what sends all messages with a client, the first time it is asked to."""
    return functools.cache(lambda package: _send(package, stage))


def _send(package: str, stage: Stage) -> Sent:
    def by_us(calls: list[Call]) -> list[Result]:
        return by_sdk_3(package, stage.deployment.ingress, node_token(stage.new), calls)

    def directly(calls: list[Call]) -> list[Result]:
        return by_sdk_3(package, stage.deployment.sandbox, node_token(stage.direct), calls)

    return send_both_ways(
        stage,
        {name: MESSAGES[name] for name in _messages(package)},
        call=lambda message: {"call": "send", "message": message},
        by_us=by_us,
        directly=directly,
        uuid_of=lambda result: str(result["gave"]["messageUUID"]),
    )


@pytest.mark.parametrize("package", SDK_3)
def test_each_class_that_the_client_has_is_sent(package: str) -> None:
    [known] = by_sdk_3(package, "", None, [{"call": "classes"}])
    concrete = {name for name in known["gave"] if "Abstract" not in name and name != "Messages"}
    used = {name for message in _messages(package) for name in kinds_in(MESSAGES[message], "class")}

    assert concrete == used


@pytest.mark.parametrize(("package", "name"), CASES)
def test_we_and_the_provider_take_it(sent_with: Callable[[str], Sent], package: str, name: str) -> None:
    assert {} == sent_with(package).refusals(name)


@pytest.mark.parametrize(("package", "name"), CASES)
def test_the_provider_gets_what_the_client_sent(sent_with: Callable[[str], Sent], package: str, name: str) -> None:
    asked, got = sent_with(package).asked_and_got(name)

    assert asked == got
