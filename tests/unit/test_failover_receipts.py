"""Receipts: what they say of an attempt, whom they are told to, and what they stop (semantics 2, 6 and 7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatcher.events import Received, TellStatus
from shared.model import CodeClass, CodeMeaning, Receipt, RequestKind, Scope, Status, What
from tests.support.plans import BUSY, NO_ANSWER, REFUSAL, START, our_fault, step, stop, viber_then_sms, workflow
from tests.support.play import Play


def accepted(**fields: object) -> Play:
    """Return Viber with a window and the condition `read`, accepted at once; then SMS."""
    return Play(viber_then_sms(condition="read", **fields)).claim().accepted().at(1)


@pytest.mark.parametrize("again", ["submitted", "delivered", "rejected", "undeliverable"])
def test_after_delivered_neither_a_lower_rank_nor_a_negative_changes_anything(again: str) -> None:
    play = accepted().receipt("delivered")
    before = play.workflow

    play.at(2).receipt(again, code="1300")

    assert before is play.workflow


@pytest.mark.parametrize("again", ["submitted", "rejected", "undeliverable"])
def test_a_dead_attempt_hears_no_second_negative_and_no_late_submitted(again: str) -> None:
    play = accepted().negative("1300")
    before = play.workflow

    play.at(2).receipt(again, step=1, code="1070", meaning=CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.ACCOUNT))

    assert before is play.workflow


@pytest.mark.parametrize("status", ["rejected", "undeliverable"])
def test_a_negative_after_submitted_counts_and_is_told(status: str) -> None:
    play = accepted().receipt("submitted").receipt(status, code="1300")

    assert ([status], [(1, "submitted", None), (1, status, "1300")]) == (play.reasons_of_next(), play.told)


def test_sms_that_waits_for_read_which_it_never_says_goes_on_at_the_end_of_its_window() -> None:
    asked = workflow(step(1, "sms", window=60, condition="read"), step(2, "viber_service"))
    play = Play(asked).claim().accepted().at(1).receipt("submitted").at(3).receipt("delivered")

    play.due_at(59)
    assert (1, []) == (play.workflow.current, play.reasons_of_next())
    play.due_at(60)
    assert (2, ["window"]) == (play.workflow.current, play.reasons_of_next())


@pytest.mark.parametrize("status", ["rejected", "undeliverable"])
def test_a_chain_without_windows_goes_on_at_a_negative_whenever_it_comes_and_at_nothing_else(status: str) -> None:
    chain = workflow(step(1, "viber_service"), step(2, "sms"), kind=RequestKind.MESSAGE)
    play = Play(chain).claim().accepted().at(1).receipt("submitted")

    play.run_out(3600)
    assert (1, []) == (play.workflow.current, play.reasons_of_next())
    play.receipt(status, code="1300")
    assert (2, [status]) == (play.workflow.current, play.reasons_of_next())


def test_what_a_step_was_told_is_kept_with_that_step() -> None:
    play = accepted().receipt("delivered").due_at(600).claim().accepted().negative("1300")

    assert [(Status.DELIVERED,), (Status.REJECTED,)] == [each.told for each in play.workflow.steps]


def test_a_success_while_sending_has_left_at_that_moment() -> None:
    play = Play(viber_then_sms()).claim().at(7).receipt("delivered")

    assert START + 7 == play.workflow.step.attempts[0].sent_at


def test_the_moment_at_which_a_call_may_have_left_stays_what_it_was() -> None:
    assert START == accepted().at(90).receipt("read").workflow.step.attempts[0].sent_at


def test_a_dead_attempt_that_delivers_after_all_has_reached_its_step() -> None:
    play = accepted().negative("1300").at(2).receipt("delivered", step=1)

    assert ("ready", 2, (1,), "accepted") == (
        play.state.value,
        play.workflow.current,
        play.workflow.reached,
        play.attempt(1),
    )


def test_a_receipt_brings_what_the_provider_said() -> None:
    play = accepted().at(3).receipt("delivered", price="0.05", uuid="other")

    attempt = play.workflow.step.attempts[0]
    assert ("0.05", "EUR", Status.DELIVERED, "11111111-1111-4111-8111-111111111111", START) == (
        attempt.price,
        attempt.currency,
        attempt.best,
        attempt.provider_uuid,
        attempt.sent_at,
    )
    entry = play.entries[-1]
    assert (What.RECEIPT, 1, 1, "message.delivered") == (entry.what, entry.step, entry.attempt, entry.event)
    expected = {"channel": "viber_service", "status": "delivered", "price": "0.05", "timestamp": "at 3"}
    assert expected == {key: value for key, value in entry.facts.items() if key != "waits_for"}
    assert (
        TellStatus(
            sequence=entry.sequence, step=1, status=Status.DELIVERED, price="0.05", currency="EUR", timestamp="at 3"
        )
        == play.effects[-1]
    )
    play.at(9).receipt("read")
    assert ("0.05", "EUR") == (play.workflow.steps[0].attempts[0].price, play.workflow.steps[0].attempts[0].currency)


def test_a_negative_brings_what_the_provider_said() -> None:
    play = Play(viber_then_sms()).claim().at(3).receipt("undeliverable", code="1260", price="0.01", uuid="u")

    attempt = play.workflow.steps[0].attempts[0]
    assert ("dead", Status.UNDELIVERABLE, "0.01", "EUR", "u", "1260") == (
        attempt.state.value,
        attempt.negative,
        attempt.price,
        attempt.currency,
        attempt.provider_uuid,
        attempt.problem.code if attempt.problem else None,
    )
    (entry,) = play.entries_of(What.RECEIPT)
    assert (1, 1, "message.undeliverable") == (entry.step, entry.attempt, entry.event)
    expected = {
        "channel": "viber_service",
        "status": "undeliverable",
        "price": "0.01",
        "timestamp": "at 3",
        "code": "1260",
        "title": "code 1260",
    }
    assert expected == dict(entry.facts)
    told = TellStatus(
        sequence=entry.sequence,
        step=1,
        status=Status.UNDELIVERABLE,
        problem=attempt.problem,
        price="0.01",
        currency="EUR",
        timestamp="at 3",
    )
    assert told in play.effects
    assert ["undeliverable"] == play.reasons_of_next()


def test_a_negative_keeps_the_price_and_id_that_were_known() -> None:
    play = accepted().receipt("submitted", price="0.07").negative("1300")

    attempt = play.workflow.steps[0].attempts[0]
    assert ("0.07", "EUR", "11111111-1111-4111-8111-111111111111") == (
        attempt.price,
        attempt.currency,
        attempt.provider_uuid,
    )


def test_a_receipt_that_beats_the_answer_starts_the_clocks() -> None:
    play = Play(viber_then_sms(condition="read")).claim().at(4).receipt("delivered")

    assert ("waiting", 604.0, "accepted") == (play.state.value, play.wakes_after, play.attempt(1))
    play.at(5).accepted()
    assert 604.0 == play.wakes_after
    assert START + 4 == play.workflow.step.attempts[0].sent_at


def test_a_negative_that_beats_the_answer_of_a_resend_waits_for_the_first_call() -> None:
    play = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).due_at(135).claim()

    play.at(136).negative("1300", attempt=2)

    assert ("waiting", "unsure", "dead", None) == (
        play.state.value,
        play.attempt(1),
        play.attempt(2),
        play.workflow.lease_until,
    )


def test_a_negative_of_the_first_call_leaves_the_resend_under_way() -> None:
    play = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).due_at(135).claim()

    play.at(136).negative("1300", attempt=1)

    assert ("sending", "dead", "claimed", []) == (play.state.value, play.attempt(1), play.attempt(2), play.told)


def test_a_late_negative_of_a_step_is_told_whatever_else_is_out() -> None:
    steps = step(1, "viber_service", window=600), step(2, "messenger", window=600), step(3, "sms")
    play = Play(workflow(*steps)).claim().accepted().due_at(600).claim().accepted().due_at(1200)

    play.negative("1300", step=2)

    assert [(2, "rejected", "1300")] == play.told


def test_a_receipt_of_a_call_that_was_said_not_to_have_happened_is_believed() -> None:
    play = Play(viber_then_sms(condition="read")).claim().answer(BUSY).at(2).receipt("delivered")

    assert ("waiting", 602.0, "accepted") == (play.state.value, play.wakes_after, play.attempt(1))
    assert START + 2 == play.workflow.step.attempts[0].sent_at


def test_a_receipt_ends_the_time_in_held_and_what_was_left_of_patience() -> None:
    held = (
        Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).due_at(135).claim().answer(our_fault("account"))
    )
    impatient = Play(viber_then_sms(condition="read")).claim().answer(BUSY).due_at(100)
    impatient.world(stops=(stop("breaker", since=500),)).due_at(600)
    left = [impatient.workflow.step.patience_left]

    held.at(140).receipt("submitted", attempt=1)
    impatient.at(610).receipt("delivered")

    assert ("waiting", None) == (held.state.value, held.workflow.step.held_since)
    left.append(impatient.workflow.step.patience_left)
    assert ("waiting", [100.0, None]) == (impatient.state.value, left)


def test_a_late_delivered_of_a_dead_attempt_then_a_refusal_waits_with_a_window_from_that_receipt() -> None:
    play = Play(viber_then_sms(condition="read")).claim().accepted().at(100).negative("1070").at(200).resumed(since=100)
    play.at(201).claim().at(202).receipt("delivered", attempt=1)
    assert ("sending", "accepted", "claimed") == (play.state.value, play.attempt(1), play.attempt(2))

    play.at(203).answer(REFUSAL, attempt=2)

    assert ("waiting", 802.0, "dead") == (play.state.value, play.wakes_after, play.attempt(2))
    play.due_at(802)
    assert ["window"] == play.reasons_of_next()


@pytest.mark.parametrize(("number", "attempt"), [(0, 1), (3, 1), (2, 1), (1, 2)])
def test_a_receipt_of_what_is_not_there_changes_nothing(number: int, attempt: int) -> None:
    play = accepted()
    before = play.workflow

    receipt = Receipt(status=Status.DELIVERED)
    play.send(Received(step=number, attempt=attempt, receipt=receipt))
    play.send(Received(step=number, attempt=attempt, receipt=replace(receipt, status=Status.REJECTED)))
    done = CodeMeaning(code_class=CodeClass.DONE)
    play.send(Received(step=number, attempt=attempt, receipt=replace(receipt, status=Status.REJECTED), meaning=done))

    assert before is play.workflow


def test_a_positive_receipt_has_no_class() -> None:
    play = accepted().receipt("delivered", meaning=CodeMeaning(code_class=CodeClass.DONE))

    assert Status.DELIVERED is play.workflow.step.status


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ("rejected", "1300", "rejected"),
        ("undeliverable", "1300", "undeliverable"),
        ("rejected", "1360", "expired_at_provider"),
        ("undeliverable", "1360", "expired_at_provider"),
        ("rejected", None, "rejected"),
    ],
)
def test_the_reason_of_next_is_what_the_receipt_said(status: str, code: str | None, reason: str) -> None:
    assert [reason] == accepted().receipt(status, code=code).reasons_of_next()
