"""What the ingress answers, on a store in memory: refusals, ids, queries, cancels, webhooks."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared import ids
from shared.model import Engine, State, Stop, StopKind, What, Workflow
from shared.store.records import Batch, Change
from tests.support import store_rows
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_room import EPOCH, Room
from tests.support.ingress_webhooks import provider_account, signed

ACME = MadeUpCaller(tenant="acme")
OTHER = MadeUpCaller(tenant="other")
VONAGE = provider_account()
V1 = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Hello"}
DAY_S = 86_400.0


@pytest.fixture
def room() -> Room:
    return Room(ACME, OTHER, VONAGE)


def put(room: Room, workflow: Workflow) -> str:
    change = Change(
        workflow=workflow,
        version=None,
        wake_at=None if workflow.state is State.FINAL else room.now + 60,
        wake_ungated_at=None,
        account="default",
        entries=(store_rows.entry(1, What.ACCEPTED),),
    )
    assert not room.rows.commit(Batch(changes=(change,))).lost
    return workflow.workflow_id


def send(room: Room, body: object = V1, caller: MadeUpCaller = ACME) -> Any:
    return room.client.post("/v1/messages", json=body, headers=room.headers(caller))


def test_an_id_holds_the_stores_time_and_our_mark(room: Room) -> None:
    room.clock.at = 7.25
    given = [ids.split_message_uuid(send(room).get_json()["message_uuid"]) for _ in range(50)]
    secret = room.rows.directory().deployment_secret

    assert 50 == len(set(given))
    for workflow_id, step in given:
        assert 1 == step
        assert EPOCH + 7.25 == ids.seconds_inside(workflow_id)
        assert ids.carries_mark(workflow_id, tenant="acme", secret=secret)
        assert not ids.carries_mark(workflow_id, tenant="other", secret=secret)


def test_two_equal_requests_under_one_token_are_two_messages(room: Room) -> None:
    headers = room.headers(ACME)
    first, second = (room.client.post("/v1/messages", json=V1, headers=headers).get_json() for _ in range(2))

    assert first != second
    assert 2 == len(room.broker.published)


def test_the_body_is_published_as_it_came(room: Room) -> None:
    raw = b' {"channel":"sms","message_type":"text",\n"to":"447700900000","from":"Acme","text":"H\\u00e9"} '
    room.client.post("/v1/messages", data=raw, content_type="application/json", headers=room.headers(ACME))

    (message,) = room.broker.published
    assert raw == message.body
    assert ("cascade.sends", "message.v1", "message.v1") == (message.exchange, message.routing_key, message.type)
    assert "guest" == message.user_id, "the user of the broker's address, by which the dispatcher believes the headers"


@pytest.mark.parametrize("path", ["/v1/messages", "/v0.1/messages", "/v0.1/dispatch"])
def test_a_ping_needs_no_credentials(room: Room, path: str) -> None:
    assert 200 == room.client.get(f"{path}/ping").status_code
    assert 200 == room.client.get(f"{path}/ping/").status_code


CONTENT_TYPES = {
    "application/json": 202,
    "application/json; charset=utf-8": 202,
    "Application/JSON; charset=UTF-8": 202,
    "application/vnd.acme+json": 202,
    "application/json; charset=latin-1": 415,
    "text/json": 415,
    "application/x-www-form-urlencoded": 415,
    "multipart/form-data; boundary=x": 415,
    "": 415,
}


@pytest.mark.parametrize(("kind", "status"), CONTENT_TYPES.items(), ids=[kind or "none" for kind in CONTENT_TYPES])
def test_only_json_is_read(room: Room, kind: str, status: int) -> None:
    headers = room.headers(ACME)
    answer = room.client.post("/v1/messages", data=json.dumps(V1), content_type=kind or None, headers=headers)

    assert status == answer.status_code


def test_a_compressed_body_is_not_read(room: Room) -> None:
    headers = {**room.headers(ACME), "Content-Encoding": "gzip"}

    assert 415 == room.client.post("/v1/messages", json=V1, headers=headers).status_code


def test_a_body_of_256_kib_is_read_and_one_more_byte_is_not(room: Room) -> None:
    raw = json.dumps(V1).encode()
    headers = room.headers(ACME)
    for size, status in ((256 * 1024, 202), (256 * 1024 + 1, 413)):
        padded = raw + b" " * (size - len(raw))
        answer = room.client.post("/v1/messages", data=padded, content_type="application/json", headers=headers)

        assert status == answer.status_code


def test_every_answer_names_its_trace_and_protects_itself(room: Room) -> None:
    trace = "0123456789abcdef" * 2
    answers = (
        send(room),
        room.client.get("/nowhere"),
        room.client.put("/v1/messages"),
        room.client.post("/v1/messages"),
        room.client.get("/healthz"),
    )
    named = room.client.get("/nowhere", headers={"x-nexmo-trace-id": trace})
    odd = room.client.get("/nowhere", headers={"x-nexmo-trace-id": "<script>"})

    assert [202, 404, 405, 401, 200] == [answer.status_code for answer in answers]
    for answer in answers:
        assert 32 == len(answer.headers["x-nexmo-trace-id"])
        assert "nosniff" == answer.headers["X-Content-Type-Options"]
        assert "no-store" == answer.headers["Cache-Control"]
    assert trace == named.headers["x-nexmo-trace-id"] == named.get_json()["instance"]
    assert "<script>" != odd.headers["x-nexmo-trace-id"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/messages", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/v0.1/dispatch", "OPTIONS, POST"),
        ("GET", "/beta/workflows", "OPTIONS, POST"),
        ("POST", "/v1/workflows/x", "DELETE, GET, HEAD, OPTIONS"),
        ("PUT", "/v1/messages/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("POST", "/v1/messages/ping", "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/messages/ping", "GET, HEAD, OPTIONS"),
        ("PATCH", "/v1/messages/ping/", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/messages/x/", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("DELETE", "/webhooks/status", "OPTIONS, POST"),
        ("PUT", "/webhooks/sms/status", "GET, HEAD, OPTIONS, POST"),
        ("TRACE", "/v1/messages", "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_another_method_is_told_the_right_ones(room: Room, method: str, path: str, allowed: str) -> None:
    answer = room.client.open(path, method=method)

    assert (405, "application/problem+json") == (answer.status_code, answer.content_type)
    assert "https://developer.vonage.com/api-errors#wrong-verb" == answer.get_json()["type"]
    assert allowed == answer.headers["Allow"]
    assert f"This address takes {allowed}, and not '{method}'." == answer.get_json()["detail"]


@pytest.mark.parametrize("path", ["/v1/messages", "/v0.1/dispatch/", "/v1/messages/x", "/webhooks/status", "/readyz"])
def test_options_names_the_methods_and_invites_no_other_origin(room: Room, path: str) -> None:
    answer = room.client.options(path, headers={"Origin": "https://evil.example"})

    assert (204, b"") == (answer.status_code, answer.data)
    assert "OPTIONS" in answer.headers["Allow"].split(", ")
    assert [] == [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_head_answers_as_get_does_without_a_body(room: Room) -> None:
    for path in ("/v1/messages/ping", "/healthz", "/v1/messages"):
        shown, asked = (getattr(room.client, verb)(path, headers=room.headers(ACME)) for verb in ("get", "head"))

        assert (shown.status_code, b"") == (asked.status_code, asked.data)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "//v1//messages", "/v1/messages/x/y", "/static/x", "/v1/%ff%fe", "/v1/\x00"]
)
def test_an_unknown_path_is_a_problem_document(room: Room, path: str) -> None:
    answer = room.client.post(path)

    assert (404, "application/problem+json") == (answer.status_code, answer.content_type)


@pytest.mark.parametrize("fault", ["away", "unroutable"])
def test_without_a_confirm_nothing_is_accepted(room: Room, fault: str) -> None:
    setattr(room.broker, fault, True)
    answer = send(room)

    assert 503 == answer.status_code
    assert "2" == answer.headers["Retry-After"]
    assert {"title", "detail", "type", "instance"} == set(answer.get_json())
    assert "127.0.0.1" not in answer.get_data(as_text=True)


def test_an_answer_without_a_confirm_says_what_may_be_true_and_what_to_do(room: Room) -> None:
    waiting = put(room, store_rows.workflow(1, state=State.WAITING))
    room.broker.away = True
    details = [
        answer.get_json()["detail"]
        for answer in (
            send(room),
            room.client.delete(f"/v1/workflows/{waiting}", headers=room.headers(ACME)),
            hook(room, authorization=signed(VONAGE, RECEIPT, iat=int(room.now))),
        )
    ]
    room.broker.away, room.broker.unroutable = False, True
    given_back = send(room).get_json()["detail"]

    assert {True} == {"was not confirmed" in each and "may or may not have been taken" in each for each in details}
    assert "a repeated request then sends it a second time" in details[0]
    assert "cancelling twice does no harm" in details[1]
    assert "a repeated webhook does no harm" in details[2]
    assert "it was not taken" in given_back


def test_known_callers_send_while_the_store_is_away(room: Room) -> None:
    send(room)
    room.store.away = True
    room.clock.at = 3000.0

    assert 202 == send(room).status_code
    assert 503 == send(room, caller=MadeUpCaller(tenant="acme")).status_code

    room.clock.at = 3700.0
    assert 503 == send(room).status_code


def get(room: Room, path: str, caller: MadeUpCaller = ACME) -> Any:
    return room.client.get(path, headers=room.headers(caller))


def test_an_id_of_ours_is_accepted_for_seven_days(room: Room) -> None:
    message = send(room).get_json()["message_uuid"]
    workflow_id = ids.split_message_uuid(message)[0]

    for at, status in ((0.0, 200), (7 * DAY_S - 1, 200), (7 * DAY_S + 1, 404)):
        room.clock.at = at
        assert status == get(room, f"/v1/messages/{message}").status_code
        assert status == get(room, f"/v1/workflows/{workflow_id}").status_code
    room.clock.at = 0.0
    assert {"workflow_id": workflow_id, "state": "accepted"} == get(room, f"/v1/workflows/{workflow_id}").get_json()
    shown = get(room, f"/v0.1/dispatch/{workflow_id.upper()}").get_json()
    assert {"dispatch_uuid": workflow_id, "workflow_id": workflow_id, "state": "accepted"} == shown


def test_what_is_not_the_callers_is_not_there(room: Room) -> None:
    mine = put(room, store_rows.workflow(1))
    given = ids.split_message_uuid(send(room).get_json()["message_uuid"])[0]
    nobodys = (
        "ping-pong",
        "%2e%2e",
        "0",
        mine.replace("-", ""),
        f"{{{mine}}}",
        mine[:-1],
        "6a0f7c1e-2f5b-4c1d-8a57-0b5f0f1c2d00",
        ids.queued_workflow_id(tenant="acme", message_id="m"),
        ids.message_uuid(mine, 1),
    )
    for path in ("/v1/workflows", "/v0.1/dispatch"):
        for each in nobodys:
            assert 404 == get(room, f"{path}/{each}").status_code, each
            assert 404 == get(room, f"{path}/{each}/timeline").status_code, each
        for each in (mine, given):
            assert 200 == get(room, f"{path}/{each}").status_code
            assert 404 == get(room, f"{path}/{each}", OTHER).status_code
            assert 404 == get(room, f"{path}/{each}/timeline", OTHER).status_code
            assert 404 == room.client.delete(f"{path}/{each}", headers=room.headers(OTHER)).status_code
    for each in (mine, ids.message_uuid(mine, 3), ids.message_uuid(mine, 200), ids.message_uuid(given, 11)):
        assert 404 == get(room, f"/v1/messages/{each}").status_code


def test_a_row_is_shown_with_its_steps(room: Room) -> None:
    mine = put(room, store_rows.workflow(1))
    shown = get(room, f"/v1/workflows/{mine}").get_json()
    second = get(room, f"/v1/messages/{ids.message_uuid(mine, 2)}").get_json()

    assert ("ready", 2) == (shown["state"], len(shown["steps"]))
    assert "outcome" not in shown
    assert (mine, 2, "sms") == (second["workflow_id"], second["step"], second["channel"])
    for path in (f"/v1/workflows/{mine}", f"/v1/messages/{ids.message_uuid(mine, 1)}", f"/v0.1/dispatch/{mine}"):
        assert ["accepted"] == [each["what"] for each in get(room, f"{path}/timeline").get_json()["entries"]]


def test_the_end_is_shown_with_its_outcome(room: Room) -> None:
    mine = put(room, store_rows.workflow(1, state=State.FINAL))
    shown = get(room, f"/v1/workflows/{mine}").get_json()

    assert ("final", "cancelled") == (shown["state"], shown["outcome"])


STOPS = {
    "a pause of the channel": (Stop(kind=StopKind.PAUSE, channel="viber_service", reason="x", since=EPOCH), "held"),
    "a fault of the account": (Stop(kind=StopKind.FAULT, account="default", reason="x", since=EPOCH), "held"),
    "another channel's pause": (Stop(kind=StopKind.PAUSE, channel="sms", reason="x", since=EPOCH), "ready"),
    "another account's fault": (Stop(kind=StopKind.FAULT, account="backup", reason="x", since=EPOCH), "ready"),
}


@pytest.mark.parametrize(("stop", "state"), STOPS.values(), ids=STOPS.keys())
def test_what_is_ready_under_a_stop_is_shown_as_held(room: Room, stop: Stop, state: str) -> None:
    mine = put(room, store_rows.workflow(1))
    room.rows.put_stop(stop)

    assert state == get(room, f"/v1/workflows/{mine}").get_json()["state"]
    assert state == get(room, f"/v1/messages/{ids.message_uuid(mine, 1)}").get_json()["state"]


def test_a_query_without_the_store_is_503(room: Room) -> None:
    message = send(room).get_json()["message_uuid"]
    room.store.away = True
    answer = get(room, f"/v1/messages/{message}")

    assert (503, "application/problem+json") == (answer.status_code, answer.content_type)
    assert 503 == room.client.delete(f"/v1/messages/{message}", headers=room.headers(ACME)).status_code


def test_a_cancel_is_published_for_what_can_be_cancelled(room: Room) -> None:
    waiting = put(room, store_rows.workflow(1, state=State.WAITING))
    ended = put(room, store_rows.workflow(2, state=State.FINAL))
    providers = put(room, replace(store_rows.workflow(3, state=State.WAITING), engine=Engine.PROVIDER))
    early = ids.split_message_uuid(send(room).get_json()["message_uuid"])[0]
    room.broker.published.clear()
    expected = {
        f"/v1/workflows/{waiting}": 202,
        f"/v0.1/dispatch/{waiting}": 202,
        f"/v1/messages/{ids.message_uuid(waiting, 2)}": 202,
        f"/v1/workflows/{early}": 202,
        f"/v1/workflows/{ended}": 409,
        f"/v1/workflows/{providers}": 409,
        f"/v1/messages/{waiting}": 404,
    }

    assert expected == {path: room.client.delete(path, headers=room.headers(ACME)).status_code for path in expected}
    commands = [json.loads(message.body) for message in room.broker.published]
    assert [waiting, waiting, waiting, early] == [command["workflow_id"] for command in commands]
    assert {("cancel", "acme", "caller")} == {
        (command["command"], command["tenant"], command["by"]) for command in commands
    }


def test_a_cancel_of_a_message_says_that_it_is_the_whole_workflow(room: Room) -> None:
    waiting = put(room, store_rows.workflow(1, state=State.WAITING))
    message = ids.message_uuid(waiting, 2)
    of_message, of_workflow = (
        room.client.delete(path, headers=room.headers(ACME)).get_json()
        for path in (f"/v1/messages/{message}", f"/v1/workflows/{waiting}")
    )

    assert {"workflow_id": waiting, "cancel": "requested"} == of_workflow
    assert of_workflow | {"message_uuid": message, "detail": of_message["detail"]} == of_message
    assert of_message["detail"].startswith("The whole workflow")


def test_a_cancel_without_a_confirm_is_not_taken(room: Room) -> None:
    waiting = put(room, store_rows.workflow(1, state=State.WAITING))
    room.broker.away = True

    assert 503 == room.client.delete(f"/v1/workflows/{waiting}", headers=room.headers(ACME)).status_code


RECEIPT = b'{"status":"delivered"}'


def hook(room: Room, raw: bytes = RECEIPT, authorization: str | None = None, kind: str = "status") -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return room.client.post(f"/webhooks/{kind}", data=raw, headers=headers)


def test_a_webhook_goes_to_the_queue_of_its_kind(room: Room) -> None:
    for kind, key in (("status", "receipt"), ("inbound", "inbound")):
        room.broker.published.clear()
        answer = hook(room, authorization=signed(VONAGE, RECEIPT, iat=int(room.now)), kind=kind)

        assert (200, b"") == (answer.status_code, answer.data)
        (message,) = room.broker.published
        assert ("cascade.receipts", key, "webhook.1") == (message.exchange, message.routing_key, message.type)
        assert RECEIPT == message.body
        assert {"x-cascade-account": "default"} == message.headers


def test_the_application_that_a_signature_names_goes_along_with_its_webhook(room: Room) -> None:
    about = "78d335fa-323d-0114-9c3d-d6f0d48968cf"
    header = signed(VONAGE, RECEIPT, iat=int(room.now), application_id=about)

    assert 200 == hook(room, authorization=header, kind="inbound").status_code
    (message,) = room.broker.published
    assert {"x-cascade-account": "default", "x-cascade-about-application": about} == message.headers


def test_a_webhook_of_nobody_known_is_not_thrown_away_while_the_store_is_away(room: Room) -> None:
    added = provider_account("added")
    header = signed(added, RECEIPT, iat=int(room.now))
    assert 401 == hook(room, authorization=header).status_code

    room.store.away = True
    room.clock.at = 2.0
    assert 503 == hook(room, authorization=header).status_code

    room.store.away = False
    room.rows.change_directory(added)
    room.clock.at = 4.0
    assert 200 == hook(room, authorization=header).status_code


def test_a_webhook_that_can_not_be_queued_is_sent_again(room: Room) -> None:
    room.broker.away = True

    assert 503 == hook(room, authorization=signed(VONAGE, RECEIPT, iat=int(room.now))).status_code


@pytest.mark.parametrize(
    ("size", "headers"),
    [
        (256 * 1024, {}),
        (256 * 1024 + 1, {"x-cascade-truncated": "262145"}),
        (1024 * 1024, {"x-cascade-truncated": "1048576"}),
    ],
)
def test_of_a_webhook_above_what_a_queue_takes_the_beginning_is_kept(
    room: Room, size: int, headers: dict[str, str]
) -> None:
    raw = b"y" + b"x" * (size - 1)
    answer = hook(room, raw, signed(VONAGE, raw, iat=int(room.now)))

    assert 200 == answer.status_code
    (message,) = room.broker.published
    assert raw[: 256 * 1024] == message.body
    assert {"x-cascade-account": "default", **headers} == message.headers


def test_a_webhook_of_more_than_a_megabyte_is_not_even_read(room: Room) -> None:
    raw = b"x" * (1024 * 1024 + 1)

    assert 413 == hook(room, raw, signed(VONAGE, raw, iat=int(room.now))).status_code


def readiness(room: Room) -> tuple[int, list[str]]:
    """Return the status of /readyz, and the names of what is not well."""
    answer = room.client.get("/readyz")
    return answer.status_code, [each["name"] for each in answer.get_json()["checks"] if not each["ok"]]


def test_readiness_names_what_is_missing(room: Room) -> None:
    assert (200, []) == readiness(room)
    room.broker.away = True
    assert (503, ["broker"]) == readiness(room)
    room.store.away = True
    assert (503, ["broker", "store"]) == readiness(room)
    assert 200 == room.client.get("/healthz").status_code


def test_without_the_store_it_is_ready_as_long_as_known_callers_are_served(room: Room) -> None:
    # Sends are taken for an hour without the store: taking the ingress out of service would end just that.
    send(room)
    room.store.away = True
    assert (200, ["store"]) == readiness(room)
    room.clock.at = 3500.0
    assert (200, ["store"]) == readiness(room)
    room.clock.at = 3700.0
    assert (503, ["store", "callers"]) == readiness(room)


def test_it_is_not_ready_before_the_store_was_ever_read(room: Room) -> None:
    room.store.away = True

    assert (503, ["store", "callers"]) == readiness(room)


def test_refusals_and_acceptances_are_counted(room: Room) -> None:
    send(room)
    send(room, {})
    room.client.post("/v1/messages")
    text = room.client.get("/metrics").get_data(as_text=True)

    assert 'cascade_messages_accepted_total{api="message.v1",source="http"} 1.0' in text
    for reason in ("invalid", "unauthorized"):
        assert f'cascade_messages_refused_total{{reason="{reason}",source="http"}} 1.0' in text
