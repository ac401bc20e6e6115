"""Inbound messages and the SMS API's webhooks in the engine: whose they are, under which ids, and where they go."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.ids import message_uuid, reference
from shared.model import Outcome, State
from shared.queue import envelope
from shared.queue.topology import INBOUND_KEY
from shared.store.directory import Application, Publisher, Route, Tenant
from shared.store.records import CallbackRow
from shared.wire.announcements import read_event
from tests.support.engine_bench import EPOCH, Bench, account

PROVIDERS = "5f1a6b1e-7a0b-4a7e-9d3c-1c2b3a4d5e6f"
"""The provider's uuid of the message that was sent."""
APPLICATION = Application(
    application_id="app-1", tenant="acme", public_key="", inbound_url="http://app.test/inbound", webhook_version="v0.1"
)


def an_answer(**more: object) -> dict[str, object]:
    return {
        "channel": "sms",
        "message_uuid": "in-1",
        "to": "447000000000",
        "from": "447700900001",
        "timestamp": "2026-03-02T10:00:00Z",
        "message_type": "text",
        "text": "yes please",
        "context": {"message_uuid": PROVIDERS, "message_from": "Shop"},
        **more,
    }


def raw(document: dict[str, object]) -> bytes:
    return json.dumps(document).encode()


def told(bench: Bench) -> list[CallbackRow]:
    return list(bench.store.take_callbacks(now=EPOCH + bench.now, lease_s=10, limit=100))


def told_inbound(bench: Bench) -> tuple[CallbackRow, dict[str, Any]]:
    (row,) = [row for row in told(bench) if row.kind == "inbound"]
    return row, json.loads(row.body)


def sent(bench: Bench, *, application: str | None = None) -> str:
    """Send one SMS of the caller's reference "order-17", which the provider knows by its own uuid."""
    workflow_id = bench.start("sms", client_ref="order-17")
    if application is not None:
        (start,) = bench.rabbit.queues["cascade.intake"]
        headers = {**start.headers, envelope.APPLICATION: application}
        bench.rabbit.queues["cascade.intake"][0] = replace(start, headers=headers)
    bench.turn()
    bench.pass_time(1.0)  # an application that the directory did not have yet is looked up first
    bench.receipt("submitted", workflow_id, uuid=PROVIDERS)
    bench.turn()
    return workflow_id


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_answer_names_our_message_and_the_callers_reference(bench: Bench) -> None:
    workflow_id = sent(bench)
    bench.inbound(raw(an_answer(client_ref=reference(workflow_id, 1, 1))))
    bench.turn()

    row, body = told_inbound(bench)
    ours = message_uuid(workflow_id, 1)
    assert ("http://acme.test/inbound", "acme", workflow_id) == (row.url, row.tenant, row.workflow_id)
    assert ({"message_uuid": ours, "message_from": "Shop"}, "order-17") == (body["context"], body["client_ref"])
    assert "in-1" == body["message_uuid"]
    (event,) = [each for each in map(read_event, bodies(bench)) if each.event == "inbound.received"]
    assert ours == event.facts["answers"]


def bodies(bench: Bench) -> list[bytes]:
    return [message.body for message in bench.told(envelope.EVENT)]


def test_an_answer_goes_to_the_application_that_sent_the_message_in_its_own_generation(bench: Bench) -> None:
    bench.store.change_directory(APPLICATION)
    sent(bench, application="app-1")
    bench.inbound(raw(an_answer()))
    bench.turn()

    row, body = told_inbound(bench)
    assert ("http://app.test/inbound", "app-1") == (row.url, row.application_id)
    assert {"content": {"type": "text", "text": "yes please"}} == body["message"]
    assert {"type": "sms", "number": "447700900001"} == body["from"]


def test_an_answer_belongs_to_the_tenant_whose_message_it_answers(bench: Bench) -> None:
    bench.store.change_directory(Tenant(name="rival", inbound_url="http://rival.test/inbound"))
    bench.store.change_directory(Route(account="default", tenant="rival", channel="sms"))
    bench.pass_time(6.0)
    sent(bench)
    bench.inbound(raw(an_answer()))
    bench.inbound(raw(an_answer(message_uuid="in-2", context=None)))
    bench.turn()

    assert {("in-1", "acme"), ("in-2", "rival")} == {
        (json.loads(row.body)["message_uuid"], row.tenant) for row in told(bench) if row.kind == "inbound"
    }


def test_a_message_to_an_application_that_was_brought_along_is_told_to_it(bench: Bench) -> None:
    bench.store.change_directory(Tenant(name="newcomer", inbound_url="http://newcomer.test/inbound"))
    bench.store.change_directory(replace(APPLICATION, tenant="newcomer"))
    bench.store.change_directory(Route(account="default", tenant="acme", channel="sms"))
    bench.pass_time(6.0)
    bench.inbound(raw(an_answer(context=None)), about="app-1")
    bench.turn()

    row, body = told_inbound(bench)
    assert ("http://app.test/inbound", "app-1", "newcomer") == (row.url, row.application_id, row.tenant)
    assert {"content": {"type": "text", "text": "yes please"}} == body["message"]


def test_an_answer_stays_its_tenants_whatever_application_the_signature_names(bench: Bench) -> None:
    bench.store.change_directory(Tenant(name="newcomer"))
    bench.store.change_directory(replace(APPLICATION, tenant="newcomer"))
    bench.pass_time(6.0)
    sent(bench)
    bench.inbound(raw(an_answer()), about="app-1")
    bench.turn()

    row, _ = told_inbound(bench)
    assert ("http://acme.test/inbound", None, "acme") == (row.url, row.application_id, row.tenant)


def test_what_another_account_signed_learns_nothing_of_our_messages(bench: Bench) -> None:
    bench.store.change_directory(account("stranger"))
    workflow_id = sent(bench)
    bench.webhook(raw(an_answer(client_ref=reference(workflow_id, 1, 1))), account_name="stranger", key=INBOUND_KEY)
    bench.turn()

    _, body = told_inbound(bench)
    assert PROVIDERS == body["context"]["message_uuid"]
    assert "client_ref" not in body


def test_one_tenants_reference_is_never_told_to_another(bench: Bench) -> None:
    bench.store.change_directory(Tenant(name="rival", inbound_url="http://rival.test/inbound"))
    bench.store.change_directory(Publisher(user="rival-shop", tenant="rival"))
    bench.pass_time(6.0)
    sent(bench)
    body = {"channel": "sms", "message_type": "text", "to": "447700900002", "from": "Shop", "text": "hi"}
    bench.put(raw({**body, "client_ref": "the rival's"}), user="rival-shop", message_id="order-1")
    bench.turn()
    theirs = bench.senders.tickets[-1].reference
    bench.inbound(raw(an_answer(client_ref=theirs)))
    bench.turn()

    row, told_body = told_inbound(bench)
    assert ("acme", None) == (row.tenant, told_body.get("client_ref"))


def test_an_answer_to_nothing_of_ours_goes_on_as_it_came(bench: Bench) -> None:
    came = raw(an_answer(client_ref="of another application"))
    bench.inbound(came)
    bench.turn()

    assert came == told_inbound(bench)[0].body


def test_a_message_that_comes_again_is_told_once(bench: Bench) -> None:
    bench.turn()
    for _ in range(2):  # twice in one turn, and once more in a later one
        bench.inbound(raw(an_answer()))
    bench.turn()
    bench.inbound(raw(an_answer()))
    bench.turn()
    bench.inbound(raw(an_answer(message_uuid="in-2")))
    bench.turn()

    said = [read_event(each.body).facts["message_uuid"] for each in bench.told(envelope.EVENT)]
    assert ["in-1", "in-2"] == said
    assert 2 == len([row for row in told(bench) if row.kind == "inbound"])
    assert [] == bench.unacked


def test_the_same_id_at_another_account_is_another_message(bench: Bench) -> None:
    bench.store.change_directory(account("second"))
    bench.restart()
    bench.turn()

    for name in ("default", "second") * 2:  # the provider repeats both
        bench.webhook(raw(an_answer()), key=INBOUND_KEY, account_name=name)
        bench.turn()

    assert 2 == len(bench.told(envelope.EVENT))
    assert ["default", "second"] == [row.account for row in bench.store.find_inbound("in-1")]
    assert [] == bench.unacked


def test_either_address_takes_every_kind(bench: Bench) -> None:
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.inbound(raw({"message_uuid": "uuid-1-1", "status": "delivered"}))
    bench.webhook(raw(an_answer(context=None)))
    bench.turn()

    assert Outcome.DELIVERED is bench.workflow(workflow_id).outcome
    assert "in-1" == told_inbound(bench)[1]["message_uuid"]
    assert [] == bench.dead


def a_receipt(status: str, **more: str) -> bytes:
    return urlencode(
        {"msisdn": "447700900001", "to": "Shop", "messageId": "0A0000001", "status": status, "price": "0.03", **more}
    ).encode()


def test_a_receipt_of_the_sms_api_is_as_good_as_any(bench: Bench) -> None:
    workflow_id = bench.start("sms", client_ref="order-17")
    bench.turn()
    bench.answer()
    ours = {"client-ref": reference(workflow_id, 1, 1)}
    for status in ("accepted", "buffered", "delivered"):
        bench.webhook(a_receipt(status, **ours), legacy=envelope.LEGACY_RECEIPT)
    bench.turn()

    assert Outcome.DELIVERED is bench.workflow(workflow_id).outcome
    assert ([], []) == (bench.dead, bench.unacked)
    bodies = [json.loads(row.body) for row in bench.store.callbacks_of(workflow_id)]
    assert [("submitted", "order-17"), ("delivered", "order-17")] == [
        (body["status"], body["client_ref"]) for body in bodies
    ]


def test_a_receipt_that_names_no_application_serves_all_of_its_account(bench: Bench) -> None:
    bench.store.change_directory(replace(account("second"), api_key="default", application_id="app-2"))
    bench.pass_time(6.0)
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.webhook(a_receipt("delivered", messageId="uuid-1-1"), account_name="second", legacy=envelope.LEGACY_RECEIPT)
    bench.turn()

    assert Outcome.DELIVERED is bench.workflow(workflow_id).outcome


def test_a_receipt_of_the_sms_api_waits_for_its_message_like_any_other(bench: Bench) -> None:
    workflow_id = bench.start("sms")
    bench.turn()
    bench.webhook(a_receipt("failed", messageId="uuid-1-1", **{"err-code": "3"}), legacy=envelope.LEGACY_RECEIPT)
    bench.turn()
    bench.answer()
    assert State.WAITING is bench.workflow(workflow_id).state

    bench.pass_time(3.0)

    assert Outcome.FAILED is bench.workflow(workflow_id).outcome
    (row,) = bench.store.callbacks_of(workflow_id)
    assert "1190" == json.loads(row.body)["error"]["title"]


def test_an_inbound_sms_in_the_old_form_is_told_in_the_new(bench: Bench) -> None:
    message = {"msisdn": "447700900009", "to": "447000000000", "messageId": "0B01", "text": "hi", "type": "text"}
    bench.webhook(urlencode(message).encode(), key=INBOUND_KEY, legacy=envelope.LEGACY_INBOUND)
    bench.turn()

    assert {
        "channel": "sms",
        "message_uuid": "0B01",
        "to": "447000000000",
        "from": "447700900009",
        "message_type": "text",
        "text": "hi",
        "sms": {"num_messages": "1", "total_count": "1"},
    } == told_inbound(bench)[1]


@pytest.mark.parametrize(
    ("number", "tenant"), [("447000000000", "acme"), ("447000000001", "default")], ids=["its number", "another's"]
)
def test_an_inbound_message_that_names_no_application_goes_by_the_number_alone(
    bench: Bench, number: str, tenant: str
) -> None:
    for change in (
        Tenant(name="other"),
        replace(account("whole"), api_key="shared"),
        replace(account("of-app"), api_key="shared", application_id="app-9"),
        Route(account="of-app", tenant="acme", channel="sms", sender="447000000000"),
        Route(account="of-app", tenant="other", channel="sms"),
    ):
        bench.store.change_directory(change)
    bench.restart()
    bench.turn()

    message = {"msisdn": "447700900009", "to": number, "messageId": "0B01", "text": "hi"}
    bench.webhook(urlencode(message).encode(), key=INBOUND_KEY, legacy=envelope.LEGACY_INBOUND, account_name="whole")
    bench.turn()

    (said,) = [read_event(each.body) for each in bench.told(envelope.EVENT)]
    assert ("inbound.received", tenant) == (said.event, said.tenant)


def test_either_address_of_the_sms_api_takes_both_kinds(bench: Bench) -> None:
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    message = {"msisdn": "447700900009", "to": "447000000000", "messageId": "0B01", "text": "hi", "type": "text"}

    bench.webhook(urlencode(message).encode(), legacy=envelope.LEGACY_RECEIPT)
    bench.webhook(a_receipt("delivered", messageId="uuid-1-1"), key=INBOUND_KEY, legacy=envelope.LEGACY_INBOUND)
    bench.turn()

    assert "hi" == told_inbound(bench)[1]["text"]
    assert Outcome.DELIVERED is bench.workflow(workflow_id).outcome


@pytest.mark.parametrize("legacy", [envelope.LEGACY_RECEIPT, envelope.LEGACY_INBOUND, "fax"])
def test_what_cannot_be_read_in_the_old_form_is_kept_with_its_reason(bench: Bench, legacy: str) -> None:
    bench.webhook(b"status=teleported&messageId=1", legacy=legacy)
    bench.turn()

    assert [("unreadable", "cascade.receipts")] == bench.dead
    assert [] == bench.unacked
