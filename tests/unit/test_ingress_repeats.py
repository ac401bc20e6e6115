"""A request that comes again: under a key of its caller's, or re-sent by a client on its own."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared import ids
from shared.queue.envelope import OutboundMessage
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_room import EPOCH, Room

ACME = MadeUpCaller(tenant="acme")
OTHER = MadeUpCaller(tenant="other")
V1 = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Hello"}
DISPATCH = {
    "template": "failover",
    "workflow": [
        {
            "from": {"type": "sms", "number": "447700900001"},
            "to": {"type": "sms", "number": "447700900000"},
            "message": {"content": {"type": "text", "text": "Hello"}},
        }
    ],
}
PYTHON = "vonage-python-sdk/4.9.1 python/3.11.7"


@pytest.fixture
def room() -> Room:
    return Room(ACME, OTHER)


def keyed(room: Room, key: str = "order-17", body: object = V1, caller: MadeUpCaller = ACME, **more: str) -> Any:
    headers = {**room.headers(caller), "Idempotency-Key": key}
    return room.client.post(more.get("path", "/v1/messages"), json=body, headers=headers)


def ids_of(published: list[OutboundMessage]) -> set[str]:
    return {message.message_id for message in published}


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/messages", {**V1, "failover": [V1]}), ("/v0.1/dispatch", DISPATCH)], ids=["v1", "v0.1"]
)
def test_a_request_under_a_key_happens_once_and_has_one_answer(room: Room, path: str, body: object) -> None:
    first, second = (keyed(room, body=body, path=path) for _ in range(2))

    assert (202, first.data) == (second.status_code, second.data)
    assert ("application/json", "true") == (second.content_type, second.headers["Idempotent-Replayed"])
    assert "Idempotent-Replayed" not in first.headers
    assert 1 == len(room.broker.published)


def test_the_key_is_known_to_every_process(room: Room) -> None:
    first = keyed(room)
    others = Room(ACME, OTHER)
    others.store.inner = room.rows

    assert first.get_json() == keyed(others).get_json()
    assert [] == others.broker.published


def test_another_request_under_the_same_key_is_422(room: Room) -> None:
    keyed(room)
    for answer in (
        keyed(room, body={**V1, "text": "Hello!"}),
        keyed(room, body=DISPATCH, path="/v0.1/dispatch"),
    ):
        assert (422, "application/problem+json") == (answer.status_code, answer.content_type)
        assert "Idempotency-Key" in answer.get_json()["detail"]
    assert 1 == len(room.broker.published)


def test_the_same_body_to_another_address_is_another_request(room: Room) -> None:
    keyed(room, body=DISPATCH, path="/v0.1/dispatch")

    assert 422 == keyed(room, body=DISPATCH, path="/beta/workflows").status_code


def test_a_key_is_the_tenants_own(room: Room) -> None:
    assert keyed(room).get_json() != keyed(room, caller=OTHER).get_json()
    assert 2 == len(room.broker.published)


def test_while_the_first_is_at_work_the_second_is_asked_to_wait(room: Room) -> None:
    during: list[Any] = []
    publish = room.broker.publish

    def publish_and_ask(message: OutboundMessage) -> None:
        publish(message)
        if not during:
            during.append(None)
            during[0] = keyed(room)

    room.broker.publish = publish_and_ask  # type: ignore[method-assign] # the stand-in of a broker, in between
    first = keyed(room)

    assert (409, "1") == (during[0].status_code, during[0].headers["Retry-After"])
    assert 202 == first.status_code
    assert 1 == len(room.broker.published)


def test_without_a_confirm_the_next_one_publishes_again_under_the_same_id(room: Room) -> None:
    keyed(room, "another")
    room.broker.away = True
    refused = keyed(room)
    room.broker.away = False
    room.clock.at = 5.0
    taken = keyed(room)

    assert 503 == refused.status_code
    assert "under the same Idempotency-Key" in refused.get_json()["detail"]
    assert 202 == taken.status_code
    uuid = ids.split_message_uuid(taken.get_json()["message_uuid"])[0]
    assert EPOCH == ids.seconds_inside(uuid), "the id that the first one drew"


def test_a_key_whose_answer_was_never_written_is_taken_over_after_half_a_minute(room: Room) -> None:
    # As a process does that dies between the confirm and the answer.
    answer_key, room.store.answer_key = room.store.answer_key, lambda **_: None  # type: ignore[method-assign]
    first = keyed(room)
    room.store.answer_key = answer_key  # type: ignore[method-assign]

    room.clock.at = 29.0
    assert 409 == keyed(room).status_code
    room.clock.at = 30.0
    assert first.get_json() == keyed(room).get_json()
    assert (2, 1) == (len(room.broker.published), len(ids_of(room.broker.published)))
    assert "true" == keyed(room).headers["Idempotent-Replayed"]


def test_a_day_later_a_key_is_a_new_one(room: Room) -> None:
    first = keyed(room)
    room.clock.at = 86_399.0
    assert first.get_json() == keyed(room).get_json()

    room.clock.at = 86_400.0
    assert first.get_json() != keyed(room, body={**V1, "text": "Another"}).get_json()


def test_without_the_store_only_requests_under_a_key_are_refused(room: Room) -> None:
    keyed(room, "before")
    room.store.away = True

    assert 503 == keyed(room).status_code
    assert 202 == room.client.post("/v1/messages", json=V1, headers=room.headers(ACME)).status_code
    room.store.away = False
    assert 202 == keyed(room).status_code


def test_an_answer_that_could_not_be_kept_is_given_all_the_same(room: Room) -> None:
    keyed(room, "before")
    publish = room.broker.publish

    def publish_and_lose_the_store(message: OutboundMessage) -> None:
        publish(message)
        room.store.away = True

    room.broker.publish = publish_and_lose_the_store  # type: ignore[method-assign] # the stand-in of a broker

    assert 202 == keyed(room).status_code


def test_a_bad_body_leaves_its_key_free(room: Room) -> None:
    assert 422 == keyed(room, body={}).status_code
    assert 202 == keyed(room).status_code


@pytest.mark.parametrize("key", ["", " ", "k" * 256, "schlüssel", "a\tb"], ids=["empty", "blank", "long", "ü", "tab"])
@pytest.mark.parametrize(("path", "status"), [("/v1/messages", 422), ("/v0.1/dispatch", 400)])
def test_a_key_that_is_none_is_named(room: Room, key: str, path: str, status: int) -> None:
    answer = keyed(room, key.encode().decode("latin-1"), path=path)

    assert status == answer.status_code
    assert ["Idempotency-Key"] == [each["name"] for each in answer.get_json()["invalid_parameters"]]


def test_without_a_key_nothing_is_written_on_the_way(room: Room) -> None:
    room.client.post("/v1/messages", json=V1, headers=room.headers(ACME))
    room.clock.at = 100_000.0

    assert 0 == room.rows.purge_keys()


# Clients that re-send by themselves


def resent(room: Room, authorization: str, body: object = V1, agent: str = PYTHON, path: str = "/v1/messages") -> str:
    """Post once; return the workflow's id."""
    headers = {"Authorization": authorization, "User-Agent": agent, "Content-Type": "application/json"}
    answer = room.client.post(path, data=json.dumps(body), headers=headers)
    assert 202 == answer.status_code, answer.data
    return ids.split_message_uuid(next(iter(answer.get_json().values())))[0]


def test_the_same_token_and_body_are_the_same_workflow_whatever_process_answers(room: Room) -> None:
    token = ACME.bearer(now=room.now)
    elsewhere = Room(ACME, OTHER)
    given = {resent(each, token) for each in (room, elsewhere, room) for _ in range(3)}

    (workflow_id,) = given
    secret = room.rows.directory().deployment_secret
    assert ids.carries_mark(workflow_id, tenant="acme", secret=secret)
    assert 0.0 <= ids.seconds_inside(workflow_id) - room.now < 1.0
    assert given == ids_of(room.broker.published) == ids_of(elsewhere.broker.published)


def test_without_a_confirm_it_is_said_that_the_same_token_does_no_harm(room: Room) -> None:
    room.broker.away = True
    headers = {**room.headers(ACME), "User-Agent": PYTHON}

    detail = room.client.post("/v1/messages", json=V1, headers=headers).get_json()["detail"]
    assert "under the same token it is the same message" in detail


def test_such_an_id_is_found_at_once_though_it_may_lie_ahead(room: Room) -> None:
    given = resent(room, ACME.bearer(now=room.now + 60))

    assert 200 == room.client.get(f"/v1/workflows/{given}", headers=room.headers(ACME)).status_code


def test_what_differs_is_another_workflow(room: Room) -> None:
    token = ACME.bearer(now=room.now)
    given = [
        resent(room, token),
        resent(room, token, {**V1, "text": "Hello!"}),
        resent(room, ACME.bearer(now=room.now)),
        resent(room, token, DISPATCH, path="/v0.1/dispatch"),
        resent(room, token, DISPATCH, path="/beta/workflows"),
    ]

    assert 5 == len(set(given))


@pytest.mark.parametrize(
    ("later", "same"), [(60.0, True), (61.0, False), (-60.0, True)], ids=["a minute", "more", "ahead"]
)
def test_the_rule_holds_for_a_minute_of_a_token(room: Room, later: float, same: bool) -> None:
    token = ACME.bearer(now=room.now - later)

    assert same == (resent(room, token) == resent(room, token))


@pytest.mark.parametrize(
    "agent", ["curl/8.5.0", "@vonage/server-sdk/3.0.0, node/20.20.2,", "", "my vonage-python-sdk/"]
)
def test_under_a_token_for_many_requests_two_equal_ones_are_two_messages(room: Room, agent: str) -> None:
    token = ACME.bearer(now=room.now)

    assert resent(room, token, agent=agent) != resent(room, token, agent=agent)


def test_basic_has_no_token_to_go_by(room: Room) -> None:
    assert resent(room, ACME.basic()) != resent(room, ACME.basic())


def test_which_clients_re_send_is_a_setting() -> None:
    own, nobody = Room(ACME, resending_agents=("acme-mailer/",)), Room(ACME, resending_agents=())
    token = ACME.bearer(now=own.now)

    assert resent(own, token, agent="acme-mailer/1.0") == resent(own, token, agent="acme-mailer/1.0")
    assert resent(own, token) != resent(own, token)
    assert resent(nobody, token) != resent(nobody, token)


def test_a_key_in_the_address_is_taken_where_the_setting_says_so(room: Room) -> None:
    old = Room(ACME, query_credentials=True)
    pair = f"api_key={ACME.api_key}&api_secret={ACME.api_secret}"

    assert 401 == room.client.post(f"/v1/messages?{pair}", json=V1).status_code
    assert 202 == old.client.post(f"/v1/messages?{pair}", json=V1).status_code
    assert 401 == old.client.post(f"/v1/messages?{pair}&api_key={ACME.api_key}", json=V1).status_code
    assert 401 == old.client.post(f"/v1/messages?{pair}", json=V1, headers=old.headers(ACME)).status_code
    assert 401 == old.client.post(f"/v1/messages?api_key={ACME.api_key}&api_secret=wrong", json=V1).status_code
    assert 200 == old.client.get(f"/v1/messages?{pair}&to=447700900000").status_code


def test_who_is_revoked_is_refused_within_half_a_minute(room: Room) -> None:
    token, basic = {"Authorization": ACME.bearer(now=room.now)}, {"Authorization": ACME.basic()}
    for headers in (token, basic):
        assert 202 == room.client.post("/v1/messages", json=V1, headers=headers).status_code
    directory = room.rows.directory()
    room.rows.change_directory(replace(directory.applications[ACME.application_id], revoked=True))
    room.rows.change_directory(replace(directory.keys[ACME.api_key], revoked=True))
    room.clock.at = 30.0

    for headers in (token, basic):
        assert 401 == room.client.post("/v1/messages", json=V1, headers=headers).status_code
