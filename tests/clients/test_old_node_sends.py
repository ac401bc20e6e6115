"""Every message that the old Node clients can send, through us and straight to the sandbox.

Those that speak v0.1 and beta have no classes: each type of these generations is an argument. The first that spoke v1
has classes of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.credentials import old_node
from tests.clients.drivers import BETA_CLIENT, FIRST_V1_CLIENT, INSTALLED, V0_1_CLIENTS, Call, Result, by_old_node
from tests.clients.sending import Sent, messages_in, send_both_ways
from tests.clients.stage import Stage

V0_1 = messages_in("v0_1_messages.json")
V1 = messages_in("node_2_messages.json")
BETA = {name: message for name, message in V0_1.items() if not name.startswith("mms")}
"""The beta had no MMS."""
MESSAGES: dict[str, dict[str, Any]] = dict.fromkeys(V0_1_CLIENTS, V0_1) | {
    BETA_CLIENT: BETA,
    FIRST_V1_CLIENT: V1,
}
CASES = [pytest.param(each, name, id=f"{each} {name}") for each, messages in MESSAGES.items() for name in messages]


@pytest.fixture(scope="module")
def sent_with(stage: Stage) -> Callable[[str], Sent]:
    """Return what sends all messages with a client, the first time it is asked to."""
    return functools.cache(lambda package: _send(package, stage))


def _send(package: str, stage: Stage) -> Sent:
    first_v1 = package == FIRST_V1_CLIENT
    named = {name: {"class": name, "arguments": each} for name, each in V1.items()} if first_v1 else MESSAGES[package]
    caller = stage.new if first_v1 else stage.old

    def by_us(calls: list[Call]) -> list[Result]:
        return by_old_node(package, stage.port("ingress"), old_node(caller), calls)

    def directly(calls: list[Call]) -> list[Result]:
        return by_old_node(package, stage.port("sandbox"), old_node(stage.direct), calls)

    def call(message: Any) -> Call:
        if first_v1:
            return {"call": "messages.send", "arguments": [message]}
        return {"call": "channel.send", "arguments": message}

    return send_both_ways(
        stage, named, call=call, by_us=by_us, directly=directly, uuid_of=lambda result: result["gave"]["message_uuid"]
    )


def test_each_class_of_the_first_client_for_v1_is_sent() -> None:
    folder = INSTALLED / "node" / "node_modules" / FIRST_V1_CLIENT / "lib" / "Messages"
    classes = {path.stem for path in folder.glob("*.js") if not path.stem.endswith("Object")}

    assert classes == set(V1)


@pytest.mark.parametrize(("package", "name"), CASES)
def test_we_and_the_provider_take_it(sent_with: Callable[[str], Sent], package: str, name: str) -> None:
    assert {} == sent_with(package).refusals(name)


@pytest.mark.parametrize(("package", "name"), CASES)
def test_the_provider_gets_what_the_client_sent(sent_with: Callable[[str], Sent], package: str, name: str) -> None:
    asked, got = sent_with(package).asked_and_got(name)

    assert asked == got
