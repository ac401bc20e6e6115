"""The sandbox over real HTTP: who may send, what is answered, and what is kept."""

import base64
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.sandbox import Account, Sandbox, make_account, start_sandbox
from tests.support.waiting import wait_until
from tests.support.webhook_sink import Sink, webhook_sink

BODY = {"channel": "sms", "message_type": "text", "to": "447700900123", "from": "447700900001", "text": "Hello"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(tmp_path_factory.mktemp("sandbox"), CASCADE_SANDBOX_HOLD="1")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with webhook_sink() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def account(sandbox: Sandbox, sink: Sink) -> Account:
    made = make_account()
    sandbox.register(made, status_url=sink.url, inbound_url=sink.url)
    return made


def post(sandbox: Sandbox, headers: dict[str, str], path: str = "/v1/messages") -> requests.Response:
    return requests.post(sandbox.url + path, json=BODY, headers=headers, timeout=10)


def basic(api_key: str, api_secret: str) -> str:
    return "Basic " + base64.b64encode(f"{api_key}:{api_secret}".encode()).decode()


NOW = int(time.time())
STRANGER = make_account()


@pytest.mark.parametrize(
    ("claims", "slug"),
    [
        pytest.param({"application_id": str(uuid.uuid4())}, "unauthorized", id="an unknown application"),
        pytest.param({"application_id": None}, "unauthorized", id="no application"),
        pytest.param({"iat": None}, "unauthorized", id="no iat"),
        pytest.param({"iat": "now"}, "unauthorized", id="an iat in words"),
        pytest.param({"jti": None}, "unauthorized", id="no jti"),
        pytest.param({"jti": ""}, "unauthorized", id="an empty jti"),
        pytest.param({"iat": NOW + 3600}, "unauthorized", id="issued in the future"),
        pytest.param({"nbf": NOW + 3600}, "unauthorized", id="not valid yet"),
        pytest.param({"exp": NOW - 5}, "jwt-expired", id="expired"),
        pytest.param({"iat": NOW - 901}, "jwt-expired", id="older than a quarter of an hour, without exp"),
        pytest.param({"exp": NOW + 90_000}, "unauthorized", id="good for more than a day"),
    ],
)
def test_a_bad_token_is_refused(sandbox: Sandbox, account: Account, claims: dict[str, object], slug: str) -> None:
    response = post(sandbox, {"Authorization": f"Bearer {account.token(claims)}"})
    body = response.json()

    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "detail", "instance"} == set(body)
    assert body["type"].endswith(f"#{slug}")
    assert body["instance"] == response.headers["x-nexmo-trace-id"]
    assert 32 == len(body["instance"])


def test_a_token_that_another_key_signed_is_refused(sandbox: Sandbox, account: Account) -> None:
    forged = STRANGER.token({"application_id": account.application_id})

    assert post(sandbox, {"Authorization": f"Bearer {forged}"}).status_code == 401


def test_a_token_by_another_algorithm_is_refused(sandbox: Sandbox, account: Account) -> None:
    token = account.token(algorithm="RS512")

    assert post(sandbox, {"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize(
    ("header", "title"),
    [
        pytest.param(None, "Unauthorized", id="none at all"),
        pytest.param("Bearer", "Unauthorised", id="no token"),
        pytest.param("Bearer not-a-token", "Unauthorised", id="a token that is none"),
        pytest.param("Digest abc", "Unauthorised", id="another scheme"),
        pytest.param("Basic !!!", "Unauthorised", id="no base64"),
        pytest.param("Basic " + base64.b64encode(b"nocolon").decode(), "Unauthorised", id="no colon"),
        pytest.param(basic("nobody", "nothing"), "Unauthorized", id="an unknown account"),
        pytest.param(f"{basic('a', 'b')}, Bearer x", "Unauthorized", id="two schemes"),
    ],
)
def test_bad_credentials_are_refused(sandbox: Sandbox, account: Account, header: str | None, title: str) -> None:
    response = post(sandbox, {"Authorization": header} if header else {})

    assert (401, title) == (response.status_code, response.json()["title"])


def test_credentials_in_the_address_are_refused(sandbox: Sandbox, account: Account) -> None:
    path = f"/v1/messages?api_key={account.api_key}&api_secret={account.api_secret}"

    assert post(sandbox, {}, path).status_code == 401
    assert post(sandbox, {"Authorization": f"Bearer {account.token()}"}, path).status_code == 401


def test_a_wrong_secret_is_refused_and_the_right_one_is_not(sandbox: Sandbox, account: Account) -> None:
    assert post(sandbox, {"Authorization": basic(account.api_key, "wrong")}).status_code == 401
    assert post(sandbox, {"Authorization": basic(account.api_key, account.api_secret)}).status_code == 202


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/", "/v1/messages?", "/v1/messages/?"])
def test_a_good_message_is_taken_on_every_spelling_of_the_address(
    sandbox: Sandbox, account: Account, path: str
) -> None:
    response = post(sandbox, {"Authorization": f"Bearer {account.token({'exp': int(time.time()) + 86_000})}"}, path)

    assert (202, "application/json") == (response.status_code, response.headers["content-type"])
    assert ["message_uuid"] == list(response.json())
    assert 4 == uuid.UUID(response.json()["message_uuid"]).version
    assert 32 == len(response.headers["x-nexmo-trace-id"])


def test_ping_answers_without_credentials(sandbox: Sandbox) -> None:
    assert requests.get(f"{sandbox.url}/v1/messages/ping", timeout=10).status_code == 200


def test_a_bad_body_is_refused_with_every_fault_named(sandbox: Sandbox, account: Account) -> None:
    response = sandbox.send(account, channel="sms", to="+447700900123", text="", colour="red", client_ref="bad-body")

    assert response.status_code == 422
    assert ["colour", "text", "to"] == sorted(fault["name"] for fault in response.json()["invalid_parameters"])
    assert sandbox.messages(client_ref="bad-body") == []
    (call,) = sandbox.calls(client_ref="bad-body")
    assert (422, False, "Invalid params") == (call["status"], call["taken"], call["problem"])


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        pytest.param(b"{", "application/json", 422, id="no JSON"),
        pytest.param(b"[]", "application/json", 422, id="no object"),
        pytest.param(b"", "application/json", 422, id="nothing"),
        pytest.param(b"{}", "text/plain", 415, id="another type"),
    ],
)
def test_what_is_no_json_object_is_refused(
    sandbox: Sandbox, account: Account, content: bytes, kind: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {account.token()}", "Content-Type": kind}

    assert status == requests.post(f"{sandbox.url}/v1/messages", data=content, headers=headers, timeout=10).status_code


def test_what_was_received_is_shown_whole_and_can_be_looked_for(sandbox: Sandbox, account: Account) -> None:
    sent = sandbox.send(account, channel="viber_service", to="447700900777", client_ref="look.1.1", text="Où?").json()
    sandbox.send(account, channel="sms", to="447700900777", client_ref="look.2.1")

    (shown,) = sandbox.messages(to="447700900777", channel="viber_service")
    assert sent["message_uuid"] == shown["message_uuid"]
    assert ("v1", "viber_service", "447700900777", "447700900001", "look.1.1", "Où?") == (
        shown["generation"],
        shown["channel"],
        shown["to"],
        shown["from"],
        shown["client_ref"],
        shown["body"]["text"],
    )
    assert shown["received_at"].endswith("Z")
    assert 2 == len(sandbox.messages(to="447700900777"))
    assert 1 == len(sandbox.messages(client_ref="look.2.1"))
    assert 0 == len(sandbox.messages(to="447700900778"))


def test_a_script_answers_as_it_says(sandbox: Sandbox, account: Account) -> None:
    to = "447700900601"
    sandbox.script(
        to,
        {
            "viber_service": [
                {"answer": 503, "headers": {"Retry-After": "7"}},
                {"answer": 400, "body": {"title": "Own"}},
                {"answer": 202, "body": "<html>", "headers": {"Content-Type": "text/html"}},
                {},
            ]
        },
    )

    answers = [sandbox.send(account, channel="viber_service", to=to) for _ in range(5)]

    assert [503, 400, 202, 202, 202] == [answer.status_code for answer in answers]
    assert ("7", "Service Unavailable") == (answers[0].headers["Retry-After"], answers[0].json()["title"])
    assert answers[1].json() == {"title": "Own"}
    assert ("<html>", "text/html") == (answers[2].text, answers[2].headers["content-type"])
    assert 3 == len(sandbox.messages(to=to))
    assert [503, 400, 202, 202, 202] == [call["status"] for call in sandbox.calls(to=to)]
    assert {"calls": {"viber_service": 5}} == sandbox.call("GET", f"/sandbox/scripts/{to}")


def test_a_delay_comes_before_the_answer(sandbox: Sandbox, account: Account) -> None:
    sandbox.script("447700900602", {"sms": [{"delay": 0.4}]})
    begun = time.monotonic()

    assert sandbox.send(account, channel="sms", to="447700900602").status_code == 202
    assert time.monotonic() - begun >= 0.4


def test_a_call_that_hangs_is_received_and_never_answered(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    to = "447700900603"
    sandbox.script(to, {"sms": [{"hang": True, "receipts": [{"status": "delivered", "after": 0.1}]}]})

    with pytest.raises(requests.Timeout):
        sandbox.send(account, channel="sms", to=to, timeout_s=0.5)
    (message,) = sandbox.messages(to=to)
    wait_until(lambda: sink.statuses(message["message_uuid"]) == ["delivered"])
    (call,) = sandbox.calls(to=to)
    assert (None, "hung", True) == (call["status"], call["ending"], call["taken"])


def test_a_call_that_hangs_is_cut_after_a_while(sandbox: Sandbox, account: Account) -> None:
    sandbox.script("447700900604", {"sms": [{"hang": True}]})
    begun = time.monotonic()

    with pytest.raises(requests.ConnectionError):
        sandbox.send(account, channel="sms", to="447700900604")
    assert 0.9 <= time.monotonic() - begun < 5


def test_a_bad_script_is_answered_with_the_field(sandbox: Sandbox) -> None:
    answer: Any = sandbox.call(
        "PUT", "/sandbox/scripts/447700900605", {"sms": [{"receipts": [{"status": "gone"}]}]}, expected=422
    )

    assert ["sms[0].receipts[0].status"] == [fault["name"] for fault in answer["invalid_parameters"]]
    sandbox.call("GET", "/sandbox/scripts/447700900605", expected=404)


def test_a_script_can_be_taken_away(sandbox: Sandbox, account: Account) -> None:
    to = "447700900606"
    sandbox.script(to, {"*": [{"answer": 500}]})
    assert sandbox.send(account, channel="sms", to=to).status_code == 500

    sandbox.call("DELETE", f"/sandbox/scripts/{to}", expected=204)
    assert sandbox.send(account, channel="sms", to=to).status_code == 202


def test_a_registration_that_can_not_work_is_refused(sandbox: Sandbox) -> None:
    answer: Any = sandbox.call(
        "PUT", "/sandbox/applications/nobody", {"public_key": "none", "status_url": "/status"}, expected=422
    )

    assert ["api_key", "application_id", "inbound_url", "public_key", "signature_secret", "status_url"] == sorted(
        fault["name"] for fault in answer["invalid_parameters"]
    )


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nothing", 404), ("PUT", "/v1/messages", 405)])
def test_other_addresses_and_methods_are_problems_too(sandbox: Sandbox, method: str, path: str, status: int) -> None:
    response = requests.request(method, sandbox.url + path, timeout=10)

    assert (status, "application/problem+json") == (response.status_code, response.headers["content-type"])


def test_the_first_page_shows_the_phones_and_trusts_no_text(sandbox: Sandbox, account: Account) -> None:
    sandbox.send(account, channel="viber_service", to="447700900000", text="<script>alert(1)</script>")
    wait_until(lambda: "read" in [sent["status"] for sent in sandbox.messages(to="447700900000")[-1]["statuses"]])

    page = requests.get(f"{sandbox.url}/", params={"refresh": "5"}, timeout=10)
    style = requests.get(f"{sandbox.url}/static/sandbox.css", timeout=10)

    assert 200 == page.status_code
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert '<h2 id="phone-1">447700900000</h2>' in page.text
    assert '<meta http-equiv="refresh" content="5">' in page.text
    assert '<p class="status read">' in page.text
    assert (200, "text/css; charset=utf-8") == (style.status_code, style.headers["content-type"])


def test_the_record_can_be_emptied(sandbox: Sandbox, account: Account) -> None:
    sandbox.send(account, channel="sms", to="447700900123")
    sandbox.call("DELETE", "/sandbox/messages", expected=204)
    sandbox.call("DELETE", "/sandbox/calls", expected=204)

    assert ([], []) == (sandbox.messages(), sandbox.calls())
    assert sandbox.call("GET", "/healthz")["status"] == "ok"
