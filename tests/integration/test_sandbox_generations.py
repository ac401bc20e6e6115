"""The sandbox over real HTTP in the words of each generation: addresses, answers, refusals and status webhooks."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.sandbox import Account, Sandbox, make_account, start_sandbox
from tests.support.sandbox_samples import V0_1_MESSAGES, V1_CONTENT, v0_1_sample, v1_sample
from tests.support.waiting import wait_until
from tests.support.webhook_sink import Sink, webhook_sink


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
def account(sandbox: Sandbox, sink: Sink) -> Account:
    made = make_account()
    sandbox.register(made, status_url=sink.url, inbound_url=sink.url)
    return made


def workflow(*items: dict[str, Any]) -> dict[str, Any]:
    failover = {"expiry_time": 600, "condition_status": "delivered"}
    return {"template": "failover", "workflow": [*({**item, "failover": failover} for item in items[:-1]), items[-1]]}


MESSAGE = v0_1_sample("sms", "text")
CHAIN = workflow(v0_1_sample("messenger", "text"), MESSAGE)
SENDS = {
    "/beta/messages": (MESSAGE, ["message_uuid"]),
    "/beta/workflows": (CHAIN, ["workflow_uuid"]),
    "/v0.1/messages": (MESSAGE, ["message_uuid"]),
    "/v0.1/dispatch": (CHAIN, ["dispatch_uuid"]),
    "/v1/messages": (v1_sample("sms", "text"), ["message_uuid"]),
}


@pytest.mark.parametrize("path", SENDS)
def test_every_address_takes_its_body_in_every_spelling(sandbox: Sandbox, account: Account, path: str) -> None:
    body, names = SENDS[path]
    for spelling in ("", "/", "?", "/?"):
        response = sandbox.post(account, path + spelling, body)

        assert (202, "application/json") == (response.status_code, response.headers["content-type"])
        assert names == list(response.json())
        assert 4 == uuid.UUID(response.json()[names[0]]).version
        assert 32 == len(response.headers["x-nexmo-trace-id"])
    assert [path] * 4 == [call["path"] for call in sandbox.calls()[-4:]]


def test_a_v1_message_with_failover_gives_its_first_message_and_an_opaque_workflow(
    sandbox: Sandbox, account: Account
) -> None:
    body = {**v1_sample("messenger", "text"), "failover": [v1_sample("sms", "text")]}
    answer = sandbox.post(account, "/v1/messages", body).json()

    assert ["message_uuid", "workflow_id"] == list(answer)
    assert (55, True) == (len(answer["workflow_id"]), answer["workflow_id"].isalnum())
    assert answer["workflow_id"] in [run["workflow_id"] for run in sandbox.workflows()]
    assert (answer["message_uuid"], answer["workflow_id"]) == (
        sandbox.calls()[-1]["message_uuid"],
        sandbox.calls()[-1]["workflow_id"],
    )


@pytest.mark.parametrize("path", ["/v0.1/messages/ping", "/v1/messages/ping", "/v0.1/dispatch/ping"])
def test_every_ping_answers_without_credentials_and_takes_nothing_else(sandbox: Sandbox, path: str) -> None:
    assert requests.get(sandbox.url + path, timeout=10).status_code == 200
    assert requests.get(f"{sandbox.url}{path}/?", timeout=10).status_code == 200
    refused = requests.post(sandbox.url + path, json={}, timeout=10)
    assert (405, "application/problem+json") == (refused.status_code, refused.headers["content-type"])
    assert "GET" in refused.headers["allow"]
    assert refused.json()["instance"] == refused.headers["x-nexmo-trace-id"]


def test_every_v1_type_is_taken_and_kept_as_it_came(sandbox: Sandbox, account: Account) -> None:
    sent = {f"{channel}-{kind}": v1_sample(channel, kind) for channel, kind in V1_CONTENT}
    answers = {name: sandbox.post(account, "/v1/messages", {**body, "client_ref": name}) for name, body in sent.items()}
    kept = {message["client_ref"]: message for message in sandbox.messages()}

    assert {202} == {answer.status_code for answer in answers.values()}
    for name, body in sent.items():
        shown = kept[name]
        assert {**body, "client_ref": name} == shown["body"]
        assert ("v1", name, body["to"], body["from"], answers[name].json()["message_uuid"]) == (
            shown["generation"],
            f"{shown['channel']}-{shown['message_type']}",
            shown["to"],
            shown["from"],
            shown["message_uuid"],
        )


def test_every_v0_1_type_is_taken_and_kept_as_it_came(sandbox: Sandbox, account: Account) -> None:
    sent = {f"old {channel}-{kind}": v0_1_sample(channel, kind) for channel, kind in V0_1_MESSAGES}
    answers = [
        sandbox.post(account, "/v0.1/messages", {**body, "client_ref": name}).status_code for name, body in sent.items()
    ]
    kept = {message["client_ref"]: message for message in sandbox.messages()}

    assert {202} == set(answers)
    for name, body in sent.items():
        shown = kept[name]
        assert {**body, "client_ref": name} == shown["body"]
        assert ("v0.1", name.replace("_msg", "")) == (
            shown["generation"],
            f"old {shown['channel']}-{shown['message_type']}",
        )


@pytest.mark.parametrize("path", ["/beta/messages", "/v0.1/messages"])
def test_an_old_body_with_faults_is_a_400_that_names_them_all(sandbox: Sandbox, account: Account, path: str) -> None:
    body = {**MESSAGE, "to": {"type": "sms", "number": "+447700900123"}, "valid_for": 600}
    response = sandbox.post(account, path, body)
    problem = response.json()

    assert (400, "application/problem+json") == (response.status_code, response.headers["content-type"])
    assert ("https://www.nexmo.com/messages/Errors#InvalidParams", "Your request parameters didn't validate.") == (
        problem["type"],
        problem["title"],
    )
    assert ["to.number", "valid_for"] == sorted(fault["name"] for fault in problem["invalid_parameters"])
    assert problem["instance"] == response.headers["x-nexmo-trace-id"]


@pytest.mark.parametrize(
    ("path", "name"), [("/v0.1/dispatch", "workflow"), ("/beta/workflows", "workflow"), ("/v0.1/messages", "body")]
)
def test_what_is_no_json_object_is_a_400_in_the_old_generations(
    sandbox: Sandbox, account: Account, path: str, name: str
) -> None:
    headers = {"Authorization": f"Bearer {account.token()}", "Content-Type": "application/json"}
    response = requests.post(sandbox.url + path, data=b"", headers=headers, timeout=10)

    assert 400 == response.status_code
    assert [name] == [fault["name"] for fault in response.json()["invalid_parameters"]]


@pytest.mark.parametrize("path", SENDS)
def test_nobody_sends_without_credentials(sandbox: Sandbox, path: str) -> None:
    assert requests.post(sandbox.url + path, json=SENDS[path][0], timeout=10).status_code == 401


REFUSALS: list[tuple[str, str, str, int, str, str]] = [
    ("/v1/messages", "sms", "low-balance", 402, "#low-balance", "Low balance"),
    ("/v0.1/messages", "sms", "low-balance", 400, "#low-balance", "Bad Request"),
    ("/v0.1/dispatch", "dispatch", "low-balance", 400, "/api-errors", "Your request parameters didn't validate."),
    ("/v1/messages", "sms", "unprovisioned", 401, "#unprovisioned", "Unprovisioned"),
    ("/v0.1/dispatch", "dispatch", "unprovisioned", 401, "#unprovisioned", "Unprovisioned"),
    ("/v0.1/dispatch", "dispatch", "forbidden", 403, "#forbidden", "Forbidden"),
    ("/v0.1/dispatch", "dispatch", "not-found", 404, "#not-found", "Not Found"),
    ("/v0.1/dispatch", "dispatch", "wrong-verb", 405, "#wrong-verb", "Method Not Allowed"),
    ("/v0.1/messages", "sms", "rate-limit", 429, "#rate-limit", "Rate Limit Hit"),
    ("/v0.1/messages", "sms", "invalid-recipient", 400, "#InvalidParams", "Your request parameters didn't validate."),
]


@pytest.mark.parametrize(("path", "key", "name", "status", "slug", "title"), REFUSALS)
def test_a_script_asks_for_a_refusal_by_name(
    sandbox: Sandbox, account: Account, path: str, key: str, name: str, status: int, slug: str, title: str
) -> None:
    to = "447700900311"
    sandbox.script(to, {key: [{"problem": name}, {}]})
    body = {
        "/v1/messages": v1_sample("sms", "text", to),
        "/v0.1/messages": v0_1_sample("sms", "text", to),
        "/v0.1/dispatch": workflow(v0_1_sample("sms", "text", to), MESSAGE),
    }[path]

    response = sandbox.post(account, path, body)

    assert (status, title) == (response.status_code, response.json()["title"])
    assert response.json()["type"].endswith(slug)
    assert (status, False) == (sandbox.calls(to=to)[-1]["status"], sandbox.calls(to=to)[-1]["taken"])
    assert sandbox.post(account, path, body).status_code == 202


def test_a_recipient_that_is_refused_is_a_400_in_v0_1(sandbox: Sandbox, account: Account) -> None:
    response = sandbox.post(account, "/v0.1/messages", v0_1_sample("whatsapp", "text", "447700900001"))

    assert (400, ["to"]) == (response.status_code, [fault["name"] for fault in response.json()["invalid_parameters"]])


def test_an_answer_may_be_lost_after_the_message_was_taken(sandbox: Sandbox, account: Account) -> None:
    to = "447700900312"
    sandbox.script(to, {"*": [{"cut": True}]})

    with pytest.raises(requests.ConnectionError):
        sandbox.post(account, "/v0.1/messages", v0_1_sample("whatsapp", "text", to))
    assert 1 == len(sandbox.messages(to=to))
    assert (None, "cut", True) == tuple(sandbox.calls(to=to)[0][name] for name in ("status", "ending", "taken"))


def without_time(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "timestamp"}


@pytest.mark.parametrize(("path", "extra"), [("/v0.1/messages", {"client_ref": "order-17"}), ("/beta/messages", {})])
def test_an_old_message_is_told_of_in_the_old_form(
    sandbox: Sandbox, account: Account, sink: Sink, path: str, extra: dict[str, str]
) -> None:
    body = {**v0_1_sample("viber_service_msg", "image", "447700900009"), **extra}
    message = sandbox.post(account, path, body).json()["message_uuid"]
    submitted, rejected = wait_until(lambda: sink.of(message) if len(sink.of(message)) == 2 else [], 30)

    shared = {"message_uuid": message, "to": body["to"], "from": body["from"], **extra}
    usage = {"currency": "EUR", "price": "0.0000"}
    assert {**shared, "status": "submitted", "usage": usage} == without_time(submitted.body)
    assert {
        **shared,
        "status": "rejected",
        "usage": usage,
        "error": {"code": 1300, "reason": "Not part of the provider network"},
    } == without_time(rejected.body)


def test_a_v1_message_may_ask_for_old_webhooks_and_for_an_address_of_its_own(
    sandbox: Sandbox, account: Account
) -> None:
    with webhook_sink() as own:
        wanted = {"webhook_version": "v0.1", "webhook_url": f"{own.url}/own", "client_ref": "order-18"}
        old = sandbox.post(account, "/v1/messages", {**v1_sample("whatsapp", "sticker"), **wanted}).json()
        new = sandbox.post(account, "/v1/messages", {**v1_sample("rcs", "card"), **wanted}).json()
        (first, *_) = wait_until(lambda: own.of(old["message_uuid"]), 30)
        (second, *_) = wait_until(lambda: own.of(new["message_uuid"]), 30)

    assert "/webhooks/own" == first.path
    assert ({"type": "whatsapp", "number": "447700900123"}, "order-18") == (first.body["to"], first.body["client_ref"])
    # v0.1 never had the channel, so there is no old form of it.
    assert ("rcs", "447700900123") == (second.body["channel"], second.body["to"])


def test_v1_tells_what_only_some_channels_know(sandbox: Sandbox, account: Account, sink: Sink) -> None:
    bodies = {}
    for channel in ("whatsapp", "mms", "rcs"):
        answer = sandbox.post(account, "/v1/messages", v1_sample(channel, "text")).json()
        bodies[channel] = wait_until(lambda uuid=answer["message_uuid"]: sink.of(uuid), 30)[0].body  # type: ignore[misc]

    assert {"pricing", "conversation", "recipient"} == set(bodies["whatsapp"]["whatsapp"])
    assert {"network_code"} == set(bodies["mms"]["destination"])
    assert not {"destination", "sms", "whatsapp", "workflow"} & set(bodies["rcs"])
