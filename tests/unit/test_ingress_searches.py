"""Searches over HTTP, the addresses that webhooks link to, and that nobody reads what is another tenant's."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

import pytest

from services.ingress.searches import LOOKED_AT_MOST
from shared import ids
from shared.model import Attempt, AttemptState, Generation, Outcome, State, Status, Step, Stop, StopKind, What, Workflow
from shared.store.records import Batch, Change
from shared.wire.callbacks import final_report, status_webhook
from tests.support import store_rows
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_room import EPOCH, Room

ACME = MadeUpCaller(tenant="acme")
OTHER = MadeUpCaller(tenant="other")
TO = "447700900000"


@pytest.fixture
def room() -> Room:
    return Room(ACME, OTHER)


def step(number: int, *, to: str = TO, ref: str | None = None, best: Status | None = None) -> Step:
    made = store_rows.step(number, channel="sms" if number > 1 else "viber_service")
    attempts = () if best is None else (Attempt(number=1, state=AttemptState.ACCEPTED, claimed_at=EPOCH, best=best),)
    message = replace(made.message, recipient=to)
    return replace(made, message=message, client_ref=ref, attempts=attempts)


def workflow(number: int, *steps: Step, **more: Any) -> Workflow:
    return replace(store_rows.workflow(number, steps=steps or (step(1), step(2))), **more)


def put(room: Room, *workflows: Workflow) -> list[str]:
    changes = tuple(
        Change(
            workflow=each,
            version=None,
            wake_at=None if each.state is State.FINAL else EPOCH + 60,
            wake_ungated_at=None,
            account="default",
            entries=(store_rows.entry(1, What.ACCEPTED),),
        )
        for each in workflows
    )
    assert not room.rows.commit(Batch(changes=changes)).lost
    return [each.workflow_id for each in workflows]


def ask(room: Room, path: str, asked: Mapping[str, str] | None = None, *, by: MadeUpCaller = ACME) -> Any:
    return room.client.get(path, query_string=asked, headers=room.headers(by))


def messages(room: Room, caller: MadeUpCaller = ACME, **asked: str) -> list[str]:
    """Return what is found, each as the last three digits of its workflow and its step."""
    found = ask(room, "/v1/messages", asked, by=caller).get_json()["messages"]
    return [f"{each['workflow_id'][-5:-2]}.{each['step']}" for each in found]


def workflows(room: Room, caller: MadeUpCaller = ACME, **asked: str) -> list[str]:
    return [each["workflow_id"] for each in ask(room, "/v1/workflows", asked, by=caller).get_json()["workflows"]]


def test_messages_are_found_by_what_a_person_knows_of_them(room: Room) -> None:
    put(
        room,
        workflow(1, step(1, ref="order-1", best=Status.SUBMITTED), step(2, to="447700900009", best=Status.DELIVERED)),
        workflow(2, step(1, ref="order-2", best=Status.DELIVERED)),
    )

    assert ["002.1", "001.1", "001.2"] == messages(room)
    assert ["002.1", "001.1"] == messages(room, to=TO) == messages(room, to=f"+{TO}") == messages(room, to=f" {TO}")
    assert ["001.2"] == messages(room, to="447700900009")
    assert ["001.1"] == messages(room, client_ref="order-1")
    assert [] == messages(room, client_ref="order-1", to="447700900009")
    assert ["002.1", "001.2"] == messages(room, status="delivered")
    assert ["001.1"] == messages(room, status="submitted", to=TO)
    assert [] == messages(room, status="read")
    assert ["002.1"] == messages(room, from_time="2026-09-21T14:13:22Z")
    assert ["001.1", "001.2"] == messages(room, to_time="2026-09-21T14:13:22.000Z")
    assert ["002.1"] == messages(room, from_time="2026-09-21T16:13:22+02:00")


def test_workflows_are_found_by_state_and_outcome(room: Room) -> None:
    ready, waiting, ended = put(
        room,
        workflow(1),
        workflow(2, state=State.WAITING),
        workflow(3, state=State.FINAL, outcome=Outcome.DELIVERED),
    )

    assert [ended, waiting, ready] == workflows(room) == workflows(room, to=TO)
    assert [waiting] == workflows(room, status="waiting")
    assert [ended] == workflows(room, status="delivered") == workflows(room, status="final")
    assert [] == workflows(room, status="failed")


def test_what_is_found_is_shown_as_its_own_address_shows_it(room: Room) -> None:
    (found,) = put(room, workflow(1))
    room.rows.put_stop(Stop(kind=StopKind.PAUSE, channel="viber_service", reason="x", since=EPOCH))
    message = ids.message_uuid(found, 2)

    assert ask(room, "/v1/workflows").get_json()["workflows"] == [ask(room, f"/v1/workflows/{found}").get_json()]
    assert ask(room, "/v1/messages").get_json()["messages"][1] == ask(room, f"/v1/messages/{message}").get_json()
    assert "held" == ask(room, "/v1/messages").get_json()["messages"][0]["state"]


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/workflows"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_hold_everything_once(room: Room, path: str, limit: int) -> None:
    put(room, *(workflow(number, accepted_at=EPOCH + number // 2) for number in range(1, 6)))
    name = path.rpartition("/")[2]
    whole = ask(room, path, {"to": TO, "limit": "100"}).get_json()[name]
    gathered: list[Any] = []
    asked = {"to": TO, "limit": str(limit)}
    while True:
        page = ask(room, path, asked).get_json()
        assert 1 <= len(page[name]) <= limit
        gathered += page[name]
        put(room, workflow(100 + len(gathered)))
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]

    assert whole == gathered
    assert (10 if name == "messages" else 5) == len(whole)


def test_a_rare_status_is_found_though_one_request_looks_only_so_far(room: Room) -> None:
    put(room, workflow(1, step(1, best=Status.READ)))
    put(room, *(workflow(number, step(1)) for number in range(2, LOOKED_AT_MOST + 2)))
    first = ask(room, "/v1/messages", {"status": "read"}).get_json()
    second = ask(room, "/v1/messages", {"status": "read", "cursor": first["next_cursor"]}).get_json()

    assert [] == first["messages"]
    assert (1, None) == (len(second["messages"]), second["next_cursor"])


FAULTS: dict[str, tuple[dict[str, str], set[str]]] = {
    "an unknown parameter": ({"form": "447700900000"}, {"form"}),
    "an empty number": ({"to": ""}, {"to"}),
    "a long reference": ({"client_ref": "r" * 256}, {"client_ref"}),
    "an unknown status": ({"status": "sent"}, {"status"}),
    "no time": ({"from_time": "yesterday"}, {"from_time"}),
    "a time without a zone": ({"from_time": "2026-03-02T09:15:04"}, {"from_time"}),
    "a time that is none": ({"to_time": "2026-02-30T09:15:04Z"}, {"to_time"}),
    "times the wrong way round": (
        {"from_time": "2026-03-02T09:15:04Z", "to_time": "2026-03-02T09:15:04Z"},
        {"to_time"},
    ),
    "no limit": ({"limit": "0"}, {"limit"}),
    "a large limit": ({"limit": "101"}, {"limit"}),
    "a limit of other digits": ({"limit": "٢"}, {"limit"}),
    "another's cursor": ({"cursor": "abc"}, {"cursor"}),
    "a cursor at no time": ({"cursor": "f_gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, {"cursor"}),
    "several": ({"limit": "x", "status": "x", "since": "x"}, {"limit", "status", "since"}),
}


@pytest.mark.parametrize(("asked", "names"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/workflows"])
def test_a_bad_parameter_is_a_422_that_names_it(room: Room, path: str, asked: dict[str, str], names: set[str]) -> None:
    answer = ask(room, path, asked)

    assert (422, "application/problem+json") == (answer.status_code, answer.content_type)
    assert names == {each["name"] for each in answer.get_json()["invalid_parameters"]}


def test_a_parameter_that_comes_twice_is_named(room: Room) -> None:
    answer = room.client.get("/v1/messages?to=1&to=2", headers=room.headers(ACME))

    assert ["to"] == [each["name"] for each in answer.get_json()["invalid_parameters"]]


def test_a_search_without_the_store_is_503(room: Room) -> None:
    ask(room, "/v1/messages")
    room.store.away = True

    assert 503 == ask(room, "/v1/messages").status_code == ask(room, "/v1/workflows").status_code


@pytest.mark.parametrize("generation", [Generation.V0_1, Generation.BETA])
def test_what_webhooks_link_to_is_there(room: Room, generation: Generation) -> None:
    ended = workflow(
        1,
        step(1, best=Status.DELIVERED),
        step(2, best=Status.READ),
        generation=generation,
        state=State.FINAL,
        outcome=Outcome.READ,
        condition_met=True,
    )
    (found,) = put(room, ended)
    status = json.loads(status_webhook(ended, 1, sequence=1, status=Status.DELIVERED, at=EPOCH))
    report = json.loads(final_report(ended, at=EPOCH))
    whole = status["_links"]["workflow"]["href"]
    # A report's messages are bare ids, relative to the workflow's own address.
    messages = [urljoin(whole, each["href"]) for each in report["_links"]["messages"]]

    assert found == ask(room, whole).get_json()["workflow_id"]
    assert 2 == len(messages)
    for number, href in enumerate(messages, start=1):
        shown = ask(room, href).get_json()
        assert (number, found) == (shown["step"], shown["workflow_id"])
        assert shown == ask(room, f"/v1/messages/{shown['message_uuid']}").get_json()
    for href in (whole, *messages):
        assert 200 == ask(room, f"{href}/timeline").status_code


ADDRESSES = {
    "workflow": ("/v1/workflows", "/v0.1/dispatch", "/beta/workflows", "/workflows"),
    "message": ("/v1/messages", "/v0.1/messages", "/beta/messages", "/workflows"),
}


def test_every_generation_shows_and_cancels_under_its_own_address(room: Room) -> None:
    (found,) = put(room, workflow(1))
    names = {"/v0.1/dispatch": "dispatch_uuid", "/beta/workflows": "workflow_uuid"}
    for kind, paths in ADDRESSES.items():
        for path in paths:
            uuid = found if kind == "workflow" else ids.message_uuid(found, 1)
            shown = ask(room, f"{path}/{uuid}").get_json()
            assert found == shown["workflow_id"]
            expected = [names[path]] if path in names else []
            assert expected == [name for name in names.values() if name in shown]
            if path != "/workflows":
                cancelled = room.client.delete(f"{path}/{uuid}/", headers=room.headers(ACME))
                assert (202, found) == (cancelled.status_code, cancelled.get_json()["workflow_id"])


def test_nobody_reads_finds_or_changes_what_is_another_tenants(room: Room) -> None:
    (stored,) = put(room, workflow(1, step(1, ref="order-1"), step(2)))
    body = {"channel": "sms", "message_type": "text", "to": TO, "from": "Acme", "text": "Hello"}
    given = room.client.post("/v1/messages", json=body, headers=room.headers(ACME)).get_json()["message_uuid"]
    room.broker.published.clear()

    headers = [room.headers(each) for each in (ACME, OTHER)]
    asked = 0
    for workflow_id in (stored, ids.split_message_uuid(given)[0]):
        for kind, paths in ADDRESSES.items():
            uuid = workflow_id if kind == "workflow" else ids.message_uuid(workflow_id, 1)
            for path in paths:
                for method, more in (("GET", ""), ("GET", "/timeline"), ("DELETE", ""), ("PATCH", "")):
                    own, others = (
                        room.client.open(
                            f"{path}/{uuid}{more}", method=method, json={"status": "revoked"}, headers=each
                        ).status_code
                        for each in headers
                    )
                    if own == 405:
                        assert 405 == others
                        continue
                    assert own in {200, 202, 409, 422}, (method, path)
                    assert 404 == others, (method, path)
                    asked += 1
    assert 2 * (2 * 4 * 2 + 2 * 3 + 1) == asked
    assert [] == messages(room, OTHER) == messages(room, OTHER, to=TO) == messages(room, OTHER, client_ref="order-1")
    assert [] == workflows(room, OTHER)
    cursor = ask(room, "/v1/messages", {"limit": "1"}).get_json()["next_cursor"]
    assert [] == messages(room, OTHER, cursor=cursor)
    assert {"acme"} == {message.headers["x-cascade-tenant"] for message in room.broker.published}
