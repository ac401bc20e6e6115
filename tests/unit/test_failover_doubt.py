"""Doubt and the one re-send: what was taken is never sent again, whatever the second call comes to (semantics 8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.dispatcher.events import Outside
from shared.model import Delivery, Reason, What
from shared.outcomes import CallOutcome, Stale
from tests.support.plans import BUSY, NO_ANSWER, REFUSAL, START, TAKEN, our_fault, step, viber_then_sms, workflow
from tests.support.play import Play

NOT_SENT: dict[str, CallOutcome] = {"busy": BUSY, "stale": Stale(), "our fault": our_fault("account")}
SETTLES: dict[str, Callable[[Play], Play]] = {
    "submitted": lambda play: play.receipt("submitted", attempt=1),
    "late 202": lambda play: play.answer(TAKEN, attempt=1),
}


def in_doubt(**fields: object) -> Play:
    """Return a lone SMS whose call ended unsure at 15 s."""
    return Play(workflow(step(1, "sms"), **fields)).claim().at(15).answer(NO_ANSWER)  # type: ignore[arg-type]


def sent_again(**fields: object) -> Play:
    """Return it with the re-send claimed at 135 s."""
    return in_doubt(**fields).due_at(135).claim()


@pytest.mark.parametrize("outcome", NOT_SENT.values(), ids=NOT_SENT.keys())
@pytest.mark.parametrize("settle", SETTLES.values(), ids=SETTLES.keys())
def test_what_was_taken_is_not_sent_again_after_a_resend_that_did_not_happen(
    settle: Callable[[Play], Play], outcome: CallOutcome
) -> None:
    play = settle(sent_again().at(136))
    assert ("sending", "accepted") == (play.state.value, play.attempt(1))

    play.at(140).answer(outcome, attempt=2)

    assert ("waiting", "accepted", "not_sent") == (play.state.value, play.attempt(1), play.attempt(2))
    assert (None, None) == (play.workflow.step.doubt_at, play.workflow.step.retry_at)
    assert (1 if outcome is NOT_SENT["our fault"] else 0) == len(play.stops)
    play.run_out(400_000)
    assert ("unconfirmed", [(1, 1), (1, 2)]) == (play.outcome, play.calls)


@pytest.mark.parametrize(
    ("outcome", "state", "retries_after"),
    [(BUSY, "backing_off", True), (Stale(), "ready", False), (our_fault("account"), "held", False)],
    ids=NOT_SENT.keys(),
)
def test_a_resend_that_did_not_happen_is_tried_again_while_the_doubt_lasts(
    outcome: CallOutcome, state: str, retries_after: bool
) -> None:
    play = sent_again().at(140).answer(outcome)

    assert (state, "unsure", "not_sent") == (play.state.value, play.attempt(1), play.attempt(2))
    assert retries_after is (play.workflow.step.retry_at is not None)
    assert 2 == play.workflow.step.next_attempt == play.workflow.step.resend


@pytest.mark.parametrize("settle", SETTLES.values(), ids=SETTLES.keys())
def test_a_word_on_the_first_call_drops_a_resend_that_waits_its_turn(settle: Callable[[Play], Play]) -> None:
    play = in_doubt().due_at(135)
    assert ("ready", [(1, 1), (1, 2)]) == (play.state.value, play.put)

    settle(play.at(136)).at(137).read_message(1, 2)

    assert ("waiting", [(1, 1)]) == (play.state.value, play.calls)


def test_the_doubt_ends_with_the_reconcile_time_of_its_channel() -> None:
    slow = Outside(reconcile_s={"sms": 300.0, "viber_service": 60.0})
    answered = Play(workflow(step(1, "sms")), outside=slow).claim().at(15).answer(NO_ANSWER)
    lost = Play(workflow(step(1, "sms")), outside=slow).claim().due_at(30)

    assert (315.0, 320.0) == (answered.wakes_after, lost.wakes_after)
    assert (135.0, 140.0) == (in_doubt().wakes_after, Play(workflow(step(1, "sms"))).claim().due_at(30).wakes_after)


def test_the_clocks_start_when_the_call_ended_and_not_when_its_answer_was_read() -> None:
    unsure = Play(workflow(step(1, "sms"))).claim().at(18).answer(NO_ANSWER, age_s=3.0)
    accepted = Play(viber_then_sms()).claim().at(5).answer(TAKEN, age_s=2.0)

    assert (135.0, START + 15.0) == (unsure.wakes_after, unsure.workflow.step.attempts[0].sent_at)
    assert (603.0, START + 3.0) == (accepted.wakes_after, accepted.workflow.step.attempts[0].sent_at)


def test_a_step_with_a_window_and_a_step_at_most_once_are_never_sent_again_in_doubt() -> None:
    windowed = Play(viber_then_sms()).claim().at(15).answer(NO_ANSWER)
    once = Play(workflow(step(1, "sms", delivery=Delivery.AT_MOST_ONCE))).claim().at(15).answer(NO_ANSWER)
    lost = Play(workflow(step(1, "sms", delivery=Delivery.AT_MOST_ONCE))).claim().due_at(30)

    assert [None, None, None] == [play.workflow.step.doubt_at for play in (windowed, once, lost)]


@pytest.mark.parametrize("ends", ["answer", "lost"])
def test_there_is_one_resend_and_no_second(ends: str) -> None:
    play = sent_again()

    play = play.at(150).answer(NO_ANSWER) if ends == "answer" else play.due_at(165)

    assert ("waiting", None) == (play.state.value, play.workflow.step.doubt_at)
    play.run_out(400_000)
    assert ("unconfirmed", [(1, 1), (1, 2)], 1) == (play.outcome, play.calls, len(play.entries_of(What.RESEND)))


def test_the_resend_is_named_in_the_journal_before_it_is_made() -> None:
    play = in_doubt().due_at(135)

    entry = play.entries[-1]
    assert (What.RESEND, 1, 2, Reason.DOUBT) == (entry.what, entry.step, entry.attempt, entry.reason)
    assert {"channel": "sms", "waits_for": "turn"} == dict(entry.facts)
    assert (2, None) == (play.workflow.step.resend, play.workflow.step.doubt_at)


def test_a_doubt_that_ends_after_send_by_makes_no_call() -> None:
    play = in_doubt(valid_for=100).due_at(135)

    entry = play.entries[-1]
    assert ("waiting", What.WAITING_ON, 1, Reason.SEND_BY) == (play.state.value, entry.what, entry.step, entry.reason)
    assert {"channel": "sms", "waits_for": "settle_by"} == dict(entry.facts)
    assert (None, None) == (play.workflow.step.doubt_at, play.workflow.step.resend)
    play.run_out(400_000)
    assert ("unconfirmed", [(1, 1)], [(1, 1)]) == (play.outcome, play.calls, play.put)


def test_a_doubt_that_ends_at_the_very_end_of_send_by_makes_no_call() -> None:
    assert [(1, 1)] == in_doubt(valid_for=135).due_at(135).put


def test_a_resend_whose_turn_comes_after_send_by_is_not_made() -> None:
    play = in_doubt(valid_for=140).due_at(135).at(140).claim()

    assert ("waiting", [(1, 1)], True) == (play.state.value, play.calls, play.workflow.step.became_last)
    assert [] == play.told


def test_a_doubt_is_given_up_with_send_by_and_kept_before_it() -> None:
    chain = workflow(step(1, "viber_service"), step(2, "sms"), valid_for=1000)
    early = Play(chain).claim().answer(NO_ANSWER).world(suppressed=frozenset({"number:447700900000"}))

    early.at(50).next_now()

    assert ("waiting", True, 120.0) == (early.state.value, early.workflow.step.became_last, early.wakes_after)
    for seconds in (50, 60):
        late = in_doubt(valid_for=50).at(seconds).next_now()
        assert (True, None) == (late.workflow.step.became_last, late.workflow.step.doubt_at)


@pytest.mark.parametrize("outcome", [BUSY, our_fault("account")], ids=["backing off", "held"])
def test_a_resend_that_could_not_be_made_before_send_by_leaves_the_first_call_to_be_waited_for(
    outcome: CallOutcome,
) -> None:
    play = sent_again(valid_for=136).answer(outcome).due_at(136)

    left = play.workflow.step
    assert ("waiting", None, None, []) == (play.state.value, left.retry_at, left.held_since, play.told)


def test_a_receipt_of_the_first_call_is_noted_while_the_resend_is_on_its_way() -> None:
    play = sent_again().at(136).receipt("submitted", attempt=1).at(137).answer(TAKEN, attempt=2)

    assert ("waiting", "accepted", "accepted") == (play.state.value, play.attempt(1), play.attempt(2))


def test_a_refused_resend_leaves_the_first_call_to_be_waited_for() -> None:
    play = sent_again().at(136).answer(REFUSAL)

    assert ("waiting", "unsure", "dead", []) == (play.state.value, play.attempt(1), play.attempt(2), play.told)
    play.negative("1300", attempt=1)
    assert ("failed", [(1, "rejected", "1300")]) == (play.outcome, play.told)


def test_already_sent_of_a_resend_kills_only_it() -> None:
    chain = (
        Play(workflow(step(1, "viber_service"), step(2, "sms"))).claim().at(15).answer(NO_ANSWER).due_at(135).claim()
    )
    for play in (sent_again(), chain):
        play.at(136).accepted().at(140).negative("1320", attempt=2)

        assert ("waiting", "unsure", "dead") == (play.state.value, play.attempt(1), play.attempt(2))


def test_already_sent_of_another_attempt_after_a_rejection_counts_as_submitted() -> None:
    play = Play(workflow(step(1, "sms"))).claim().accepted().at(10).negative("1000").due_at(15).claim()

    play.at(16).negative("1320", attempt=2)

    assert ("waiting", "dead", "accepted") == (play.state.value, play.attempt(1), play.attempt(2))
    assert [(1, "submitted", None)] == play.told


def test_already_sent_means_what_it_says_when_the_planned_resend_became_an_ordinary_attempt() -> None:
    play = in_doubt().due_at(135).negative("1000", attempt=1)
    assert ("backing_off", None) == (play.state.value, play.workflow.step.resend)

    play.due_at(140).claim().at(141).negative("1320", attempt=2)

    assert ("waiting", "accepted") == (play.state.value, play.attempt(2))


def test_already_sent_of_a_step_that_is_not_there_changes_nothing() -> None:
    play = Play(workflow(step(1, "sms"))).claim().accepted()
    before = play.workflow

    for number in (11, 2):
        play.negative("1320", step=number, attempt=1) if number == 11 else play.receipt("submitted", step=2, attempt=1)

    assert before is play.workflow
