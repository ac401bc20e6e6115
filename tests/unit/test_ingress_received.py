"""GET of a message that somebody wrote to us: where its webhook says, for its own tenant alone."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.dispatcher.inbound import inbound_piece
from services.dispatcher.ports import Delivery
from services.dispatcher.work import InboundRead
from shared.store.directory import Directory, Tenant
from shared.store.records import Batch, Turn
from shared.vonage.webhooks import read_inbound
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_room import EPOCH, Room

ACME = MadeUpCaller(tenant="acme")
OTHER = MadeUpCaller(tenant="other")
UUID = "9b1c6a1e-2f5b-4c1d-8a57-0b5f0f1c2d3e"
WEBHOOK: dict[str, Any] = {
    "channel": "whatsapp",
    "message_uuid": UUID,
    "to": "447000000000",
    "from": "447700900001",
    "timestamp": "2026-03-02T10:00:00Z",
    "message_type": "text",
    "text": "hällo",
    "size": 12345678901234567890123,
    "_self": {"href": f"https://api-eu.vonage.com/v1/messages/{UUID}"},
}


@pytest.fixture
def room() -> Room:
    return Room(ACME, OTHER)


def came_in(room: Room) -> dict[str, Any]:
    """Let a dispatcher keep the message for acme, which has no inbound address; return what it would have told."""
    raw = json.dumps(WEBHOOK).encode()
    delivery = Delivery(
        token=1,
        queue="cascade.inbound",
        exchange="cascade.receipts",
        routing_key="inbound",
        type="webhook.1",
        message_id="m",
        user_id=None,
        reply_to=None,
        correlation_id=None,
        content_type=None,
        content_encoding=None,
        headers={},
        body=raw,
    )
    piece = inbound_piece(
        InboundRead(account="default", message=read_inbound(raw), raw=raw, delivery=delivery),
        turn=Turn(now=EPOCH, workflows={}, by_provider_uuid={}, attempts={}, suppressed=frozenset(), tombstones={}),
        directory=Directory(now=EPOCH, deployment_secret=b"", tenants={"acme": Tenant(name="acme")}),
        owner="d-1",
        public_url="https://cascade.example",
    )
    room.rows.commit(Batch(inbound=piece.inbound))
    told: dict[str, Any] = json.loads(piece.inbound[0].raw)
    return told


def get(room: Room, path: str, caller: MadeUpCaller = ACME) -> Any:
    return room.client.get(path, headers=room.headers(caller))


def test_the_address_in_a_webhook_shows_the_message(room: Room) -> None:
    told = came_in(room)
    answer = get(room, urlsplit(told["_self"]["href"]).path)

    assert (200, "application/json") == (answer.status_code, answer.content_type)
    assert {
        "message_uuid": UUID,
        "direction": "inbound",
        "channel": "whatsapp",
        "to": "447000000000",
        "from": "447700900001",
        "received_at": "2026-09-21T14:13:20.000Z",
        "webhook": {**WEBHOOK, "_self": {"href": f"https://cascade.example/v1/messages/{UUID}"}},
    } == answer.get_json()


@pytest.mark.parametrize("path", ["/v1/messages", "/v0.1/messages", "/beta/messages"])
def test_it_is_there_for_every_generation_in_any_case_of_letters(room: Room, path: str) -> None:
    came_in(room)

    assert UUID == get(room, f"{path}/{UUID.upper()}").get_json()["message_uuid"]


def test_another_tenants_and_the_address_of_something_else_are_404(room: Room) -> None:
    came_in(room)
    problem = get(room, f"/v1/messages/{UUID}", OTHER).get_json()
    unknown = get(room, f"/v1/messages/{UUID}0", OTHER)

    assert 404 == unknown.status_code
    assert f"There is no message or workflow of yours with the id {UUID!r}." == problem["detail"].replace('"', "'")
    for path in (f"/v1/workflows/{UUID}", f"/v0.1/dispatch/{UUID}", f"/workflows/{UUID}"):
        assert 404 == get(room, path).status_code
    assert 404 == get(room, f"/v1/messages/{UUID}/timeline").status_code


def test_while_the_store_is_away_nobody_is_told_that_it_is_not_there(room: Room) -> None:
    came_in(room)
    assert 200 == get(room, f"/v1/messages/{UUID}").status_code
    room.store.away = True

    assert 503 == get(room, f"/v1/messages/{UUID}").status_code
