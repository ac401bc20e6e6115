"""The SMS API's older webhooks: by GET, as a form and as JSON they reach the queues as the bytes that came."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.vonage.legacy_signatures import Method, signature_of
from tests.support.ingress_room import EPOCH, Room
from tests.support.ingress_webhooks import provider_account

VONAGE = provider_account()
SECRET = VONAGE.signature_secrets[0]
FORM = "application/x-www-form-urlencoded"
RECEIPT = {
    "msisdn": "447700900000",
    "to": "Acme",
    "messageId": "0A00000012345678",
    "status": "delivered",
    "err-code": "0",
    "api-key": VONAGE.api_key,
    "timestamp": str(int(EPOCH)),
}
MESSAGE = {
    "msisdn": "447700900000",
    "to": "447700900001",
    "messageId": "0B00000012345678",
    "text": "Grüße & Küsse = 1",
    "type": "unicode",
    "api-key": VONAGE.api_key,
    "timestamp": str(int(EPOCH)),
}
KINDS = {"status": (RECEIPT, "receipt", "receipt"), "inbound": (MESSAGE, "inbound", "inbound")}


@pytest.fixture
def room() -> Room:
    return Room(VONAGE)


def signed(parameters: Mapping[str, str], secret: str = SECRET) -> dict[str, str]:
    return {**parameters, "sig": signature_of(parameters, secret=secret, method=Method.MD5_HASH)}


def ask(room: Room, kind: str, parameters: Mapping[str, str], form: str) -> Any:
    path = f"/webhooks/sms/{kind}"
    match form:
        case "get":
            return room.client.get(f"{path}?{urlencode(parameters)}")
        case "post-form":
            return room.client.post(path, data=urlencode(parameters), content_type=f"{FORM}; charset=utf-8")
        case "post-json":
            return room.client.post(path, data=json.dumps(parameters), content_type="application/json; charset=utf-8")
        case _:
            return room.client.post(f"{path}/?{urlencode(parameters)}")


@pytest.mark.parametrize("form", ["get", "post-form", "post-json", "post-query"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_way_to_send_one_leads_to_the_queue_of_its_kind(room: Room, kind: str, form: str) -> None:
    parameters, key, told = KINDS[kind]
    answer = ask(room, kind, signed(parameters), form)

    assert (200, b"") == (answer.status_code, answer.data)
    (message,) = room.broker.published
    assert ("cascade.receipts", key, "webhook.1") == (message.exchange, message.routing_key, message.type)
    assert {"x-cascade-account": "default", "x-cascade-legacy": told} == message.headers
    expected = json.dumps(signed(parameters)) if form == "post-json" else urlencode(signed(parameters))
    assert expected.encode() == message.body
    assert ("application/json" if form == "post-json" else FORM) == message.content_type


@pytest.mark.parametrize("form", ["get", "post-form", "post-json"])
def test_unsigned_is_503_and_wrongly_signed_401(room: Room, form: str) -> None:
    unsigned = ask(room, "status", RECEIPT, form)
    stranger = ask(room, "status", signed(RECEIPT, "another secret of 16 bytes"), form)
    changed = ask(room, "status", {**signed(RECEIPT), "status": "failed"}, form)

    assert (503, 401, 401) == (unsigned.status_code, stranger.status_code, changed.status_code)
    assert "signed webhooks" in unsigned.get_json()["detail"]
    assert [] == room.broker.published


def test_the_same_one_again_is_200(room: Room) -> None:
    assert [200, 200] == [ask(room, "status", signed(RECEIPT), "get").status_code for _ in range(2)]


def test_signed_and_unreadable_is_200_and_left_to_the_dispatcher(room: Room) -> None:
    strange = {"api-key": VONAGE.api_key, "timestamp": str(int(EPOCH)), "surprise": "1"}

    assert 200 == ask(room, "status", signed(strange), "get").status_code
    assert 1 == len(room.broker.published)


@pytest.mark.parametrize("kind", KINDS)
def test_whether_the_address_is_there_may_be_asked(room: Room, kind: str) -> None:
    path = f"/webhooks/sms/{kind}"
    asked = (
        room.client.get(path),
        room.client.post(path),
        room.client.head(f"{path}?{urlencode(signed(RECEIPT))}"),
    )

    assert [200, 200, 200] == [answer.status_code for answer in asked]
    assert [] == room.broker.published


def test_what_can_not_be_queued_is_sent_again(room: Room) -> None:
    room.broker.away = True
    answer = ask(room, "status", signed(RECEIPT), "get")

    assert 503 == answer.status_code
    assert "a repeated webhook does no harm" in answer.get_json()["detail"]


def test_a_signer_nobody_knows_is_not_thrown_away_while_the_store_is_away(room: Room) -> None:
    added = provider_account("added")
    parameters = {**RECEIPT, "api-key": added.api_key}
    header = signed(parameters, added.signature_secrets[0])
    assert 401 == ask(room, "status", header, "get").status_code

    room.store.away = True
    room.clock.at = 2.0
    assert 503 == ask(room, "status", header, "get").status_code

    room.store.away = False
    room.rows.change_directory(added)
    room.clock.at = 4.0
    assert 200 == ask(room, "status", header, "get").status_code
