"""Bodies that no client should send, by the clients that check nothing: we refuse what the provider refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.credentials import old_node
from tests.clients.drivers import FIRST_V1_CLIENT, Call, Result, by_old_node
from tests.clients.stage import Stage

SMS = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Hello"}
RCS = {**SMS, "channel": "rcs"}
WHATSAPP = {**SMS, "channel": "whatsapp", "from": "447700900001"}
VIBER = {**SMS, "channel": "viber_service", "from": "16273"}
CARD = {"title": "One", "text": "The first", "media_url": "https://files.example/1.jpg"}

V1: dict[str, tuple[dict[str, Any], str]] = {
    "no text": ({**SMS, "text": None}, "text"),
    "a text too long": ({**VIBER, "text": "x" * 1001}, "text"),
    "a number with a plus": ({**SMS, "to": "+447700900000"}, "to"),
    "a channel of nobody": ({**SMS, "channel": "fax"}, "channel"),
    "a type that the channel has not": ({**SMS, "message_type": "image"}, "message_type"),
    "a reference too long": ({**SMS, "client_ref": "x" * 101}, "client_ref"),
    "a time to live too short": ({**SMS, "ttl": 0}, "ttl"),
    "a webhook to nowhere": ({**SMS, "webhook_url": "somewhere"}, "webhook_url"),
    "a version of nobody": ({**SMS, "webhook_version": "v2"}, "webhook_version"),
    "a carousel of one": ({**RCS, "message_type": "carousel", "carousel": {"cards": [CARD]}}, "carousel.cards"),
    "a reaction to nothing": ({**WHATSAPP, "message_type": "reaction", "reaction": {"action": "unreact"}}, "context"),
    "a sticker of two kinds": (
        {**WHATSAPP, "message_type": "sticker", "sticker": {"url": "https://files.example/a.webp", "id": "x"}},
        "sticker",
    ),
    "a video of no length": (
        {
            **VIBER,
            "message_type": "video",
            "video": {"url": "https://files.example/a.mp4", "thumb_url": "https://files.example/a.jpg"},
        },
        "viber_service",
    ),
    "a failover within a failover": ({**SMS, "failover": [{**SMS, "failover": [SMS]}]}, "failover"),
    "a failover of nothing": ({**SMS, "failover": []}, "failover"),
}
PERSON = {"type": "sms", "number": "447700900000"}
TEXT = {"content": {"type": "text", "text": "Hello"}}
V0_1: dict[str, tuple[list[Any], str]] = {
    "no recipient": ([{"type": "sms"}, PERSON, TEXT], "to.number"),
    "two channels": ([PERSON, {"type": "viber_service_msg", "id": "16273"}, TEXT], "from.type"),
    "no content": ([PERSON, PERSON, {}], "message.content"),
    "a type that the channel has not": (
        [PERSON, PERSON, {"content": {"type": "image", "image": {"url": "https://files.example/a.jpg"}}}],
        "message.content.type",
    ),
}


Refused = dict[str, tuple[Result, Result]]
"""What the client made of each body's refusal: by us, and by the sandbox."""


@pytest.fixture(scope="module")
def refused_v1(stage: Stage) -> Refused:
    calls: list[Call] = [{"call": "messages.send", "arguments": [body]} for body, _ in V1.values()]
    return dict(zip(V1, _both(FIRST_V1_CLIENT, stage, calls), strict=True))


@pytest.fixture(scope="module")
def refused_v0_1(stage: Stage) -> Refused:
    calls: list[Call] = [{"call": "channel.send", "arguments": arguments} for arguments, _ in V0_1.values()]
    return dict(zip(V0_1, _both("nexmo-2.7.0", stage, calls), strict=True))


def _both(package: str, stage: Stage, calls: list[Call]) -> Iterator[tuple[Result, Result]]:
    ours = by_old_node(package, stage.port("ingress"), old_node(stage.new), calls)
    theirs = by_old_node(package, stage.port("sandbox"), old_node(stage.direct), calls)
    return zip(ours, theirs, strict=True)


@pytest.mark.parametrize("name", V1)
def test_v1_bodies(refused_v1: Refused, name: str) -> None:
    for refused in refused_v1[name]:
        assert 422 == refused["raised"]["statusCode"], refused
        assert [each for each in _named(refused) if each.startswith(V1[name][1])], refused


@pytest.mark.parametrize("name", V0_1)
def test_v0_1_bodies(refused_v0_1: Refused, name: str) -> None:
    for refused in refused_v0_1[name]:
        assert 400 == refused["raised"]["statusCode"], refused
        assert [each for each in _named(refused) if each.startswith(V0_1[name][1])], refused


def _named(refused: Result) -> list[str]:
    return [str(each["name"]) for each in refused["raised"]["body"]["invalid_parameters"]]
