"""The sandbox's webhooks over real HTTP: what is sent when, signed how, and tried again."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests

from tests.support.sandbox import Account, Sandbox, make_account, start_sandbox
from tests.support.waiting import wait_until
from tests.support.webhook_sink import Arrival, Sink, webhook_sink


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"), CASCADE_SANDBOX_RETRY_SCALE="0.02")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with webhook_sink() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def account(sandbox: Sandbox, sink: Sink) -> Account:
    made = make_account()
    sandbox.register(made, status_url=sink.url, inbound_url=f"{sink.url}/inbound")
    return made


def holds(arrival: Arrival, secret: str) -> bool:
    try:
        claims = claims_of(arrival, secret)
    except jwt.InvalidSignatureError:
        return False
    return bool(claims["payload_hash"] == hashlib.sha256(arrival.raw).hexdigest())


def claims_of(arrival: Arrival, secret: str) -> dict[str, Any]:
    scheme, _, token = arrival.headers["authorization"].partition(" ")

    assert scheme == "Bearer"
    return jwt.decode(token, secret, algorithms=["HS256"], issuer="Vonage")


def sent(sandbox: Sandbox, account: Account, **fields: Any) -> str:
    response = sandbox.send(account, **fields)

    assert response.status_code == 202, response.text
    return str(response.json()["message_uuid"])


def test_a_status_is_signed_as_the_provider_signs(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    message = sent(sandbox, account, channel="sms", to="447700900123", client_ref="ref.1.1", text="Zażółć")
    submitted, delivered = wait_until(lambda: sink.of(message)[:2] if len(sink.of(message)) > 1 else [])

    claims = claims_of(submitted, account.signature_secret)
    assert {"iat", "jti", "iss", "payload_hash", "api_key", "application_id"} == set(claims)
    assert (account.api_key, account.application_id) == (claims["api_key"], claims["application_id"])
    assert holds(submitted, account.signature_secret)
    assert holds(delivered, account.signature_secret)
    assert claims["jti"] != claims_of(delivered, account.signature_secret)["jti"]
    assert submitted.headers["content-type"] == "application/json"
    assert {
        "message_uuid": message,
        "channel": "sms",
        "to": "447700900123",
        "from": "447700900001",
        "status": "submitted",
        "client_ref": "ref.1.1",
        "usage": {"currency": "EUR", "price": "0.0333"},
        "destination": {"network_code": "23410"},
        "sms": {"count_total": "1"},
    } == {name: value for name, value in submitted.body.items() if name != "timestamp"}
    assert submitted.body["timestamp"] <= delivered.body["timestamp"]


DIGITS = {
    "000": ["submitted", "delivered", "read"],
    "002": ["submitted", "undeliverable"],
    "003": ["submitted"],
    "004": ["submitted"],
    "008": ["delivered", "delivered", "submitted", "submitted"],
    "009": ["submitted", "rejected"],
    "123": ["submitted", "delivered"],
}


def test_the_digits_of_the_recipient_decide_what_follows(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    sandbox_uuids = {
        digits: sent(sandbox, account, channel="viber_service", to=f"447700900{digits}", client_ref=f"{digits}.1.1")
        for digits in DIGITS
    }
    begun = time.monotonic()
    wait_until(lambda: all(len(sink.of(sandbox_uuids[digits])) >= len(expected) for digits, expected in DIGITS.items()))

    assert time.monotonic() - begun < 3
    assert DIGITS == {digits: sink.statuses(uuid) for digits, uuid in sandbox_uuids.items()}
    assert {True} == {
        holds(arrival, account.signature_secret) for uuid in sandbox_uuids.values() for arrival in sink.of(uuid)
    }
    undeliverable = sink.of(sandbox_uuids["002"])[1].body
    assert ("1260", "0.0000") == (undeliverable["error"]["title"], undeliverable["usage"]["price"])
    assert {"type", "title", "detail", "instance"} == set(undeliverable["error"])


def test_one_is_refused_at_once(sandbox: Sandbox, account: Account) -> None:
    response = sandbox.send(account, channel="viber_service", to="447700900001")

    assert response.status_code == 422
    assert response.json()["type"].endswith("#1430")
    assert sandbox.messages(to="447700900001", channel="viber_service") == []


@pytest.mark.parametrize(("digit", "refusals"), [("5", [429]), ("6", [503, 503])])
def test_five_and_six_are_busy_before_they_are_fine(
    sandbox: Sandbox, account: Account, digit: str, refusals: list[int]
) -> None:
    to = f"44770090000{digit}"
    responses = [
        sandbox.send(account, channel="messenger", to=to, client_ref=f"busy{digit}.1.{attempt}")
        for attempt in range(1, len(refusals) + 2)
    ]

    assert [*refusals, 202] == [response.status_code for response in responses]
    assert {"1"} == {response.headers["Retry-After"] for response in responses[:-1]}
    assert 1 == len(sandbox.messages(to=to))


def test_seven_takes_the_message_and_cuts_the_connection(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    with pytest.raises(requests.ConnectionError):
        sandbox.send(account, channel="viber_service", to="447700900007")

    (message,) = sandbox.messages(to="447700900007")
    wait_until(lambda: sink.statuses(message["message_uuid"]) == ["submitted", "delivered"])


def test_a_one_before_the_digit_makes_the_signatures_wrong_and_they_are_not_tried_again(
    sandbox: Sandbox, account: Account
) -> None:
    with webhook_sink(answers=[401]) as strict:
        message = sent(
            sandbox, account, channel="viber_service", to="447700900010", client_ref="w.1.1", webhook_url=strict.url
        )
        wait_until(lambda: len(strict.of(message)) == 3)

        assert [False] * 3 == [holds(arrival, account.signature_secret) for arrival in strict.of(message)]
        shown = wait_until(lambda: [s for s in sandbox.messages(client_ref="w.1.1") if len(s["statuses"]) == 3])
        assert [("wrong", 401, 1)] * 3 == [
            (status["signature"], status["answer"], status["attempt"]) for status in shown[0]["statuses"]
        ]


def test_a_webhook_is_tried_again_after_503_429_and_nobody_there_until_it_is_taken(
    sandbox: Sandbox, account: Account
) -> None:
    with webhook_sink(answers=[503, 429, 200]) as moody:
        sandbox.script("447700900701", {"sms": [{"receipts": [{"status": "delivered", "after": 0}]}]})
        message = sent(sandbox, account, channel="sms", to="447700900701", webhook_url=moody.url)
        arrivals = wait_until(lambda: moody.of(message) if len(moody.of(message)) == 3 else [])

        assert 1 == len({arrival.raw for arrival in arrivals})
        assert {True} == {holds(arrival, account.signature_secret) for arrival in arrivals}
        (shown,) = wait_until(
            lambda: [found for found in sandbox.messages(to="447700900701") if len(found["statuses"]) == 3]
        )
        assert [(1, 503), (2, 429), (3, 200)] == [(sent["attempt"], sent["answer"]) for sent in shown["statuses"]]

    unheard = sent(sandbox, account, channel="sms", to="447700900701", webhook_url=moody.url)
    shown = wait_until(
        lambda: next(
            (found for found in sandbox.messages() if found["message_uuid"] == unheard and len(found["statuses"]) > 1),
            {},
        )
    )
    assert ("ConnectionError", None) == (shown["statuses"][0]["error"], shown["statuses"][0]["answer"])


def test_a_script_says_which_receipts_come_when_how_often_and_signed_how(
    sandbox: Sandbox, account: Account, sink: Sink
) -> None:
    to = "447700900702"
    receipts = [
        {"status": "rejected", "after": 0.6, "code": 1240},
        {"status": "submitted", "after": 0.1, "times": 2, "signature": "wrong"},
        {"status": "submitted", "after": 0.3, "signature": "none"},
    ]
    sandbox.script(to, {"*": [{"receipts": receipts}]})
    message = sent(sandbox, account, channel="sms", to=to)
    arrivals = wait_until(lambda: sink.of(message) if len(sink.of(message)) == 4 else [])

    assert ["submitted", "submitted", "submitted", "rejected"] == sink.statuses(message)
    assert [False, False] == [holds(arrival, account.signature_secret) for arrival in arrivals[:2]]
    assert arrivals[0].raw == arrivals[1].raw
    assert "authorization" not in arrivals[2].headers
    assert holds(arrivals[3], account.signature_secret)
    assert "1240" == arrivals[3].body["error"]["title"]


def test_a_receipt_may_come_before_the_answer(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    to = "447700900703"
    sandbox.script(to, {"sms": [{"delay": 1.0, "receipts": [{"status": "delivered", "after": 0}]}]})
    before = len(sink.arrivals)
    begun = time.monotonic()

    message = sent(sandbox, account, channel="sms", to=to)

    assert time.monotonic() - begun >= 1
    assert ["delivered"] == [
        arrival.body["status"] for arrival in sink.arrivals[before:] if arrival.body["message_uuid"] == message
    ]


def test_receipts_of_a_basic_call_name_no_application(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    response = requests.post(
        f"{sandbox.url}/v1/messages",
        json={"channel": "sms", "message_type": "text", "to": "447700900123", "from": "Acme", "text": "Hello"},
        auth=(account.api_key, account.api_secret),
        timeout=10,
    )
    (first, *_) = wait_until(lambda: sink.of(response.json()["message_uuid"]))

    assert "application_id" not in claims_of(first, account.signature_secret)


def test_a_reply_is_an_inbound_message_of_the_application_that_wrote(
    sandbox: Sandbox, account: Account, sink: Sink
) -> None:
    sent(sandbox, account, channel="sms", to="447700900704", client_ref="asked.1.1")
    reply = {"channel": "sms", "to": "447700900001", "from": "447700900704", "text": "Stop please"}
    message = sandbox.call("POST", "/sandbox/reply", reply, expected=202)["message_uuid"]
    (arrival,) = wait_until(lambda: sink.of(message))

    assert "/webhooks/inbound" == arrival.path
    assert holds(arrival, account.signature_secret)
    assert ("STOP", "1") == (arrival.body["sms"]["keyword"], arrival.body["sms"]["num_messages"])
    assert {**reply, "message_type": "text", "client_ref": "asked.1.1"}.items() <= arrival.body.items()


def test_a_reply_to_nobody_is_refused(sandbox: Sandbox, account: Account) -> None:
    other = make_account()
    sandbox.register(other, status_url="http://127.0.0.1:9/", inbound_url="http://127.0.0.1:9/")
    reply = {"channel": "sms", "to": "1", "from": "2", "text": "?"}

    answer: Any = sandbox.call("POST", "/sandbox/reply", reply, expected=422)

    assert ["application_id"] == [fault["name"] for fault in answer["invalid_parameters"]]


def test_a_receiver_tells_whether_each_signature_held(sandbox: Sandbox) -> None:
    caller = make_account()
    sandbox.call(
        "PUT", "/sandbox/callback-secrets", {"secrets": {caller.api_key: caller.signature_secret}}, expected=204
    )
    sandbox.call("PUT", "/sandbox/callbacks/shop", {"answers": [500, 500, 200]}, expected=204)
    body = b'{"status":"delivered"}'
    claims = {
        "iat": int(time.time()),
        "jti": "1",
        "iss": "Vonage",
        "api_key": caller.api_key,
        "payload_hash": hashlib.sha256(body).hexdigest(),
    }
    signed = {
        "Authorization": "Bearer " + jwt.encode(claims, caller.signature_secret, algorithm="HS256"),
        "Webhook-Id": "one",
    }

    answers = [
        requests.post(f"{sandbox.url}/sandbox/callbacks/shop", data=content, headers=headers, timeout=10).status_code
        for content, headers in [
            (body, {"Authorization": signed["Authorization"]}),
            (b"not JSON", {"Authorization": signed["Authorization"]}),
            (body, {}),
            (body, signed),
        ]
    ]

    received = sandbox.call("GET", "/sandbox/callbacks/shop")
    assert [500, 500, 200, 200] == answers == [entry["answer"] for entry in received]
    assert ["good", "wrong", "none", "wrong"] == [entry["signature"] for entry in received]
    assert {"provider": "good", "standard": "wrong"} == received[3]["signatures"]
    assert [{"status": "delivered"}, "not JSON"] == [entry["body"] for entry in received[:2]]
    assert [None, "one"] == [entry["webhook_id"] for entry in received[2:]]
    assert received[0]["headers"]["authorization"] == signed["Authorization"]
    sandbox.call("DELETE", "/sandbox/callbacks/shop", expected=204)
    assert sandbox.call("GET", "/sandbox/callbacks/shop") == []
