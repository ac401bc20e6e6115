"""The ingress as a process, against the real broker: what is accepted is in the queue, and nothing else is accepted."""

import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import requests
from kombu import Connection, Queue

from services.ingress.sends import SENDS
from shared.ids import split_message_uuid
from shared.store.opening import open_store
from shared.store.records import Batch, InboundRow
from shared.vonage.legacy_signatures import Method, signature_of
from shared.wire.requests import StartType
from tests.support.broker import EXTERNAL, Vhost, external_vhost, fresh_vhost
from tests.support.ingress import Ingress, new_store, start_ingress
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_webhooks import provider_account, signed
from tests.support.queues import apply_topology, ready
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("ingress-process")

ACME = MadeUpCaller(tenant="acme")
OTHER = MadeUpCaller(tenant="other")
VONAGE = provider_account()

V1 = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Your code is 4711"}
V0_1 = {
    "from": {"type": "sms", "number": "447700900001"},
    "to": {"type": "sms", "number": "447700900000"},
    "message": {"content": {"type": "text", "text": "Your code is 4711"}},
}
DISPATCH = {
    "template": "failover",
    "workflow": [
        {
            "from": {"type": "viber_service_msg", "id": "16273"},
            "to": {"type": "viber_service_msg", "number": "447700900000"},
            "message": {"content": {"type": "text", "text": "Hello by Viber"}},
            "failover": {"expiry_time": 600, "condition_status": "delivered"},
        },
        V0_1,
    ],
}
BODIES: dict[StartType, dict[str, Any]] = {
    StartType.WORKFLOW_BETA: DISPATCH,
    StartType.WORKFLOW_V0_1: DISPATCH,
    StartType.MESSAGE_V0_1: V0_1,
    StartType.MESSAGE_V1: V1,
}
ID_NAMES = {
    "/beta/workflows": "workflow_uuid",
    "/beta/messages": "message_uuid",
    "/v0.1/dispatch": "dispatch_uuid",
    "/v0.1/messages": "message_uuid",
    "/v1/messages": "message_uuid",
}


@pytest.fixture(scope="module")
def broker_room(request: pytest.FixtureRequest) -> Iterator[Vhost]:
    if os.environ.get(EXTERNAL):
        with external_vhost() as external:
            yield external
        return
    with fresh_vhost(request.getfixturevalue("broker")) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return new_store(tmp_path_factory.mktemp("store"), ACME, OTHER, VONAGE)


@pytest.fixture(scope="module")
def started(broker_room: Vhost, store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    # As the shipped user, which may publish and nothing else.
    broker_url = apply_topology(broker_room).ingress
    running = start_ingress(tmp_path_factory.mktemp("ingress"), broker_url=broker_url, store_url=store_url)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture
def ingress(started: Ingress, broker_room: Vhost) -> Ingress:
    for queue in ("cascade.intake", "cascade.commands", "cascade.receipts", "cascade.inbound"):
        taken_from(broker_room.url, queue)
    return started


def token(caller: MadeUpCaller = ACME) -> str:
    return caller.bearer(now=time.time())


def taken_from(url: str, queue: str) -> list[Any]:
    """Take all messages out of a queue."""
    taken = []
    with Connection(url) as connection, connection.channel() as channel:
        while (message := Queue(queue, channel=channel).get(no_ack=True)) is not None:
            taken.append(message)
    return taken


def test_a_request_of_every_generation_is_accepted_and_really_in_the_queue(
    ingress: Ingress, broker_room: Vhost
) -> None:
    given = {}
    for path, start_type, _ in SENDS:
        for slash in ("", "/", "/?"):
            answer = ingress.post(path + slash, BODIES[start_type], authorization=token())

            assert 202 == answer.status_code, answer.text
            assert {ID_NAMES[path]} == set(answer.json())
            given[split_message_uuid(answer.json()[ID_NAMES[path]])[0]] = start_type
    for header in (ACME.basic(), token()):
        answer = ingress.post("/v1/messages", {**V1, "failover": [V1]}, authorization=header)

        assert {"message_uuid", "workflow_id"} == set(answer.json())
        assert answer.json()["workflow_id"] == split_message_uuid(answer.json()["message_uuid"])[0]
        given[answer.json()["workflow_id"]] = StartType.MESSAGE_V1

    taken = taken_from(broker_room.url, "cascade.intake")

    assert given == {each.properties["message_id"]: each.properties["type"] for each in taken}
    assert {"acme"} == {each.headers["x-cascade-tenant"] for each in taken}
    assert {2} == {each.properties["delivery_mode"] for each in taken}
    assert [] == [each for each in taken if each.delivery_info["routing_key"] != each.properties["type"]]
    assert len(taken) - 1 == len(
        [each for each in taken if each.headers.get("x-cascade-application") == ACME.application_id]
    )


def test_what_is_wrong_is_named_and_not_queued(ingress: Ingress, broker_room: Vhost) -> None:
    bad = {"channel": "sms", "message_type": "text", "to": "0", "text": ""}
    answers = {
        "fields": ingress.post("/v1/messages", bad, authorization=token()),
        "json": ingress.post("/v1/messages", raw=b'{"to": NaN}', authorization=token()),
        "old": ingress.post("/v0.1/dispatch", raw=b"{", authorization=token()),
        "beta": ingress.post("/beta/messages", {}, authorization=token()),
        "type": ingress.post(
            "/v1/messages", raw=b"to=1", authorization=token(), headers={"Content-Type": "text/plain"}
        ),
        "size": ingress.post("/v1/messages", {**V1, "text": "x" * 300_000}, authorization=token()),
        "path": ingress.post("/v2/messages", V1, authorization=token()),
        "method": ingress.delete("/v1/messages", authorization=token()),
    }

    expected = {
        "fields": 422,
        "json": 422,
        "old": 400,
        "beta": 400,
        "type": 415,
        "size": 413,
        "path": 404,
        "method": 405,
    }
    assert expected == {name: answer.status_code for name, answer in answers.items()}
    for answer in answers.values():
        assert "application/problem+json" == answer.headers["Content-Type"]
        assert answer.headers["x-nexmo-trace-id"] == answer.json()["instance"]
        assert answer.json()["title"]
        assert answer.json()["detail"]
    assert {"to", "from", "text"} == {each["name"] for each in answers["fields"].json()["invalid_parameters"]}
    assert "GET, HEAD, OPTIONS, POST" == answers["method"].headers["Allow"]
    assert [] == taken_from(broker_room.url, "cascade.intake")


def test_fifty_forged_requests_get_the_same_401_and_are_not_queued(ingress: Ingress, broker_room: Vhost) -> None:
    stranger = MadeUpCaller(tenant="acme")
    good = ACME.token(now=time.time())
    forged = [
        *(stranger.bearer(now=time.time()) for _ in range(10)),
        *(stranger.bearer(now=time.time(), application_id=ACME.application_id) for _ in range(10)),
        *(stranger.basic() for _ in range(5)),
        *(ACME.basic(f"wrong-{number}") for number in range(5)),
        *(stranger.bearer(now=time.time() - 900 - late, application_id=ACME.application_id) for late in range(5)),
        *(f"Bearer {good[:-number]}" for number in range(5, 15)),
        "",
        "Bearer",
        f"Bearer {good} {good}",
        good,
        f"Digest {good}",
    ]
    seen = set()
    for header in forged:
        answer = ingress.post("/v1/messages", V1, authorization=header)
        problem = answer.json()
        assert problem.pop("instance") == answer.headers["x-nexmo-trace-id"]
        seen.add((answer.status_code, tuple(sorted(problem.items()))))
    twice = ingress.post(f"/v1/messages?api_key={ACME.api_key}&api_secret=x", V1, authorization=token())

    assert 50 == len(forged)
    assert 1 == len(seen)
    assert {401} == {status for status, _ in seen}
    assert 401 == twice.status_code
    assert [] == taken_from(broker_room.url, "cascade.intake")


def test_an_accepted_request_can_be_asked_for_before_any_dispatcher_ran(ingress: Ingress) -> None:
    workflow_id = ingress.post("/v0.1/dispatch", DISPATCH, authorization=token()).json()["dispatch_uuid"]
    message = ingress.post("/v1/messages", V1, authorization=token()).json()["message_uuid"]

    for path in (f"/v1/workflows/{workflow_id}", f"/v0.1/dispatch/{workflow_id}", f"/v1/messages/{message}"):
        shown = ingress.get(path, authorization=token())
        assert (200, "accepted") == (shown.status_code, shown.json()["state"])
        assert [] == ingress.get(f"{path}/timeline", authorization=token()).json()["entries"]
        assert 404 == ingress.get(path, authorization=token(OTHER)).status_code
        assert 401 == ingress.get(path).status_code


def test_a_cancel_before_the_start_is_queued(ingress: Ingress, broker_room: Vhost) -> None:
    workflow_id = ingress.post("/v0.1/dispatch", DISPATCH, authorization=token()).json()["dispatch_uuid"]

    assert 404 == ingress.delete(f"/v1/workflows/{workflow_id}", authorization=token(OTHER)).status_code
    assert 202 == ingress.delete(f"/v1/workflows/{workflow_id}", authorization=token()).status_code
    (command,) = taken_from(broker_room.url, "cascade.commands")
    assert "command.1" == command.properties["type"]
    assert workflow_id.encode() in bytes_of(command)


def test_webhooks_are_queued_as_they_came_or_refused(ingress: Ingress, broker_room: Vhost) -> None:
    status = b'{"message_uuid":"6a0f7c1e-2f5b-4c1d-8a57-0b5f0f1c2d3e", "status" : "delivered"}\n'
    unreadable = b"\xff not json"
    other_account = provider_account("stranger")

    assert 503 == ingress.post("/webhooks/status", raw=status).status_code
    assert 401 == ingress.post("/webhooks/status", raw=status, authorization=signed(other_account, status)).status_code
    assert 401 == ingress.post("/webhooks/status", raw=status, authorization=signed(VONAGE, status + b" ")).status_code
    assert 413 == ingress.post("/webhooks/status", raw=b"x" * 1_100_000).status_code
    assert 200 == ingress.post("/webhooks/status", raw=status, authorization=signed(VONAGE, status)).status_code
    assert 200 == ingress.post("/webhooks/status", raw=unreadable, authorization=signed(VONAGE, unreadable)).status_code
    assert 200 == ingress.post("/webhooks/inbound", raw=status, authorization=signed(VONAGE, status)).status_code

    receipts = [
        each for each in taken_from(broker_room.url, "cascade.receipts") if each.properties["type"] == "webhook.1"
    ]
    inbound = taken_from(broker_room.url, "cascade.inbound")

    assert [status, unreadable] == [bytes_of(each) for each in receipts]
    assert [status] == [bytes_of(each) for each in inbound]
    assert {"default"} == {each.headers["x-cascade-account"] for each in (*receipts, *inbound)}


def test_old_webhooks_of_the_sms_api_are_queued_as_they_came(ingress: Ingress, broker_room: Vhost) -> None:
    given = {"api-key": VONAGE.api_key, "messageId": "0A0000001", "status": "delivered", "msisdn": "447700900000"}
    given["timestamp"] = str(int(time.time()))
    given["sig"] = signature_of(given, secret=VONAGE.signature_secrets[0], method=Method.SHA256)
    form = urlencode(given)

    assert 200 == ingress.get(f"/webhooks/sms/status?{form}").status_code
    assert 503 == ingress.get("/webhooks/sms/status?status=delivered").status_code
    (kept,) = [
        each for each in taken_from(broker_room.url, "cascade.receipts") if each.properties["type"] == "webhook.1"
    ]
    assert (form.encode(), "application/x-www-form-urlencoded") == (bytes_of(kept), kept.content_type)
    assert "receipt" == kept.headers["x-cascade-legacy"]


def test_a_request_under_a_key_happens_once_whichever_worker_is_asked(ingress: Ingress, broker_room: Vhost) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answers = [ingress.post("/v1/messages", V1, authorization=token(), headers=key) for _ in range(8)]
    other = ingress.post("/v1/messages", {**V1, "text": "Another"}, authorization=token(), headers=key)

    assert {202} == {answer.status_code for answer in answers}
    assert 1 == len({answer.text for answer in answers})
    assert [None] + ["true"] * 7 == [answer.headers.get("Idempotent-Replayed") for answer in answers]
    assert 422 == other.status_code
    assert 1 == len(taken_from(broker_room.url, "cascade.intake"))


def test_an_update_is_queued_and_answered_without_a_body(ingress: Ingress, broker_room: Vhost, store_url: str) -> None:
    uuid = str(uuid4())
    store = open_store(store_url)
    row = InboundRow(
        provider_uuid=uuid,
        tenant="acme",
        account="default",
        channel="whatsapp",
        sender="447700900000",
        recipient="447700900001",
        region_url=None,
        raw=b"{}",
        received_at=time.time(),
    )
    store.commit(Batch(inbound=(row,)))
    store.close()
    body = {"status": "read", "replying_indicator": {"show": True, "type": "text"}}
    answer, unknown = (
        requests.patch(f"{ingress.url}/v1/messages/{each}", json=body, headers={"Authorization": token()}, timeout=10)
        for each in (uuid, uuid4())
    )

    assert (200, b"", "0") == (answer.status_code, answer.content, answer.headers["Content-Length"])
    assert 404 == unknown.status_code
    (wish,) = taken_from(broker_room.url, "cascade.commands")
    assert body.items() <= json.loads(bytes_of(wish)).items()


def bytes_of(message: Any) -> bytes:
    body = message.body
    return body if isinstance(body, bytes) else bytes(body.encode())


def test_markers_come_five_times_a_second_while_somebody_reads_and_seldom_while_nobody_does(
    ingress: Ingress, broker_room: Vhost
) -> None:
    wait_until(lambda: ready(broker_room.url, "cascade.receipts") >= 1, 15.0)
    unread = taken_from(broker_room.url, "cascade.receipts")
    read: list[float] = []
    with Connection(broker_room.url) as connection, connection.channel() as channel:
        consumer = channel.basic_consume("cascade.receipts", no_ack=True, callback=lambda _: read.append(time.time()))

        def drained() -> bool:
            connection.drain_events(timeout=5)
            return len(read) >= 30

        wait_until(drained, 20.0, every_s=0)
        channel.basic_cancel(consumer)

    rate = 20 / (read[-1] - read[-21])
    assert 1 <= len(unread) <= 6
    assert 6 <= rate <= 12, "two workers, five a second each"


def test_the_ingress_is_ready_and_counts_for_all_its_workers(ingress: Ingress) -> None:
    before = accepted_so_far(ingress)
    for _ in range(20):
        assert 202 == ingress.post("/v1/messages", V1, authorization=token()).status_code

    assert {"broker": True, "store": True, "callers": True} == {
        each["name"]: each["ok"] for each in ingress.get("/readyz").json()["checks"]
    }
    assert [before + 20] * 4 == [accepted_so_far(ingress) for _ in range(4)]


def accepted_so_far(ingress: Ingress) -> float:
    counted = 'cascade_messages_accepted_total{api="message.v1",source="http"} '
    lines = [line for line in ingress.get("/metrics").text.splitlines() if line.startswith(counted)]
    return float(lines[0].removeprefix(counted)) if lines else 0.0


def test_the_log_holds_no_number_no_text_and_no_token(ingress: Ingress) -> None:
    header = token()
    assert 202 == ingress.post("/v1/messages", V1, authorization=header).status_code
    assert 422 == ingress.post("/v1/messages", {**V1, "447700900000": 1, "to": "x"}, authorization=header).status_code

    said = ingress.log.read_text()
    assert "request.answered" in said
    for secret in ("447700900000", "code is 4711", header[7:40], ACME.api_secret):
        assert secret not in said


def exchange(ingress: Ingress, request: bytes) -> bytes:
    """Write bytes to the ingress and return all it answers until it closes."""
    host, port = ingress.url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        while part := connection.recv(65_536):
            answer += part
    return answer


def test_a_chunked_body_is_read_and_measured_like_any_other(ingress: Ingress, broker_room: Vhost) -> None:
    def chunked(body: bytes) -> bytes:
        head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: {token()}\r\nConnection: close\r\n"
        head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head.encode() + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"

    assert b" 202 " in exchange(ingress, chunked(json.dumps(V1).encode()))[:20]
    assert b" 413 " in exchange(ingress, chunked(json.dumps(V1).encode() + b" " * 270_000))[:20]
    assert 1 == len(taken_from(broker_room.url, "cascade.intake"))


@pytest.mark.parametrize("size", [300_000, 3_000_000])
def test_a_client_is_told_that_the_connection_ends_with_a_body_that_is_refused(ingress: Ingress, size: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", int(ingress.url.rpartition(":")[2]), timeout=30)) as client:
        headers = {"Authorization": ACME.basic(), "Content-Type": "application/json"}
        client.request("POST", "/v1/messages", b"{}", headers)
        kept = client.getresponse()
        kept.read()
        client.request("POST", "/v1/messages", b"x" * size, headers)
        ended = client.getresponse()
        ended.read()
        client.request("GET", "/v1/messages/ping")  # the client was told, so it opens another connection
        again = client.getresponse()

        assert (422, "keep-alive") == (kept.status, kept.headers["Connection"])
        assert (413, "close") == (ended.status, ended.headers["Connection"])
        assert 200 == again.status


def test_two_authorization_headers_are_refused(ingress: Ingress, broker_room: Vhost) -> None:
    body = json.dumps(V1).encode()
    head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: {token()}\r\nAuthorization: {ACME.basic()}\r\n"
    head += f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"

    assert b" 401 " in exchange(ingress, head.encode() + body)[:20]
    assert [] == taken_from(broker_room.url, "cascade.intake")


def test_a_body_of_two_lengths_is_refused(ingress: Ingress, broker_room: Vhost) -> None:
    body = json.dumps(V1).encode()
    head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: {token()}\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert b" 400 " in exchange(ingress, head.encode() + body)[:20]
    assert [] == taken_from(broker_room.url, "cascade.intake")
