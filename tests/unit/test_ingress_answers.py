"""What every address says to what is wrong with a request: status, type, names and headers, as a table over all."""

import json
import re
from typing import Any

import pytest

from services.ingress.app import app_of, make_house
from shared.queue.envelope import OutboundMessage
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_room import RememberingBroker, Room

ACME = MadeUpCaller(tenant="acme")
ID = "6a0f7c1e-2f5b-4c1d-8a57-0b5f0f1c2d3e"
ERRORS = "https://developer.vonage.com/api-errors"
OLD = "https://www.nexmo.com/messages/Errors#InvalidParams"

V1 = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Hello"}
V0_1: dict[str, Any] = {
    "from": {"type": "sms", "number": "447700900001"},
    "to": {"type": "sms", "number": "447700900000"},
    "message": {"content": {"type": "text", "text": "Hello"}},
}
VIBER = {
    "from": {"type": "viber_service_msg", "id": "16273"},
    "to": {"type": "viber_service_msg", "number": "447700900000"},
    "message": {"content": {"type": "text", "text": "Hello"}},
    "failover": {"expiry_time": 600, "condition_status": "delivered"},
}
DISPATCH = {"template": "failover", "workflow": [VIBER, V0_1]}
SENDS: dict[str, tuple[Any, str]] = {
    "/v1/messages": (V1, "message_uuid"),
    "/v0.1/messages": (V0_1, "message_uuid"),
    "/v0.1/dispatch": (DISPATCH, "dispatch_uuid"),
    "/beta/messages": (V0_1, "message_uuid"),
    "/beta/workflows": (DISPATCH, "workflow_uuid"),
}
PINGS = [f"{path}/ping" for path in SENDS]
SHOWN = [
    f"{path}/{ID}{more}"
    for path in (
        *("/v1/messages", "/v1/workflows", "/v0.1/messages", "/v0.1/dispatch", "/beta/messages", "/beta/workflows"),
        "/workflows",
    )
    for more in ("", "/timeline")
]
CANCELS = [path for path in SHOWN if not path.endswith("timeline") and not path.startswith("/workflows")]
FOUND = ["/v1/messages", "/v1/workflows"]
GUARDED = [
    *(("POST", path) for path in SENDS),
    *(("GET", path) for path in (*SHOWN, *FOUND)),
    *(("DELETE", path) for path in CANCELS),
    ("PATCH", f"/v1/messages/{ID}"),
]


@pytest.fixture(scope="module")
def one_room() -> Room:
    return Room(ACME)


@pytest.fixture
def room(one_room: Room) -> Room:
    """Return a room in which nothing was published yet; nothing else in it is changed here."""
    one_room.broker.published.clear()
    return one_room


def is_problem(answer: Any, status: int, kind: str = "") -> dict[str, Any]:
    """Return the problem document, which has all that clients of the provider read of one."""
    assert (status, "application/problem+json") == (answer.status_code, answer.content_type), answer.data
    problem = dict(answer.get_json())
    assert answer.headers["x-nexmo-trace-id"] == problem["instance"]
    assert problem["title"]
    assert problem["detail"]
    assert not kind or problem["type"] == kind
    return problem


def post(room: Room, path: str, raw: bytes, kind: str | None = "application/json") -> Any:
    return room.client.post(path, data=raw, content_type=kind, headers=room.headers(ACME))


@pytest.mark.parametrize("path", SENDS)
@pytest.mark.parametrize("ending", ["", "/", "?", "/?"])
def test_a_request_is_taken_with_and_without_a_slash_and_an_empty_query(room: Room, path: str, ending: str) -> None:
    body, name = SENDS[path]
    answer = room.client.post(path + ending, json=body, headers=room.headers(ACME))

    assert (202, "application/json") == (answer.status_code, answer.content_type)
    assert {name} == set(answer.get_json())
    assert 1 == len(room.broker.published)


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("slash", ["", "/"])
def test_without_credentials_nothing_is_told(room: Room, method: str, path: str, slash: str) -> None:
    answer = room.client.open(path + slash, method=method, json={})

    is_problem(answer, 401, f"{ERRORS}#unauthorized")
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_two_schemes_at_once_are_refused_everywhere(room: Room, method: str, path: str) -> None:
    both = {"Authorization": f"{ACME.bearer(now=room.now)}, {ACME.basic()}"}
    pair = {"api_key": ACME.api_key, "api_secret": ACME.api_secret}
    in_both = room.client.open(path, method=method, json={}, headers=room.headers(ACME), query_string=pair)
    alone = room.client.open(path, method=method, json={}, query_string=pair)

    is_problem(room.client.open(path, method=method, json={}, headers=both), 401, f"{ERRORS}#multiple-auth-methods")
    is_problem(in_both, 401, f"{ERRORS}#multiple-auth-methods")
    assert "Basic in the Authorization header" in is_problem(alone, 401, f"{ERRORS}#unauthorized")["detail"]


def test_a_token_that_is_over_is_told_so(room: Room) -> None:
    header = {"Authorization": ACME.bearer(now=room.now - 900)}

    is_problem(room.client.get(FOUND[0], headers=header), 401, f"{ERRORS}#jwt-expired")


@pytest.mark.parametrize("path", [*PINGS, "/healthz", "/readyz", "/metrics"])
def test_whoever_asks_may_know_that_somebody_is_there(room: Room, path: str) -> None:
    assert 200 == room.client.get(path).status_code


def test_whoever_asks_whether_it_lives_hears_so_whatever_is_away() -> None:
    around = Room()
    around.broker.away = around.store.away = True
    answer = around.client.get("/healthz")

    assert (200, {"alive": True}) == (answer.status_code, answer.get_json())


class Broken(RememberingBroker):
    """Has a fault that nobody thought of."""

    def publish(self, message: OutboundMessage) -> None:
        raise RuntimeError(f"the password is hunter2, and the body {message.body!r}")


@pytest.mark.parametrize("path", SENDS)
def test_a_fault_of_ours_is_told_without_its_details(path: str) -> None:
    around = Room(ACME)
    client = app_of(make_house(around.house.settings, around.store, Broken(), around.clock)).test_client()
    answer = client.post(path, json=SENDS[path][0], headers=around.headers(ACME))

    assert "There was an error processing the request." == is_problem(answer, 500)["detail"]
    assert not {"hunter2", "Hello", "RuntimeError"} & set(re.findall(r"\w+", answer.get_data(as_text=True)))


@pytest.mark.parametrize("path", [*SHOWN, *CANCELS])
def test_an_unknown_id_is_a_404_that_names_it(room: Room, path: str) -> None:
    method = "DELETE" if path in CANCELS else "GET"
    problem = is_problem(room.client.open(path, method=method, headers=room.headers(ACME)), 404, f"{ERRORS}#not-found")

    assert ID in problem["detail"]


JSON_FAULTS: dict[str, bytes] = {
    "no JSON": b"{",
    "not UTF-8": b'{"text": "\xff"}',
    "a trailing comma": b'{"to": "447700900000",}',
    "two documents": b"{} {}",
}
OTHER_FAULTS: dict[str, bytes] = {
    "an empty body": b"",
    "white space": b" \r\n",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "an empty object": b"{}",
    "NaN": b'{"to": NaN}',
    "a number beyond a double": b'{"ttl": 1e999}',
    "a number of 5,000 digits": b'{"ttl": ' + b"1" * 5000 + b"}",
    "a key twice": b'{"text": "Hello", "text": "World"}',
    "half a surrogate pair": b'{"text": "\\ud83d"}',
    "a key of half a pair": b'{"\\udc00": 1}',
    "a NUL": b'{"text": "\\u0000"}',
    "a hundred thousand brackets": b"[" * 100_000,
    "seventeen deep": b'{"a":' * 17 + b"1" + b"}" * 17,
}


@pytest.mark.parametrize("path", SENDS)
@pytest.mark.parametrize("raw", [*JSON_FAULTS.values(), *OTHER_FAULTS.values()], ids=[*JSON_FAULTS, *OTHER_FAULTS])
def test_a_body_that_can_not_be_read_has_the_answer_of_its_generation(room: Room, path: str, raw: bytes) -> None:
    answer = post(room, path, raw)

    if path.startswith("/v1"):
        kind = f"{ERRORS}#invalid-json" if raw in JSON_FAULTS.values() else f"{ERRORS}/messages#1150"
        problem = is_problem(answer, 422, kind)
    else:
        problem = is_problem(answer, 400, OLD)
    assert problem["invalid_parameters"]
    assert [] == [each for each in problem["invalid_parameters"] if not (each["name"] and each["reason"])]
    assert [] == room.broker.published


@pytest.mark.parametrize("path", SENDS)
def test_numbers_of_another_alphabet_are_no_numbers(room: Room, path: str) -> None:
    raw = json.dumps(SENDS[path][0]).replace("447700900000", "٤٤٧٧٠٠٩٠٠٠٠٠").encode()
    problem = is_problem(post(room, path, raw), 422 if path.startswith("/v1") else 400)

    assert {"to", "number"} >= {each["name"].rpartition(".")[2] for each in problem["invalid_parameters"]}


@pytest.mark.parametrize("path", SENDS)
def test_a_body_too_large_of_another_type_or_compressed_is_not_looked_into(room: Room, path: str) -> None:
    is_problem(post(room, path, b'"' + b"x" * 262_144), 413)
    packed = {**room.headers(ACME), "Content-Encoding": "gzip"}
    is_problem(room.client.post(path, json=SENDS[path][0], headers=packed), 415, f"{ERRORS}#content-type-header")
    as_curl_does = post(room, path, json.dumps(SENDS[path][0]).encode(), "application/x-www-form-urlencoded")
    untold = post(room, path, json.dumps(SENDS[path][0]).encode(), None)

    detail = is_problem(as_curl_does, 415, f"{ERRORS}#content-type-header")["detail"]
    assert "'application/x-www-form-urlencoded'" in detail
    assert "Content-Type: application/json" in detail
    assert "does not say" in is_problem(untold, 415)["detail"]
    assert [] == room.broker.published


def v1_with(**members: object) -> bytes:
    return json.dumps({name: value for name, value in {**V1, **members}.items() if value is not None}).encode()


V1_NUMBERS: dict[str, tuple[bytes, str, set[str]]] = {
    "an unknown channel": (v1_with(channel="fax"), "1400", {"channel"}),
    "bad parameters of a channel": (v1_with(channel="viber_service", viber_service={"ttl": 1}), "1410", set()),
    "a bad sender": (v1_with(**{"from": "x" * 300}), "1420", {"from"}),
    "a bad recipient": (v1_with(to="+447700900000"), "1430", {"to"}),
    "a bad recipient of a fallback": (v1_with(failover=[{**V1, "to": "0"}]), "1430", {"failover[0].to"}),
    "an unknown type": (v1_with(message_type="hologram"), "1440", {"message_type"}),
    "a long reference": (v1_with(client_ref="r" * 101), "1450", {"client_ref"}),
    "a bad text": (v1_with(text=7), "1150", {"text"}),
    "a bad field of ours": (v1_with(valid_for=1), "1150", {"valid_for"}),
    "a missing recipient": (v1_with(to=None), "1150", {"to"}),
    "several": (v1_with(to="0", text=7, client_ref="r" * 101), "1150", {"to", "text", "client_ref"}),
}


@pytest.mark.parametrize(("raw", "number", "names"), V1_NUMBERS.values(), ids=V1_NUMBERS)
def test_a_v1_fault_has_the_number_of_what_is_wrong(room: Room, raw: bytes, number: str, names: set[str]) -> None:
    problem = is_problem(post(room, "/v1/messages", raw), 422, f"{ERRORS}/messages#{number}")
    named = {each["name"] for each in problem["invalid_parameters"]}

    assert names <= named
    assert len(problem["errors"]) == len(problem["invalid_parameters"])


@pytest.mark.parametrize("path", ["/v0.1/dispatch", "/beta/workflows"])
def test_all_faults_of_an_old_workflow_are_told_at_once(room: Room, path: str) -> None:
    bad = {"template": "x", "workflow": [{**VIBER, "failover": {"expiry_time": 1, "condition_status": "x"}}, {}]}
    problem = is_problem(post(room, path, json.dumps(bad).encode()), 400, OLD)
    named = {each["name"] for each in problem["invalid_parameters"]}

    assert {"template", "workflow[0].failover.expiry_time", "workflow[1].to", "workflow[1].from"} <= named
    assert f"{len(problem['invalid_parameters'])} of the submitted parameters are invalid." == problem["detail"]


def test_no_answer_quotes_a_body(room: Room) -> None:
    secret = "a-text-that-nobody-else-may-read" * 10
    for path in SENDS:
        answer = post(room, path, json.dumps({"text": secret, "to": secret, secret: 1}).encode())

        assert 400 <= answer.status_code < 500
        assert secret.encode() not in answer.data
