"""The switch that takes `+` and `00` off recipients' numbers: off unless it is asked for."""

from __future__ import annotations

import json

import pytest

from services.dispatcher.intake import Refusal, read_intake
from services.dispatcher.ports import Delivery
from services.dispatcher.work import NewStart
from services.ingress.settings import ingress_settings
from shared.errors import WireError
from shared.ids import marked_workflow_id
from shared.settings import dispatcher_settings
from shared.store.directory import Publisher, Tenant
from shared.store.opening import open_memory_store
from shared.wire.requests import Defaults, StartType, read_start
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_room import EPOCH, Room
from tests.support.wire_rows import BETA_ROWS, OLD_ROWS, V1_ROWS, changed, workflow_of

PLAIN = "447700900000"
WRITTEN = {"a plus": f"+{PLAIN}", "two zeros": f"00{PLAIN}"}
V1_CHAIN = {**V1_ROWS["sms text"], "failover": [V1_ROWS["whatsapp text"]]}
BODIES = {
    StartType.MESSAGE_V1: V1_CHAIN,
    StartType.MESSAGE_V0_1: OLD_ROWS["whatsapp text"],
    StartType.WORKFLOW_V0_1: workflow_of(OLD_ROWS["viber_service text"]),
    StartType.WORKFLOW_BETA: workflow_of(BETA_ROWS["sms text"]),
}
NUMBERS = {
    StartType.MESSAGE_V1: ("to", "failover.0.to"),
    StartType.MESSAGE_V0_1: ("to.number",),
    StartType.WORKFLOW_V0_1: ("workflow.0.to.number", "workflow.1.to.number"),
    StartType.WORKFLOW_BETA: ("workflow.0.to.number", "workflow.1.to.number"),
}


def raw_of(start_type: StartType, number: str) -> bytes:
    return json.dumps(changed(BODIES[start_type], dict.fromkeys(NUMBERS[start_type], number))).encode()


@pytest.mark.parametrize("number", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("start_type", StartType)
def test_numbers_of_every_step_are_made_plain_where_it_is_wanted_and_faults_elsewhere(
    start_type: StartType, number: str
) -> None:
    raw = raw_of(start_type, number)

    with pytest.raises(WireError) as refusal:
        read_start(start_type, raw)
    assert ["recipient"] * len(NUMBERS[start_type]) == [fault.code for fault in refusal.value.faults]
    assert {PLAIN} == {step.message.recipient for step in read_start(start_type, raw, lenient_numbers=True).steps}


@pytest.mark.parametrize(
    "number", ["++447700900000", "+00447700900000", "+44 7700 900000", "000447700900000", "+", "00"]
)
@pytest.mark.parametrize("start_type", StartType)
def test_what_is_no_number_without_it_is_a_fault_all_the_same(start_type: StartType, number: str) -> None:
    with pytest.raises(WireError):
        read_start(start_type, raw_of(start_type, number), lenient_numbers=True)


@pytest.mark.parametrize(
    ("name", "recipient"), [("messenger text", "00123456789"), ("whatsapp text", "US.13491208655302741918")]
)
def test_what_is_an_id_stays_as_it_is(name: str, recipient: str) -> None:
    raw = json.dumps(changed(V1_ROWS[name], {"to": recipient})).encode()

    assert recipient == read_start(StartType.MESSAGE_V1, raw, lenient_numbers=True).steps[0].message.recipient


@pytest.mark.parametrize("body", [[], 7, {"to": []}, {"failover": 5}, {"workflow": [None, {"to": {"type": []}}]}])
@pytest.mark.parametrize("start_type", StartType)
def test_a_body_of_another_form_is_refused_as_without_the_switch(start_type: StartType, body: object) -> None:
    told = []
    for lenient in (False, True):
        with pytest.raises(WireError) as refusal:
            read_start(start_type, json.dumps(body).encode(), lenient_numbers=lenient)
        told.append(refusal.value.faults)

    assert told[0] == told[1]


@pytest.mark.parametrize(("lenient", "status"), [(False, 422), (True, 202)])
def test_an_ingress_asks_its_setting(lenient: bool, status: int) -> None:
    caller = MadeUpCaller(tenant="acme")
    room = Room(caller, lenient_numbers=lenient)

    raw = raw_of(StartType.MESSAGE_V1, f"+{PLAIN}")
    answer = room.client.post("/v1/messages", data=raw, headers=room.headers(caller), content_type="application/json")

    assert status == answer.status_code
    assert ([raw] if lenient else []) == [message.body for message in room.broker.published]


def read_by_a_dispatcher(user: str, *, lenient: bool) -> NewStart | Refusal:
    store = open_memory_store(clock=lambda: EPOCH)
    store.change_directory(Tenant(name="acme"))
    store.change_directory(Publisher(user="billing", tenant="acme"))
    workflow_id = marked_workflow_id(milliseconds=int(EPOCH * 1000), random_bits=1, tenant="acme", secret=b"x")
    delivery = Delivery(
        token=1,
        queue="cascade.intake",
        exchange="cascade.sends",
        routing_key="message.v1",
        type="message.v1",
        message_id=workflow_id,
        user_id=user,
        reply_to=None,
        correlation_id=None,
        content_type="application/json",
        content_encoding="utf-8",
        headers={"x-cascade-tenant": "acme", "x-cascade-workflow-id": workflow_id} if user == "ingress" else {},
        body=raw_of(StartType.MESSAGE_V1, f"+{PLAIN}"),
    )
    return read_intake(
        delivery,
        directory=store.directory(),
        believed={"ingress"},
        now=EPOCH,
        defaults=Defaults(),
        lenient_numbers=lenient,
    )


def test_a_dispatcher_asks_its_own_of_what_others_queue_and_never_refuses_what_the_ingress_accepted() -> None:
    for user, lenient in (("billing", True), ("ingress", True), ("ingress", False)):
        found = read_by_a_dispatcher(user, lenient=lenient)
        assert isinstance(found, NewStart)
        assert [PLAIN, PLAIN] == [step.message.recipient for step in found.workflow.steps]

    refused = read_by_a_dispatcher("billing", lenient=False)
    assert isinstance(refused, Refusal)
    assert ["to", "failover[0].to"] == [fault.name for fault in refused.faults]


def test_one_variable_turns_it_on_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASCADE_BROKER_URL", "amqp://127.0.0.1")
    monkeypatch.delenv("CASCADE_LENIENT_NUMBERS", raising=False)
    assert (False, False) == (ingress_settings().lenient_numbers, dispatcher_settings().lenient_numbers)

    monkeypatch.setenv("CASCADE_LENIENT_NUMBERS", "true")
    assert (True, True) == (ingress_settings().lenient_numbers, dispatcher_settings().lenient_numbers)
