"""Workflows that the provider runs, through the whole engine: found by its ids, parked, taken over, never twice."""

from __future__ import annotations

import json

import pytest

from shared.ids import parse_reference
from shared.model import Engine, Outcome, Problem, Scope, State, Stop, StopKind, What
from shared.outcomes import HandedOver, OurFault, Refused, Unsure
from shared.store.directory import Application
from shared.wire.envelopes import CommandName
from tests.support.engine_bench import EPOCH, Bench

NO_ANSWER = Unsure(problem=Problem(code="timeout", title="No answer in time"))
PERSON = "447700900001"


def status(bench: Bench, word: str, *, uuid: str, channel: str = "viber_service_msg", workflow: str = "d-1") -> None:
    """Send a status in the form of v0.1, which names the provider's workflow and nothing of ours."""
    member = "id" if channel == "viber_service_msg" else "number"
    body: dict[str, object] = {
        "message_uuid": uuid,
        "to": {"type": channel, "number": PERSON},
        "from": {"type": channel, member: "Shop"},
        "timestamp": "2026-03-02T09:15:04.120Z",
        "status": word,
        "_links": {"workflow": {"dispatch_uuid": workflow, "href": f"/workflows/{workflow}"}},
    }
    if word in ("rejected", "undeliverable"):
        body["error"] = {"code": 1300, "reason": "Not part of the provider network"}
    bench.webhook(json.dumps(body).encode())


def report(bench: Bench, word: str = "completed", *, workflow: str = "d-1") -> None:
    body = {"dispatch_uuid": workflow, "template": "failover", "status": word, "timestamp": "2026-03-02T09:25:31.000Z"}
    bench.webhook(json.dumps(body).encode())


def handed(bench: Bench) -> str:
    workflow_id = bench.start_dispatch()
    bench.turn()
    bench.answer(HandedOver(workflow_id="d-1"))
    return workflow_id


def told(bench: Bench, workflow_id: str) -> list[tuple[str, object]]:
    """Return kind and status of everything the caller is told, in order."""
    rows = bench.store.callbacks_of(workflow_id)
    return [(row.kind, json.loads(row.body)["status"]) for row in rows]


def test_one_ticket_carries_the_whole_and_the_provider_s_id_leads_back() -> None:
    bench = Bench()
    workflow_id = bench.start_dispatch()
    bench.turn()
    (ticket,) = bench.senders.tickets
    assert ticket.whole is not None
    assert ["viber_service", "sms"] == [step.message.channel for step in ticket.whole.steps]
    bench.answer(HandedOver(workflow_id="d-1"))

    status(bench, "submitted", uuid="m-1")
    status(bench, "rejected", uuid="m-1")
    status(bench, "delivered", uuid="m-2", channel="sms")
    bench.turn()
    assert State.WAITING is bench.workflow(workflow_id).state
    report(bench)
    bench.turn()

    workflow = bench.workflow(workflow_id)
    assert (Outcome.DELIVERED, 2, True) == (workflow.outcome, workflow.outcome_step, workflow.condition_met)
    assert [] == bench.unacked
    expected = [("status", "submitted"), ("status", "rejected"), ("status", "delivered"), ("report", "completed")]
    assert expected == told(bench, workflow_id)


def test_what_comes_before_the_answer_waits_parked_reports_too() -> None:
    bench = Bench()
    workflow_id = bench.start_dispatch()
    bench.turn()
    status(bench, "delivered", uuid="m-1")
    report(bench)
    bench.turn()
    assert State.SENDING is bench.workflow(workflow_id).state

    bench.answer(HandedOver(workflow_id="d-1"))
    bench.pass_time(5.0)

    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome
    assert () == bench.store.due_parked(now=EPOCH + bench.now + 1000, limit=10)


def test_a_status_knows_its_message_again_without_the_workflow_s_id() -> None:
    bench = Bench()
    workflow_id = handed(bench)
    status(bench, "submitted", uuid="m-1")
    bench.turn()

    bench.receipt("read", uuid="m-1")
    bench.turn()

    assert (1,) == bench.workflow(workflow_id).reached


def test_equal_messages_of_one_turn_are_bound_in_their_order() -> None:
    bench = Bench()
    workflow_id = handed(bench)
    for word, uuid in (("submitted", "m-1"), ("rejected", "m-1")):
        status(bench, word, uuid=uuid)
    status(bench, "delivered", uuid="m-2", channel="sms")
    report(bench)
    bench.turn()

    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome


def test_a_lost_answer_is_never_guessed_from_addresses() -> None:
    bench = Bench()
    workflow_id = bench.start_dispatch(final_receipt_time=60)
    bench.turn()
    bench.answer(NO_ANSWER)
    status(bench, "delivered", uuid="m-1")
    bench.pass_time(90.0, step_s=1.0)

    workflow = bench.workflow(workflow_id)
    assert (Outcome.UNCONFIRMED, (1, 2)) == (workflow.outcome, workflow.may_have_reached)
    assert [] == bench.senders.tickets


def test_a_v1_chain_is_found_by_our_references_also_where_the_answer_was_lost() -> None:
    bench = Bench()
    body = {"channel": "viber_service", "message_type": "text", "to": PERSON, "from": "Shop", "text": "hi"}
    failover = [{**body, "channel": "sms"}]
    workflow_id = bench.put(json.dumps({**body, "failover": failover, "engine": "provider"}).encode())
    bench.turn()
    bench.answer(NO_ANSWER)

    bench.receipt("rejected", workflow_id, step=1, code="1300", uuid="u-1")
    bench.turn()
    assert State.WAITING is bench.workflow(workflow_id).state
    bench.receipt("delivered", workflow_id, step=2, uuid="u-2")
    bench.turn()

    assert (Outcome.DELIVERED, 2) == (bench.workflow(workflow_id).outcome, bench.workflow(workflow_id).outcome_step)
    rows = bench.store.attempts_of(workflow_id)
    assert ["u-1", "u-2"] == [row.provider_uuid for row in rows if parse_reference(row.reference)]


def test_another_account_s_word_on_a_workflow_is_parked() -> None:
    bench = Bench()
    workflow_id = handed(bench)
    body = {"dispatch_uuid": "d-1", "template": "failover", "status": "completed"}

    bench.webhook(json.dumps(body).encode(), account_name="other")
    bench.turn()

    assert State.WAITING is bench.workflow(workflow_id).state
    (parked,) = bench.store.due_parked(now=EPOCH + bench.now + 10, limit=10)
    assert "wrong_account" == parked.reason


def test_a_message_of_no_step_is_parked_with_that_reason() -> None:
    bench = Bench()
    workflow_id = handed(bench)

    status(bench, "delivered", uuid="m-9", channel="messenger")
    bench.turn()

    assert () == bench.workflow(workflow_id).reached
    (parked,) = bench.store.due_parked(now=EPOCH + bench.now + 10, limit=10)
    assert "no_step" == parked.reason


def test_the_same_report_twice_is_told_once() -> None:
    bench = Bench()
    workflow_id = handed(bench)
    report(bench, "error")
    report(bench, "error")
    bench.turn()
    report(bench, "completed")
    bench.turn()

    assert Outcome.FAILED == bench.workflow(workflow_id).outcome
    assert [("report", "error")] == told(bench, workflow_id)
    assert [] == bench.unacked


def test_what_the_provider_will_not_run_is_taken_over_with_words() -> None:
    bench = Bench()
    workflow_id = bench.start_dispatch()
    bench.turn()
    bench.answer(Refused(problem=Problem(code="401", title="Unprovisioned")))
    bench.turn()

    ticket = bench.call_of(workflow_id)
    assert (None, 1, 1) == (ticket.whole, ticket.step, ticket.attempt)
    assert Engine.LOCAL is bench.workflow(workflow_id).engine
    bench.answer()
    bench.pass_time(21.0)
    assert 2 == bench.call_of(workflow_id).step
    assert "taken_over" in bench.story(workflow_id)


def test_a_fault_of_ours_holds_it_and_the_probe_hands_it_over() -> None:
    bench = Bench()
    workflow_id = bench.start_dispatch(when_stopped="next")
    bench.turn()
    bench.answer(OurFault(problem=Problem(code="402", title="Low balance"), scope=Scope.ACCOUNT))
    assert State.HELD is bench.workflow(workflow_id).state

    bench.pass_time(15.0)
    bench.answer(HandedOver(workflow_id="d-1"))
    bench.pass_time(2.0)

    assert State.WAITING is bench.workflow(workflow_id).state
    assert () == bench.store.controls().stops


def test_a_dispatcher_killed_in_the_call_hands_nothing_over_twice() -> None:
    bench = Bench()
    workflow_id = bench.start_dispatch(final_receipt_time=60)
    bench.turn()
    assert 1 == len(bench.senders.tickets)

    bench.restart()
    bench.pass_time(200.0, step_s=1.0)

    assert [] == bench.senders.tickets
    assert Outcome.UNCONFIRMED == bench.workflow(workflow_id).outcome
    assert 1 == sum(entry.what is What.CLAIMED for entry in bench.store.timeline(workflow_id))


def test_a_cancel_that_raced_with_the_call_is_said_to_be_too_late() -> None:
    bench = Bench()
    workflow_id = handed(bench)

    bench.command(CommandName.CANCEL, workflow_id)
    bench.command(CommandName.NEXT, workflow_id)
    bench.turn()

    assert State.WAITING is bench.workflow(workflow_id).state
    assert ["too_late cancelled"] == bench.story(workflow_id)[-1:]
    assert [] == bench.unacked


def test_a_cancel_before_the_call_ends_it_without_one() -> None:
    bench = Bench()
    pause = Stop(kind=StopKind.PAUSE, channel="viber_service", reason="made up", since=EPOCH, by="operator:ann")
    bench.store.put_stop(pause)
    bench.pass_time(1.0)
    workflow_id = bench.start_dispatch()
    bench.turn()
    bench.command(CommandName.CANCEL, workflow_id)
    bench.turn()

    assert Outcome.CANCELLED == bench.workflow(workflow_id).outcome
    assert [] == bench.senders.tickets


@pytest.mark.parametrize("wanted", [None, "local", "provider"])
@pytest.mark.parametrize("own", [None, "local", "provider"])
def test_who_runs_it_is_said_by_the_request_else_by_the_application_else_by_the_deployment(
    wanted: str | None, own: str | None
) -> None:
    bench = Bench()
    bench.store.change_directory(Application(application_id="shop-1", tenant="acme", public_key="", engine=own))
    bench.restart()
    body = {"channel": "viber_service", "message_type": "text", "to": PERSON, "from": "Shop", "text": "hi"}
    chain: dict[str, object] = {**body, "failover": [{**body, "channel": "sms"}]}
    if wanted is not None:
        chain["engine"] = wanted
    workflow_id = bench.put(json.dumps(chain).encode(), application="shop-1")
    bench.turn()

    assert (wanted or own or "local") == bench.workflow(workflow_id).engine


def test_windows_of_a_v1_chain_keep_it_with_us_whatever_the_default() -> None:
    bench = Bench()
    bench.store.change_directory(Application(application_id="shop-1", tenant="acme", public_key="", engine="provider"))
    bench.restart()
    body = {"channel": "sms", "message_type": "text", "to": PERSON, "from": "Shop", "text": "hi"}
    chain = {**body, "expiry_time": 60, "failover": [body]}
    workflow_id = bench.put(json.dumps(chain).encode(), application="shop-1")
    bench.turn()

    assert Engine.LOCAL is bench.workflow(workflow_id).engine


def test_a_word_on_a_step_that_had_no_call_is_parked_once_the_workflow_is_ours() -> None:
    bench = Bench()
    body = {"channel": "viber_service", "message_type": "text", "to": PERSON, "from": "Shop", "text": "hi"}
    failover = [{**body, "channel": "sms"}]
    workflow_id = bench.put(json.dumps({**body, "failover": failover, "engine": "provider"}).encode())
    bench.turn()
    bench.answer(Refused(problem=Problem(code="403", title="Forbidden")))
    bench.turn()

    bench.receipt("delivered", workflow_id, step=2, uuid="u-2")
    bench.turn()

    assert State.SENDING is bench.workflow(workflow_id).state
    (parked,) = bench.store.due_parked(now=EPOCH + bench.now + 10, limit=10)
    assert "no_attempt" == parked.reason
