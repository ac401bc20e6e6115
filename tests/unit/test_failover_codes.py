"""Codes that mean more than *next*: persons, faults of ours, and another attempt (semantics 6)."""

from __future__ import annotations

import pytest

from services.dispatcher.events import Outside
from shared.channels import person_of
from shared.model import CodeClass, CodeMeaning, Reason, What, WhenStopped
from tests.support.plans import BUSY, NO_ANSWER, NUMBER, REFUSAL, START, our_fault, step, stop, viber_then_sms, workflow
from tests.support.play import Play

OTHER = "447700900555"


def accepted(**fields: object) -> Play:
    """Return Viber with a window and the condition `read`, accepted at once; then SMS."""
    return Play(viber_then_sms(condition="read", **fields)).claim().accepted().at(1)


def test_an_opt_out_suppresses_the_person_and_strikes_out_all_its_later_steps() -> None:
    steps = workflow(step(1, "viber_service", window=600), step(2, "sms", recipient=OTHER), step(3, "sms"))
    play = Play(steps).claim().accepted().negative("1240")

    assert [(f"number:{NUMBER}", "1240")] == play.suppressed
    assert [False, False, True] == [each.struck_out for each in play.workflow.steps]
    play.claim().accepted().negative("1300")
    assert ("failed", (3, "rejected", "1240")) == (play.outcome, play.told[-1])


def test_an_opt_out_without_a_code_suppresses_as_well() -> None:
    play = accepted().receipt("rejected", meaning=CodeMeaning(code_class=CodeClass.PERSON))

    assert [(f"number:{NUMBER}", "")] == play.suppressed


def test_other_codes_suppress_nobody_and_stop_nothing() -> None:
    play = accepted().negative("1300")

    assert ([], []) == (play.suppressed, play.stops)


def test_an_opt_out_on_a_step_that_was_left_strikes_out_a_step_that_waits_its_turn() -> None:
    play = Play(viber_then_sms()).claim().accepted().due_at(600).negative("1240", step=1)
    assert ("ready", True, [(f"number:{NUMBER}", "1240")]) == (
        play.state.value,
        play.workflow.step.struck_out,
        play.suppressed,
    )

    play.claim()

    assert ("failed", [(1, 1)], [(1, "rejected", "1240"), (2, "rejected", "1240")]) == (
        play.outcome,
        play.calls,
        play.told,
    )
    assert 1 == len(play.entries_of(What.STRUCK_OUT))


def test_but_not_a_step_of_which_a_call_may_be_out() -> None:
    play = Play(viber_then_sms()).claim().accepted().due_at(600).claim().accepted().negative("1240", step=1)

    assert (False, "waiting") == (play.workflow.step.struck_out, play.state.value)


def test_and_not_a_step_that_was_left() -> None:
    steps = (step(1, "viber_service", window=600), step(2, "messenger", window=600), step(3, "sms", recipient=OTHER))
    play = Play(workflow(*steps)).claim().accepted().due_at(600).claim().answer(REFUSAL).negative("1240", step=1)

    assert [False, False, False] == [each.struck_out for each in play.workflow.steps]
    assert person_of("sms", OTHER, None) == play.workflow.step.person


@pytest.mark.parametrize(
    ("code", "scope"),
    [("1060", "account"), ("1070", "account"), ("1080", "account"), ("1140", "channel"), ("1370", "sender")],
)
def test_a_faults_code_raises_its_stop_and_holds_the_step(code: str, scope: str) -> None:
    play = (
        Play(viber_then_sms(), outside=Outside(accounts=("old", "b"))).claim().accepted().world(accounts=("new", "b"))
    )

    play.at(9).negative(code)

    assert [(scope, 1, "old", f"code {code}")] == play.stops
    assert scope == play.entries_of(What.HELD)[0].facts["scope"]
    assert ("held", [], 9.0) == (play.state.value, play.told, play.after(play.workflow.step.held_since))


def test_a_fault_without_a_problem_or_scope_stops_the_account_and_says_that_no_reason_is_known() -> None:
    play = accepted().receipt("rejected", meaning=CodeMeaning(code_class=CodeClass.FAULT))

    assert [("account", 1, "default", "the provider named no reason")] == play.stops
    assert "account" == play.entries_of(What.HELD)[0].facts["scope"]


def test_a_faults_code_of_a_step_that_was_left_raises_its_stop_too() -> None:
    fault = CodeMeaning(code_class=CodeClass.FAULT)
    play = Play(viber_then_sms()).claim().accepted().due_at(600).negative("1140", step=1)
    other = Play(viber_then_sms()).claim().accepted().due_at(600).receipt("rejected", step=1, meaning=fault)

    assert ([("channel", 1, "default", "code 1140")], "ready") == (play.stops, play.state.value)
    assert ["account"] == [scope for scope, *_ in other.stops]
    assert [] == Play(viber_then_sms()).claim().accepted().due_at(600).negative("1300", step=1).stops


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_faults_code_while_another_attempt_is_out_raises_its_stop_and_waits(attempt: int) -> None:
    play = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).due_at(135).claim().accepted()

    play.at(140).negative("1070", attempt=attempt)

    assert ("waiting", 1, "dead") == (play.state.value, len(play.stops), play.attempt(attempt))


def test_after_a_fault_the_step_has_all_its_time_again() -> None:
    play = (
        Play(viber_then_sms(condition="read")).claim().accepted().at(5).negative("1000").due_at(10).claim().accepted()
    )
    assert (1, True) == (play.workflow.step.again_count, play.workflow.step.settle_by is not None)

    play.at(100).negative("1070")

    left = play.workflow.step
    assert (None, None, 0, None, None, None, None, False) == (
        left.window_ends_at,
        left.settle_by,
        left.again_count,
        left.patience_ends_at,
        left.patience_counted_from,
        left.patience_left,
        left.first_claimed_at,
        left.became_last,
    )
    play.at(700).resumed(since=100).claim().at(710).answer(BUSY)
    assert START + 1300 == play.workflow.step.patience_ends_at


def test_also_where_the_call_was_said_not_to_have_happened() -> None:
    busy = Play(viber_then_sms()).claim().answer(BUSY)
    standing = (
        Play(viber_then_sms()).claim().answer(BUSY).due_at(5).world(stops=(stop("breaker", since=500),)).due_at(600)
    )

    for play in (busy, standing):
        left = play.at(700).negative("1070").workflow.step
        assert (None, None, None, None) == (
            left.patience_ends_at,
            left.patience_counted_from,
            left.patience_left,
            left.first_claimed_at,
        )


def test_a_last_step_that_starts_anew_is_not_ended_by_its_old_clock() -> None:
    play = Play(workflow(step(1, "sms"), final_receipt_time=60)).claim().accepted().at(10).negative("1070")

    assert ("held", 259_200.0) == (play.due_at(100).state.value, play.wakes_after)


def test_a_step_that_became_the_last_starts_anew_with_a_window() -> None:
    play = Play(viber_then_sms()).claim().accepted().world(suppressed=frozenset({f"number:{NUMBER}"})).due_at(600)
    assert play.workflow.step.became_last

    play.at(700).negative("1070")

    assert (False, "held") == (play.workflow.step.became_last, play.state.value)


def test_a_faults_code_is_passed_by_where_that_is_wanted_and_then_told() -> None:
    play = Play(viber_then_sms(when_stopped=WhenStopped.NEXT)).claim().accepted().negative("1140")

    assert (["skipped"], [(1, "rejected", "1140")]) == (play.reasons_of_next(), play.told)


# Another attempt


def test_another_attempt_is_made_after_5_s_then_30_s_and_then_no_more() -> None:
    play = Play(viber_then_sms()).claim().accepted().at(10).negative("1000")
    first = play.entries[-1]
    play.due_at(15).claim().accepted().at(20).negative("1000")
    second = play.entries[-1]
    play.due_at(50).claim().accepted().at(60).negative("1000")

    assert None is play.workflow.lease_until
    assert (What.BACKED_OFF, 1, 1, Reason.AGAIN, 15.0) == (
        first.what,
        first.step,
        first.attempt,
        first.reason,
        play.after(first.next_at),
    )
    assert {"channel": "viber_service", "retry_at": START + 15, "waits_for": "back_off"} == dict(first.facts)
    assert (2, 50.0) == (second.attempt, play.after(second.next_at))
    assert (["rejected"], 2, [(1, "rejected", "1000")]) == (
        play.reasons_of_next(),
        play.workflow.steps[0].again_count,
        play.told,
    )


@pytest.mark.parametrize(("at", "again"), [(594.9, True), (595.0, False), (595.1, False)])
def test_another_attempt_is_made_only_inside_the_window(at: float, again: bool) -> None:
    play = Play(viber_then_sms()).claim().accepted().at(at).negative("1000")

    assert ("backing_off" if again else "ready", 1 if again else 2) == (play.state.value, play.workflow.current)


@pytest.mark.parametrize(("at", "again"), [(94.9, True), (95.0, False)])
def test_another_attempt_that_could_not_start_before_send_by_is_not_waited_for(at: float, again: bool) -> None:
    for first in (step(1, "viber_service", window=600), step(1, "viber_service")):
        play = Play(workflow(first, step(2, "sms"), valid_for=100)).claim().accepted().at(at).negative("1000")

        assert ("backing_off" if again else "ready", 1 if again else 2) == (play.state.value, play.workflow.current)


def test_codes_that_ask_for_another_attempt_only_of_the_last_step() -> None:
    steps = workflow(step(1, "viber_service"), step(2, "sms"))
    first = Play(steps).claim().accepted().negative("1180")
    last = first.claim().accepted().negative("1180")

    assert ("backing_off", 2) == (last.state.value, last.workflow.current)


def test_a_negative_that_is_tried_again_is_not_told_and_its_end_is() -> None:
    play = Play(viber_then_sms()).claim().accepted().negative("1000")
    assert ([], None) == (play.told, play.entries_of(What.RECEIPT)[0].event)

    play.due_at(5).claim().accepted().receipt("delivered")

    assert [(1, "delivered", None)] == play.told


def test_a_rejection_ends_the_doubt() -> None:
    play = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).at(20).negative("1000")

    assert ("backing_off", None) == (play.state.value, play.workflow.step.doubt_at)


def test_another_attempt_after_a_rejection_that_beat_the_answer_has_no_lease() -> None:
    play = Play(viber_then_sms()).claim().at(1).negative("1000")

    assert ("backing_off", None) == (play.state.value, play.workflow.lease_until)


def test_back_off_ends_the_time_in_held() -> None:
    play = Play(viber_then_sms(condition="read")).claim().accepted().at(5).negative("1000")
    play.due_at(10).claim().answer(our_fault("account"))
    held = [play.after(play.workflow.step.held_since)]

    play.at(20).negative("1000", attempt=2)

    held.append(play.workflow.step.held_since)
    assert ("backing_off", [10.0, None]) == (play.state.value, held)
