"""Receipts, inbound messages and what cannot be read: matched, parked, told, or kept as dead letters."""

import json
from dataclasses import replace
from itertools import permutations

import pytest

from services.dispatcher.receipts import RETRIED_FOR_S
from shared.model import Outcome, State
from shared.queue import envelope
from shared.queue.topology import RECEIPT_KEY, RECEIPTS
from shared.store.directory import Application, Publisher
from shared.wire.announcements import read_answer, read_event
from tests.simulation.rabbit import Published
from tests.support.engine_bench import EPOCH, Bench, account

GOOD = b'{"channel":"sms","message_type":"text","to":"447700900001","from":"Shop","text":"hi"}'


def test_a_receipt_without_our_reference_is_matched_by_the_providers_id() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.receipt("delivered", uuid="uuid-1-1")
    bench.turn()

    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome


def test_a_receipt_that_comes_before_the_id_is_known_waits_parked() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.receipt("delivered", uuid="uuid-1-1")
    bench.turn()

    assert State.SENDING is bench.workflow(workflow_id).state
    assert [] == bench.unacked

    bench.answer()
    bench.pass_time(3.0)

    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome
    assert () == bench.store.due_parked(now=EPOCH + bench.now + 1000, limit=10)


def test_a_receipt_before_the_answer_settles_the_call() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.receipt("submitted", workflow_id)
    bench.turn()

    assert State.WAITING is bench.workflow(workflow_id).state

    bench.answer()
    bench.receipt("delivered", workflow_id)
    bench.turn()

    assert ["accepted", "claimed", "receipt submitted", "answer_noted", "receipt delivered", "final success"] == (
        bench.story(workflow_id)
    )


@pytest.mark.parametrize("order", list(permutations(("submitted", "delivered", "read"))), ids=" ".join)
def test_receipts_in_any_order_tell_only_what_is_new_and_change_no_end(order: tuple[str, ...]) -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    for status in order:
        bench.receipt(status, workflow_id)
        bench.turn()

    ranks = {"submitted": 0, "delivered": 1, "read": 2}
    risen = [status for at, status in enumerate(order) if all(ranks[each] < ranks[status] for each in order[:at])]
    events = [read_event(message.body).event for message in bench.told(envelope.EVENT)]
    assert risen == [event.removeprefix("message.") for event in events if event.startswith("message.")]
    assert next(status for status in order if status != "submitted") == bench.workflow(workflow_id).outcome
    assert [] == bench.senders.tickets


def test_a_receipt_signed_by_another_account_touches_nothing() -> None:
    bench = Bench()
    bench.store.change_directory(account("rival"))
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.receipt("delivered", workflow_id, account_name="rival")
    bench.turn()

    assert State.WAITING is bench.workflow(workflow_id).state
    (parked,) = bench.store.due_parked(now=EPOCH + bench.now + 100, limit=10)
    assert "wrong_account" == parked.reason


def test_what_matches_nothing_is_tried_for_five_minutes_and_then_counted_as_an_orphan() -> None:
    bench = Bench()
    bench.receipt("delivered", uuid="of-a-sibling")
    bench.pass_time(10.0)

    assert 0 == bench.store.count_orphans()

    bench.pass_time(RETRIED_FOR_S, step_s=1.0)

    assert 1 == bench.store.count_orphans()
    assert () == bench.store.due_parked(now=EPOCH + bench.now + 10_000, limit=10)
    assert [] == bench.dead


def test_a_receipt_read_twice_changes_nothing_the_second_time() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    for _ in range(3):
        bench.receipt("submitted", workflow_id)
    bench.turn()

    assert 1 == bench.story(workflow_id).count("receipt submitted")
    assert [] == bench.unacked


UNREADABLE = {
    "no JSON": b"not json",
    "no status": b'{"message_uuid": "x"}',
    "an unknown status": b'{"message_uuid": "x", "status": "teleported"}',
    "nothing at all": b"",
    "a list": b"[]",
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_webhook_is_kept_with_its_reason(raw: bytes) -> None:
    bench = Bench()
    bench.webhook(raw)
    bench.turn()

    assert [("unreadable", "cascade.receipts")] == bench.dead
    assert [] == bench.unacked


def test_a_webhook_without_an_account_is_kept_and_believed_by_nobody() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.rabbit.publish(
        Published(
            exchange=RECEIPTS,
            routing_key=RECEIPT_KEY,
            type=envelope.WEBHOOK,
            message_id="forged",
            body=b'{"message_uuid": "uuid-1-1", "status": "delivered"}',
        )
    )
    bench.turn()

    assert State.WAITING is bench.workflow(workflow_id).state
    assert [("unreadable", "cascade.receipts")] == bench.dead


def test_of_a_webhook_that_did_not_come_whole_nothing_is_believed() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.rabbit.publish(
        Published(
            exchange=RECEIPTS,
            routing_key=RECEIPT_KEY,
            type=envelope.WEBHOOK,
            message_id="cut",
            body=b'{"message_uuid": "uuid-1-1", "status": "delivered"}',
            headers={envelope.ACCOUNT: "default", envelope.TRUNCATED: "300000"},
        )
    )
    bench.turn()

    assert State.WAITING is bench.workflow(workflow_id).state
    assert [("unreadable", "cascade.receipts")] == bench.dead


def test_an_opt_out_suppresses_the_person_for_later_workflows() -> None:
    bench = Bench()
    first = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.receipt("rejected", first, code="1240")
    bench.turn()
    second = bench.start("sms")
    bench.turn()

    assert Outcome.FAILED == bench.workflow(second).outcome
    assert [] == bench.senders.tickets


def test_an_inbound_message_is_kept_once_and_told_by_event_and_callback() -> None:
    bench = Bench()
    raw = json.dumps(
        {
            "message_uuid": "in-1",
            "channel": "sms",
            "from": "447700900009",
            "to": "447000000000",
            "message_type": "text",
            "text": "hello",
        }
    ).encode()
    bench.inbound(raw)
    bench.inbound(raw)
    bench.turn()

    callbacks = bench.store.take_callbacks(now=EPOCH + bench.now, lease_s=10, limit=10)
    assert [("inbound", "http://acme.test/inbound", raw, "key")] == [
        (row.kind, row.url, row.body, row.key) for row in callbacks
    ]
    assert {"inbound.received"} == {read_event(message.body).event for message in bench.told(envelope.EVENT)}
    assert 1 == len({message.message_id for message in bench.told(envelope.EVENT)})
    assert [] == bench.dead


REFUSED: dict[str, tuple[dict[str, object], str, bool]] = {
    "no user": ({"user": None}, "no_user", False),
    "a user nobody knows": ({"user": "mallory"}, "unknown_user", False),
    "an unknown type": ({"user": "shop", "type": "workflow.v9"}, "unknown_type", True),
    "a broken body": ({"user": "shop", "body": b"{"}, "invalid", True),
    "a body against the rules": ({"user": "shop", "body": b'{"channel":"sms"}'}, "invalid", True),
    "a body too large": ({"user": "shop", "body": b" " * 300_000}, "limits", True),
}


@pytest.mark.parametrize(("how", "reason", "answered"), REFUSED.values(), ids=REFUSED.keys())
def test_a_start_that_will_not_be_is_answered_with_the_reason_and_kept(
    how: dict[str, object], reason: str, answered: bool
) -> None:
    bench = Bench()
    said = {"body": GOOD, "message_id": "order-1", "reply_to": f"{how['user']}.answers", **how}
    bench.put(**said)  # type: ignore[arg-type]
    bench.turn()

    assert [(reason, "cascade.intake")] == bench.dead
    assert [] == bench.senders.tickets
    answers = [read_answer(message.body) for message in bench.told(envelope.ANSWER)]
    assert [(reason, "order-1")] * answered == [(answer.reason, answer.message_id) for answer in answers if answered]


def test_headers_that_name_a_tenant_are_ignored_from_anyone_but_the_ingress() -> None:
    bench = Bench()
    named = bench.put(GOOD, user="shop", message_id="order-1")  # its headers name this id
    bench.turn()

    assert bench.store.find(named) is None
    assert 1 == sum(bench.store.snapshot().by_state.values())


def test_an_answer_goes_only_where_the_publisher_may_read() -> None:
    bench = Bench()
    bench.put(GOOD, user="shop", message_id="order-1", reply_to="rival.answers")
    bench.turn()

    assert [] == bench.told(envelope.ANSWER)
    assert 1 == len(bench.senders.tickets)


def test_forged_headers_of_a_dead_letter_do_not_travel_on() -> None:
    bench = Bench()
    bench.put(b"{", user="shop", message_id="order-1")
    (message,) = bench.rabbit.queues["cascade.intake"]
    bench.rabbit.queues["cascade.intake"][0] = replace(message, headers={"CC": ["cascade.dead"], "x-death": "forged"})
    bench.turn()

    headers = bench.rabbit.queues["cascade.dead"][0].headers
    assert "CC" not in headers
    assert "x-death" not in headers


def test_an_application_made_a_moment_ago_is_told_of_its_first_statuses() -> None:
    bench = Bench()
    bench.pass_time(0.5)
    workflow_id = bench.start("sms")
    (start,) = bench.rabbit.queues["cascade.intake"]
    bench.rabbit.queues["cascade.intake"][0] = replace(start, headers={**start.headers, envelope.APPLICATION: "app-1"})
    bench.store.change_directory(
        Application(application_id="app-1", tenant="acme", public_key="", status_url="http://app.test/status")
    )
    bench.turn()
    bench.pass_time(1.0)
    bench.answer()
    bench.receipt("delivered", workflow_id)
    bench.turn()

    assert ["http://app.test/status"] == [row.url for row in bench.store.callbacks_of(workflow_id)]


def test_a_publisher_added_a_moment_ago_is_not_refused() -> None:
    bench = Bench()
    bench.pass_time(0.5)  # the directory was read half a second ago
    bench.store.change_directory(Publisher(user="newcomer", tenant="acme"))
    bench.put(GOOD, user="newcomer", message_id="order-1")
    bench.turn()
    bench.pass_time(1.5)

    assert [] == bench.dead
    assert 1 == len(bench.senders.tickets)


def test_a_stranger_is_refused_once_the_directory_was_read_after_the_start_arrived() -> None:
    bench = Bench()
    bench.pass_time(0.5)
    bench.put(GOOD, user="mallory", message_id="order-1")
    bench.turn()
    at_once = bench.dead
    sleeps_until = bench.engine.until
    known = bench.put(GOOD)
    bench.turn()
    bench.pass_time(1.5)

    assert [] == at_once
    assert bench.now - 1.5 < sleeps_until  # it waits without turning round and round
    assert [("unknown_user", "cascade.intake")] == bench.dead
    assert [known] == [ticket.workflow_id for ticket in bench.senders.tickets]


def test_a_marker_ahead_of_the_stores_time_does_not_end_a_window_early() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    bench.now += 600.0
    bench.mark()
    bench.now -= 599.0
    bench.turn()
    bench.marking = False
    bench.pass_time(25.0)

    assert State.WAITING is bench.workflow(workflow_id).state
