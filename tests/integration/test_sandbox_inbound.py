"""People write to applications, in each generation and in the old words of the SMS API; messages are updated; TLS."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from services.sandbox.inbound_content import KINDS
from tests.support.certificates import self_signed
from tests.support.sandbox import Account, Sandbox, make_account, start_sandbox
from tests.support.sandbox_samples import MEDIA, v0_1_sample, v1_sample
from tests.support.waiting import wait_until
from tests.support.webhook_sink import Arrival, Sink, webhook_sink

PERSON, OWN, NOBODY = "447700900704", "447700900001", "0c9d6f0a-3b1c-4a56-9a10-6b7c8d9e0f11"
READ, REVOKED = {"status": "read"}, {"status": "revoked"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with webhook_sink() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def old_sink() -> Iterator[Sink]:
    """Where the SMS API writes: not all of it is JSON."""
    with webhook_sink() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def account(sandbox: Sandbox, sink: Sink, old_sink: Sink) -> Account:
    made = make_account()
    sandbox.register(
        made,
        status_url=sink.url,
        inbound_url=f"{sink.url}/inbound",
        sms_inbound_url=f"{old_sink.url}/sms?tenant=a",
        sms_receipt_url=f"{old_sink.url}/receipt",
    )
    return made


def written(sandbox: Sandbox, **fields: Any) -> dict[str, Any]:
    """Have a person write on WhatsApp, unless said otherwise."""
    return sandbox.reply(**{"channel": "whatsapp", "from": PERSON, "to": OWN, **fields})


CONTENT = {"text": "text", "unsupported": "provider_message"}


def test_every_type_of_inbound_message_has_something_in_it_and_an_address_to_update_it(
    sandbox: Sandbox, account: Account, sink: Sink
) -> None:
    bodies = {kind: written(sandbox, type=kind) for kind in KINDS}
    arrivals = {
        kind: wait_until(lambda uuid=body["message_uuid"]: sink.of(uuid), 30)[0]  # type: ignore[misc]
        for kind, body in bodies.items()
    }

    assert {"/webhooks/inbound"} == {arrival.path for arrival in arrivals.values()}
    for kind, body in bodies.items():
        assert body == arrivals[kind].body
        assert (kind, True) == (body["message_type"], bool(body[CONTENT.get(kind, kind)]))
        assert {"href": f"{sandbox.url}/v1/messages/{body['message_uuid']}"} == body["_self"]
        assert ("none", "Ada") == (body["context_status"], body["profile"]["name"])


def test_what_is_given_goes_before_what_is_made_up(sandbox: Sandbox, account: Account) -> None:
    body = written(
        sandbox, message_type="location", location={"lat": 1, "long": 2}, profile=None, _self={"href": MEDIA}, more=[1]
    )

    assert ({"lat": 1, "long": 2}, {"href": MEDIA}, [1]) == (body["location"], body["_self"], body["more"])
    assert "profile" not in body


def test_an_answer_names_the_message_it_answers(sandbox: Sandbox, account: Account) -> None:
    body = {**v1_sample("whatsapp", "text", PERSON), "from": OWN, "client_ref": "asked.2.1"}
    asked = sandbox.post(account, "/v1/messages", body).json()["message_uuid"]
    pressed = written(sandbox, type="button")
    quoted = written(sandbox, in_reply_to=NOBODY)

    assert ("available", {"message_uuid": asked, "message_from": OWN}, "asked.2.1") == (
        pressed["context_status"],
        pressed["context"],
        pressed["client_ref"],
    )
    assert NOBODY == quoted["context"]["message_uuid"]


@pytest.mark.parametrize("generation", ["v0.1", "beta"])
def test_old_inbound_messages_are_nested(sandbox: Sandbox, account: Account, sink: Sink, generation: str) -> None:
    sms = written(sandbox, channel="sms", generation=generation, text="STOP")
    viber = written(sandbox, channel="viber_service", to="16273", generation=generation, type="image")
    place = written(sandbox, generation=generation, type="location")
    (arrival,) = wait_until(lambda: sink.of(sms["message_uuid"]), 30)

    assert sms == arrival.body
    assert {
        "to": {"type": "sms", "number": OWN},
        "from": {"type": "sms", "number": PERSON},
        "message": {"content": {"type": "text", "text": "STOP"}, "sms": {"num_messages": "1"}},
        "usage": {"currency": "EUR", "price": "0.0050"},
    } == {name: value for name, value in sms.items() if name not in {"message_uuid", "timestamp"}}
    assert ({"type": "viber_service_msg", "id": "16273"}, {"type": "viber_service_msg", "number": PERSON}) == (
        viber["to"],
        viber["from"],
    )
    assert {"url", "caption"} == set(viber["message"]["content"]["image"])
    latitude = {"v0.1": "latitude", "beta": "lat"}[generation]
    assert latitude in place["message"]["content"]["location"]


def test_a_reply_in_words_that_nobody_has_is_refused(sandbox: Sandbox, account: Account) -> None:
    fields = {"channel": "rcs", "from": PERSON, "to": OWN, "generation": "v0.1"}

    for changes, name in (({}, "channel"), ({"type": "fax"}, "type"), ({"generation": "v2"}, "generation")):
        answer = sandbox.call("POST", "/sandbox/reply", {**fields, **changes}, expected=422)
        assert [name] == [fault["name"] for fault in answer["invalid_parameters"]]


def test_an_inbound_whatsapp_message_is_marked_as_read(sandbox: Sandbox, account: Account) -> None:
    message = written(sandbox)["message_uuid"]
    typing = {**READ, "replying_indicator": {"show": True, "type": "text"}}
    answers = [sandbox.patch(account, message, body) for body in (READ, typing)]

    for answer in answers:
        assert (200, b"", "0") == (answer.status_code, answer.content, answer.headers["Content-Length"])
    (shown,) = [one for one in sandbox.inbound() if one["message_uuid"] == message]
    assert [(200, READ), (200, typing)] == [(update["answer"], update["body"]) for update in shown["updates"]]


def test_an_rcs_message_is_revoked_until_it_arrives(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    calls = [{"receipts": [{"status": "delivered", "after": after}]} for after in (3.0, 0.0)]
    sandbox.script("447700900705", {"rcs": calls})
    body = v1_sample("rcs", "text", "447700900705")
    early, late = (sandbox.post(account, "/v1/messages", body).json()["message_uuid"] for _ in range(2))

    assert 200 == sandbox.patch(account, early, REVOKED).status_code
    wait_until(lambda: "delivered" in sink.statuses(late), 30)
    refused = sandbox.patch(account, late, REVOKED)
    assert (422, True) == (refused.status_code, refused.json()["type"].endswith("#unprocessable-entity"))
    shown = {message["message_uuid"]: message for message in sandbox.messages(to="447700900705")}
    assert (True, [200]) == (shown[early]["revoked"], [update["answer"] for update in shown[early]["updates"]])
    assert (False, [422]) == (shown[late]["revoked"], [update["answer"] for update in shown[late]["updates"]])
    wait_until(lambda: sandbox.call("GET", "/healthz")["receipts_pending"] == 0, 30)
    assert [] == sink.statuses(early)


def test_what_can_not_be_updated_is_refused(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    stranger = make_account()
    sandbox.register(stranger, status_url=sink.url, inbound_url=sink.url)
    whatsapp = written(sandbox, application_id=account.application_id)["message_uuid"]
    sms = written(sandbox, channel="sms", application_id=account.application_id)["message_uuid"]
    sent = sandbox.post(account, "/v1/messages", v1_sample("whatsapp", "text")).json()["message_uuid"]
    cases: list[tuple[Account, str, Any, int, str]] = [
        (account, NOBODY, READ, 404, "#not-found"),
        (account, "17", READ, 404, "#not-found"),
        (stranger, whatsapp, READ, 404, "#not-found"),
        (account, sms, READ, 422, "#unprocessable-entity"),
        (account, sent, READ, 422, "#unprocessable-entity"),
        (account, sent, REVOKED, 422, "#unprocessable-entity"),
        (account, whatsapp, REVOKED, 422, "#unprocessable-entity"),
        (account, whatsapp, {"status": "delivered"}, 422, "messages#1150"),
        (account, whatsapp, {**READ, "valid_for": 600}, 422, "messages#1150"),
        (account, whatsapp, {**REVOKED, "replying_indicator": {"show": True}}, 422, "messages#1150"),
        (account, whatsapp, [], 422, "#invalid-json"),
    ]

    for caller, message, body, status, slug in cases:
        answer = sandbox.patch(caller, message, body)
        assert (status, True) == (answer.status_code, answer.json()["type"].endswith(slug)), answer.text
        assert answer.json()["instance"] == answer.headers["x-nexmo-trace-id"]
    assert [case[3] for case in cases] == [update["answer"] for update in sandbox.call("GET", "/sandbox/updates")][-11:]
    assert requests.patch(f"{sandbox.url}/v1/messages/{whatsapp}", json=READ, timeout=10).status_code == 401


def test_an_update_may_be_scripted(sandbox: Sandbox, account: Account) -> None:
    message = written(sandbox, **{"from": "447700900706", "application_id": account.application_id})["message_uuid"]
    sandbox.script("447700900706", {"update": [{"problem": "rate-limit"}, {"answer": 503}, {"answer": 200}]})

    assert [429, 503, 200] == [sandbox.patch(account, message, READ).status_code for _ in range(3)]


def old_words(arrival: Arrival) -> dict[str, str]:
    if arrival.method == "GET":
        return dict(parse_qsl(urlsplit(arrival.path).query, keep_blank_values=True))
    if arrival.headers["content-type"] == "application/json":
        return dict(json.loads(arrival.raw))
    return dict(parse_qsl(arrival.raw.decode(), keep_blank_values=True))


def legacy(sandbox: Sandbox, **fields: Any) -> list[dict[str, str]]:
    fields = {"msisdn": "447700900707", "to": OWN, **fields}
    return list(sandbox.call("POST", "/sandbox/legacy", fields, expected=202)["bodies"])


@pytest.mark.parametrize("method", ["GET", "POST", "POST-JSON"])
def test_the_sms_api_tells_of_receipts_and_inbound_messages(
    sandbox: Sandbox, account: Account, old_sink: Sink, method: str
) -> None:
    to = "447700900707"
    body = {**v0_1_sample("sms", "text", to), "client_ref": f"old.{method}.1"}
    sent = sandbox.post(account, "/v0.1/messages", body).json()["message_uuid"]
    (receipt,) = legacy(sandbox, kind="receipt", method=method, status="failed")
    (inbound,) = legacy(sandbox, kind="inbound", method=method, text="Stop & go = ü")
    arrivals = wait_until(lambda: old_sink.arrivals[-2:] if len(old_sink.arrivals) >= 2 else [], 30)
    told = {("status" in words): (arrival, words) for arrival in arrivals for words in [old_words(arrival)]}

    assert receipt == told[True][1]
    assert {
        "msisdn": to,
        "to": OWN,
        "messageId": sent,
        "client-ref": f"old.{method}.1",
        "status": "failed",
        "err-code": "5",
    }.items() <= receipt.items()
    assert inbound.items() <= told[False][1].items()
    assert ("STOP", "unicode", account.api_key) == (inbound["keyword"], inbound["type"], inbound["api-key"])
    assert {method.partition("-")[0]} == {arrival.method for arrival in arrivals}
    assert "authorization" not in told[True][0].headers
    assert told[False][0].path.startswith("/webhooks/sms?tenant=a")
    with old_sink.lock:
        old_sink.arrivals.clear()


@pytest.mark.parametrize("way", ["md5hash", "md5", "sha1", "sha256", "sha512"])
def test_the_sms_api_signs_its_words_if_it_shall(sandbox: Sandbox, account: Account, way: str) -> None:
    (body,) = legacy(sandbox, kind="inbound", signed=way, text="a&b=c", application_id=account.application_id)
    joined = "".join(
        f"&{name}={body[name].replace('&', '_').replace('=', '_')}" for name in sorted(body) if name != "sig"
    )
    secret = account.signature_secret
    expected = (
        hashlib.md5((joined + secret).encode(), usedforsecurity=False).hexdigest()
        if way == "md5hash"
        else hmac.new(secret.encode(), joined.encode(), way).hexdigest().upper()
    )

    assert {"timestamp", "nonce"} <= set(body)
    assert expected == body["sig"]


def test_a_long_text_of_the_sms_api_comes_in_parts(sandbox: Sandbox, account: Account) -> None:
    bodies = legacy(sandbox, kind="inbound", text="abcdefghij" * 40, application_id=account.application_id)

    assert "abcdefghij" * 40 == "".join(body["text"] for body in bodies)
    assert [("true", "3", str(part)) for part in (1, 2, 3)] == [
        (body["concat"], body["concat-total"], body["concat-part"]) for body in bodies
    ]
    assert 3 == len({body["messageId"] for body in bodies})


def test_the_first_page_shows_messages_of_every_type_and_trusts_none(sandbox: Sandbox, account: Account) -> None:
    trap = "<b>bold</b>"
    for body in (
        {**v1_sample("rcs", "card"), "card": {"title": trap, "text": "A red hat", "media_url": MEDIA}, "rcs": {}},
        {**v1_sample("whatsapp", "image"), "image": {"url": MEDIA, "caption": trap}},
        {**v1_sample("email", "html"), "html": {"body": trap}},
        v1_sample("whatsapp", "template"),
        v1_sample("messenger", "custom"),
    ):
        assert sandbox.post(account, "/v1/messages", body).status_code == 202
    sandbox.post(account, "/v0.1/messages", v0_1_sample("whatsapp", "file"))
    page = requests.get(sandbox.url, timeout=10).text

    assert trap not in page
    assert 3 == page.count("&lt;b&gt;bold&lt;/b&gt;")
    for words in ("A red hat", f"[image] {MEDIA}", "[template] space:welcome: Ada", "[custom]", "Prices", "News"):
        assert words in page


def test_it_speaks_https_where_it_has_a_certificate(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "tls", "127.0.0.1")
    account = make_account()
    sandbox = start_sandbox(
        tmp_path, CASCADE_SANDBOX_TLS_CERT=str(certificate.file), CASCADE_SANDBOX_TLS_KEY=str(certificate.key)
    )
    with webhook_sink() as sink:
        sandbox.register(account, status_url=sink.url, inbound_url=sink.url)
        sandbox.script("447700900708", {"sms": [{"cut": True}, {}]})
        body = v1_sample("sms", "text", "447700900708")

        with pytest.raises(requests.ConnectionError):
            sandbox.post(account, "/v1/messages", body)
        assert sandbox.post(account, "/v1/messages", body).status_code == 202
        assert 2 == len(sandbox.messages(to="447700900708"))
        assert sandbox.reply(channel="sms", to=OWN, **{"from": PERSON})["_self"]["href"].startswith(sandbox.url)
    assert 0 == sandbox.stop()
