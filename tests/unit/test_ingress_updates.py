"""PATCH of a message: what is published, and what can't be done to whom."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared import ids
from shared.model import Attempt, AttemptState, State, Status, Step, What, Workflow
from shared.store.records import Batch, Change, InboundRow
from shared.wire.envelopes import MessageUpdate, UpdateStatus, read_command
from tests.support import store_rows
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_room import EPOCH, Room

ACME = MadeUpCaller(tenant="acme")
OTHER = MadeUpCaller(tenant="other")
INBOUND = "9b1c6a1e-2f5b-4c1d-8a57-0b5f0f1c2d3e"
READ: dict[str, Any] = {"status": "read"}
REVOKED: dict[str, Any] = {"status": "revoked"}
TYPING = {"show": True, "type": "text"}
ERRORS = "https://developer.vonage.com/api-errors"


@pytest.fixture
def room() -> Room:
    return Room(ACME, OTHER)


def patch(room: Room, uuid: str, body: object, caller: MadeUpCaller = ACME) -> Any:
    return room.client.patch(f"/v1/messages/{uuid}", json=body, headers=room.headers(caller))


def came_in(room: Room, *, channel: str = "whatsapp", tenant: str = "acme", account: str = "default") -> str:
    row = InboundRow(
        provider_uuid=INBOUND,
        tenant=tenant,
        account=account,
        channel=channel,
        sender="447700900000",
        recipient="447700900001",
        region_url=f"https://api-eu.vonage.com/v1/messages/{INBOUND}",
        raw=b"{}",
        received_at=EPOCH,
    )
    room.rows.commit(Batch(inbound=(row,)))
    return INBOUND


def attempt(best: Status | None = None, negative: Status | None = None, **more: Any) -> Attempt:
    state = AttemptState.DEAD if negative else AttemptState.ACCEPTED
    uuid = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
    usual = {"number": 1, "state": state, "claimed_at": EPOCH, "provider_uuid": uuid, "best": best}
    return Attempt(**{**usual, "negative": negative, **more})


def sent(room: Room, *attempts: Attempt, channel: str = "rcs") -> str:
    """Put a message of ours into the store; return its id."""
    step: Step = replace(store_rows.step(1, channel=channel), expiry_time=None, attempts=attempts)
    workflow: Workflow = store_rows.workflow(1, state=State.WAITING, steps=(step,))
    change = Change(
        workflow=workflow,
        version=None,
        wake_at=EPOCH + 60,
        wake_ungated_at=None,
        account="default",
        entries=(store_rows.entry(1, What.ACCEPTED),),
    )
    assert not room.rows.commit(Batch(changes=(change,))).lost
    return ids.message_uuid(workflow.workflow_id, 1)


def published(room: Room) -> MessageUpdate:
    """Return the one wish that was published."""
    (message,) = room.broker.published
    assert ("cascade.commands", "command.1") == (message.exchange, message.type)
    assert {"x-cascade-tenant": "acme"} == message.headers
    wish = read_command(message.body)
    assert isinstance(wish, MessageUpdate)
    return wish


@pytest.mark.parametrize("indicator", [None, TYPING, {"show": False}])
def test_an_inbound_message_is_marked_as_read(room: Room, indicator: dict[str, Any] | None) -> None:
    uuid = came_in(room)
    answer = patch(room, uuid, READ if indicator is None else {**READ, "replying_indicator": indicator})

    assert (200, b"", "0") == (answer.status_code, answer.data, answer.headers["Content-Length"])
    assert "Content-Type" not in answer.headers
    assert published(room) == MessageUpdate(
        message_uuid=uuid,
        tenant="acme",
        by="caller",
        at=room.now,
        status=UpdateStatus.READ,
        replying_indicator=indicator,
    )


def test_a_message_of_ours_is_revoked(room: Room) -> None:
    uuid = sent(room, attempt(Status.SUBMITTED))

    assert 200 == patch(room, uuid.upper(), REVOKED).status_code
    assert (uuid, UpdateStatus.REVOKED) == (published(room).message_uuid, published(room).status)


def test_the_latest_attempt_may_be_unsure_where_an_earlier_one_is_known(room: Room) -> None:
    unsure = attempt(number=2, state=AttemptState.UNSURE, provider_uuid=None)

    assert 200 == patch(room, sent(room, attempt(), unsure), REVOKED).status_code


def test_an_id_that_another_tenant_s_account_took_first_is_the_callers_all_the_same(room: Room) -> None:
    came_in(room, tenant="other", account="another", channel="sms")
    uuid = came_in(room, account="the second")

    assert 200 == patch(room, uuid, READ).status_code
    assert 422 == patch(room, uuid, READ, OTHER).status_code


def test_an_id_that_is_not_the_callers_is_404_and_named(room: Room) -> None:
    ours, theirs = sent(room, attempt(Status.SUBMITTED)), came_in(room)
    unknown = "6a0f7c1e-2f5b-4c1d-8a57-0b5f0f1c2d3e"
    for uuid, caller in (
        *((each, OTHER) for each in (ours, theirs)),
        *((each, ACME) for each in (unknown, "no-uuid", "0", ids.split_message_uuid(ours)[0], f"{ours[:-2]}02")),
    ):
        answer = patch(room, uuid, READ, caller)

        assert (404, f"{ERRORS}#not-found") == (answer.status_code, answer.get_json()["type"])
        assert "Not Found" == answer.get_json()["title"]
        assert uuid in answer.get_json()["detail"]
    assert [] == room.broker.published


@pytest.mark.parametrize("channel", ["sms", "mms", "messenger", "viber_service", "rcs", "email"])
def test_what_the_channel_of_an_inbound_message_can_not_do_is_422(room: Room, channel: str) -> None:
    answer = patch(room, came_in(room, channel=channel), READ)

    assert (422, f"{ERRORS}#unprocessable-entity") == (answer.status_code, answer.get_json()["type"])
    assert channel in answer.get_json()["detail"]


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "viber_service"])
def test_only_a_channel_that_takes_messages_back_can_revoke(room: Room, channel: str) -> None:
    answer = patch(room, sent(room, attempt(Status.SUBMITTED), channel=channel), REVOKED)

    assert (422, f"{ERRORS}#unprocessable-entity") == (answer.status_code, answer.get_json()["type"])


def test_the_wrong_direction_is_422(room: Room) -> None:
    assert 422 == patch(room, sent(room, attempt(Status.SUBMITTED)), READ).status_code
    assert 422 == patch(room, came_in(room), REVOKED).status_code
    assert [] == room.broker.published


VOID: dict[str, tuple[Attempt, ...]] = {
    "no call yet": (),
    "a call that did not happen": (attempt(state=AttemptState.NOT_SENT, provider_uuid=None),),
    "a call nobody knows the end of": (attempt(state=AttemptState.UNSURE, provider_uuid=None),),
    "delivered": (attempt(Status.DELIVERED),),
    "read": (attempt(Status.READ),),
    "rejected": (attempt(negative=Status.REJECTED),),
    "undeliverable": (attempt(Status.SUBMITTED, negative=Status.UNDELIVERABLE),),
}


@pytest.mark.parametrize("attempts", VOID.values(), ids=VOID)
def test_what_has_not_left_or_has_an_end_is_409(room: Room, attempts: tuple[Attempt, ...]) -> None:
    answer = patch(room, sent(room, *attempts), REVOKED)

    assert (409, f"{ERRORS}#conflict") == (answer.status_code, answer.get_json()["type"])
    assert [] == room.broker.published


def test_a_misspelt_member_is_answered_with_those_that_there_are(room: Room) -> None:
    answer = patch(room, came_in(room), {**READ, "replying_indicater": {"show": True}})

    assert (
        "'replying_indicater' is not known here; an update takes status and replying_indicator."
        == (answer.get_json()["detail"])
    )


def test_a_message_whose_row_is_not_there_yet_has_not_left(room: Room) -> None:
    body = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Hello"}
    given = room.client.post("/v1/messages", json=body, headers=room.headers(ACME)).get_json()["message_uuid"]

    assert 409 == patch(room, given, REVOKED).status_code
    assert 422 == patch(room, given, READ).status_code
    assert 404 == patch(room, given, REVOKED, OTHER).status_code


BODIES: dict[str, tuple[bytes, set[str]]] = {
    "nothing": (b"{}", {"status"}),
    "another status": (b'{"status": "delivered"}', {"status"}),
    "no text": (b'{"status": true}', {"status"}),
    "an unknown member": (b'{"status": "read", "replying_indicater": {}}', {"replying_indicater"}),
    "two of them": (b'{"status": "x", "more": 1}', {"status", "more"}),
    "no indicator": (b'{"status": "read", "replying_indicator": "show"}', {"replying_indicator"}),
    "half an indicator": (b'{"status": "read", "replying_indicator": {}}', {"replying_indicator.show"}),
    "an indicator of a revocation": (
        json.dumps({**REVOKED, "replying_indicator": TYPING}).encode(),
        {"replying_indicator"},
    ),
    "a list": (b"[]", {"body"}),
    "a trailing comma, as in a published sample": (b'{"status": "read",}', {"body"}),
}


@pytest.mark.parametrize(("raw", "names"), BODIES.values(), ids=BODIES)
def test_a_bad_update_names_all_its_faults(room: Room, raw: bytes, names: set[str]) -> None:
    headers = room.headers(ACME)
    answer = room.client.patch(f"/v1/messages/{INBOUND}", data=raw, content_type="application/json", headers=headers)

    assert 422 == answer.status_code
    assert names == {each["name"] for each in answer.get_json()["invalid_parameters"]}


def test_an_update_that_would_not_fit_the_queue_is_not_read(room: Room) -> None:
    uuid = came_in(room)
    more = {"show": True, "type": "text", "theme": "x" * 16_384}

    assert 413 == patch(room, uuid, {**READ, "replying_indicator": more}).status_code
    assert 200 == patch(room, uuid, {**READ, "replying_indicator": {**more, "theme": "x"}}).status_code
    assert {**TYPING, "theme": "x"} == published(room).replying_indicator


def test_an_update_is_not_taken_without_a_confirm_or_without_the_store(room: Room) -> None:
    uuid = came_in(room)
    room.broker.away = True
    assert "saying it twice does no harm" in patch(room, uuid, READ).get_json()["detail"]

    room.store.away = True
    assert 503 == patch(room, uuid, READ).status_code
