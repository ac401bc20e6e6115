"""Rows of the table in semantics 7, more closely: one claim over all states. Cell by cell: test_failover_cells.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatcher.events import Outside
from shared.model import Reason, Scope, State, Stop, StopKind, What, WhenStopped
from tests.support.plans import BUSY, NO_ANSWER, TAKEN, our_fault, step, viber_then_sms, workflow
from tests.support.play import Play

STATES = (State.READY, State.SENDING, State.WAITING, State.BACKING_OFF, State.HELD, State.FINAL)
SKIP = Stop(kind=StopKind.SKIP, channel="viber_service", reason="paused by ann", since=0.0)


def in_state(state: State, *, condition: str = "delivered") -> Play:
    """Return a workflow (Viber with a window, then SMS) in a state, with one attempt of step 1 where it has one."""
    play = Play(viber_then_sms(condition=condition)).at(1)
    match state:
        case State.READY:
            return play
        case State.SENDING:
            return play.claim().at(2)
        case State.WAITING:
            return play.claim().at(2).accepted().at(3)
        case State.BACKING_OFF:
            return play.claim().at(2).answer(BUSY).at(3)
        case State.HELD:
            return play.claim().at(2).answer(our_fault("account")).at(3)
        case _:
            return play.claim().at(2).accepted().cancel().at(3)


def in_doubt(state: State) -> Play:
    """Return a workflow whose current step has an attempt in doubt: a lone SMS, then a re-send in each state."""
    play = Play(workflow(step(1, "sms"))).at(0).claim().at(1).answer(NO_ANSWER)
    if state is State.WAITING:
        return play
    play.due_at(121)
    match state:
        case State.READY:
            return play
        case State.SENDING:
            return play.claim()
        case State.BACKING_OFF:
            return play.claim().answer(BUSY)
        case State.HELD:
            return play.claim().answer(our_fault("account"))
        case _:
            return play.cancel()


def result(play: Play) -> tuple[str, int, str | None]:
    """Return what a row shows after an event: state, current step, outcome."""
    return play.state.value, play.workflow.current, play.outcome


STEP_MESSAGE = {
    State.READY: ("sending", 1, None),
    State.SENDING: ("sending", 1, None),
    State.WAITING: ("waiting", 1, None),
    State.BACKING_OFF: ("backing_off", 1, None),
    State.HELD: ("held", 1, None),
    State.FINAL: ("final", 1, "cancelled"),
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_step_message_claims_only_in_ready(state: State) -> None:
    play = in_state(state)
    calls = len(play.calls)

    play.claim()

    assert STEP_MESSAGE[state] == result(play)
    assert calls + (state is State.READY) == len(play.calls)


ANSWER_ACCEPTED = {
    State.READY: ("waiting", 1, None),  # late: settles the doubt, the pending re-send is dropped
    State.SENDING: ("sending", 1, None),  # late, of the first attempt: noted, the re-send is under way
    State.WAITING: ("waiting", 1, None),
    State.BACKING_OFF: ("waiting", 1, None),
    State.HELD: ("waiting", 1, None),
    State.FINAL: ("final", 1, "cancelled"),
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_late_accepted_answer_settles_the_doubt_of_the_current_step(state: State) -> None:
    play = in_doubt(state)
    before = len(play.calls)

    play.answer(TAKEN, attempt=1)

    assert ANSWER_ACCEPTED[state] == result(play)
    assert before == len(play.calls)
    assert play.workflow.steps[0].attempts[0].provider_uuid is not None


LATE_BUSY = {
    State.READY: "backing_off",
    State.SENDING: "sending",  # another attempt may be out: wait on for that one
    State.WAITING: "backing_off",
    State.BACKING_OFF: "backing_off",
    State.HELD: "backing_off",
    State.FINAL: "final",
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_late_busy_says_the_call_did_not_happen(state: State) -> None:
    play = in_doubt(state)

    play.answer(BUSY, attempt=1)

    first = play.workflow.steps[0].attempts[0]
    assert LATE_BUSY[state] == play.state.value
    assert ("unsure" if state is State.FINAL else "not_sent") == first.state.value


@pytest.mark.parametrize("state", STATES, ids=str)
def test_an_answer_counts_while_sending_or_in_doubt_and_is_noted_elsewhere(state: State) -> None:
    play = in_state(state)
    if state is State.READY:
        play = in_doubt(State.READY)

    play.answer(TAKEN, attempt=1)

    taken = ("waiting", What.SENT)
    expected = {State.SENDING: taken, State.READY: taken}.get(state, (state.value, What.ANSWER_NOTED))
    assert expected == (play.state.value, play.entries[-1].what)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_success_is_final_in_every_state(state: State) -> None:
    play = in_state(state) if state is not State.READY else in_doubt(State.READY)
    outcome_before = play.outcome

    play.receipt("delivered", step=1, attempt=1)

    assert ("final", outcome_before or "delivered") == (play.state.value, play.outcome)
    assert (1,) == play.workflow.reached


BELOW = {
    State.READY: "waiting",
    State.SENDING: "waiting",
    State.WAITING: "waiting",
    State.BACKING_OFF: "waiting",
    State.HELD: "waiting",
    State.FINAL: "final",
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_below_the_condition_settles_the_doubt(state: State) -> None:
    play = in_state(state, condition="read") if state is not State.READY else in_doubt(State.READY)
    status = "submitted" if state is State.READY else "delivered"

    play.receipt(status, step=1, attempt=1)

    assert BELOW[state] == play.state.value
    assert play.workflow.steps[0].doubt_at is None
    assert play.workflow.steps[0].retry_at is None


def test_below_the_condition_of_an_earlier_attempt_is_noted_while_the_resend_is_sending() -> None:
    play = in_doubt(State.SENDING)

    play.receipt("submitted", attempt=1)

    assert ("sending", "accepted", "claimed") == (
        play.state.value,
        *(attempt.state.value for attempt in play.workflow.step.attempts),
    )


NEGATIVE = {
    State.READY: ("final", 1, "failed"),
    State.SENDING: ("ready", 2, None),
    State.WAITING: ("ready", 2, None),
    State.BACKING_OFF: ("ready", 2, None),
    State.HELD: ("ready", 2, None),
    State.FINAL: ("final", 1, "cancelled"),
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_negative_of_the_current_step_goes_on_when_none_may_be_out(state: State) -> None:
    play = in_state(state) if state is not State.READY else in_doubt(State.READY)

    play.receipt("rejected", step=1, attempt=1, code="1300")

    assert NEGATIVE[state] == result(play)
    assert "dead" == play.workflow.steps[0].attempts[0].state.value


@pytest.mark.parametrize("first", [1, 2], ids=["first attempt", "second attempt"])
def test_negative_ends_the_step_only_when_both_attempts_are_dead(first: int) -> None:
    play = in_doubt(State.SENDING)

    play.receipt("rejected", attempt=first, code="1300")
    between = play.state.value
    play.receipt("rejected", attempt=3 - first, code="1300")

    assert ("sending" if first == 1 else "waiting", "final") == (between, play.state.value)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_receipt_of_another_step_is_noted(state: State) -> None:
    play = in_state(State.WAITING).due_at(700)  # step 1 is out, step 2 has its turn
    match state:
        case State.SENDING:
            play.claim()
        case State.WAITING:
            play.claim().accepted()
        case State.BACKING_OFF:
            play.claim().answer(BUSY)
        case State.HELD:
            play.claim().answer(our_fault("account"))
        case State.FINAL:
            play.cancel()
    before = result(play)

    play.receipt("rejected", step=1, code="1300")

    assert before == result(play)
    assert state.value == before[0]
    assert play.workflow.steps[0].attempts[0].negative is not None


DUE = {
    State.READY: (259_200.0, ("final", 1, "expired")),
    State.SENDING: (31.0, ("waiting", 1, None)),
    State.WAITING: (602.0, ("ready", 2, None)),
    State.BACKING_OFF: (6.0, ("ready", 1, None)),
    State.HELD: (259_200.0, ("final", 1, "expired")),
    State.FINAL: (1e6, ("final", 1, "cancelled")),
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_due_judges_the_clock_that_is_over(state: State) -> None:
    play = in_state(state)
    seconds, expected = DUE[state]

    play.due_at(seconds)

    assert expected == result(play)


STOPPED = {
    State.READY: ("ready", 2, None),
    State.SENDING: ("sending", 1, None),
    State.WAITING: ("waiting", 1, None),
    State.BACKING_OFF: ("ready", 2, None),
    State.HELD: ("ready", 2, None),
    State.FINAL: ("final", 1, "cancelled"),
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_skip_passes_what_is_not_out(state: State) -> None:
    play = in_state(state).world(stops=(SKIP,))

    play.stopped()

    assert STOPPED[state] == result(play)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_a_stop_that_holds_changes_nothing(state: State) -> None:
    hold = replace(SKIP, kind=StopKind.PAUSE)
    play = in_state(state).world(stops=(hold,))
    before = result(play)

    play.stopped()

    assert before == result(play)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_end_of_a_stop_wakes_only_what_was_held(state: State) -> None:
    play = in_state(state)
    before = result(play)

    play.resumed()

    assert (("ready", 1, None) if state is State.HELD else before) == result(play)
    assert (play.entries[-1].reason is Reason.RESUMED) is (state is State.HELD)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_cancel_ends_whatever_is_not_ended(state: State) -> None:
    play = in_state(state)
    entries = len(play.entries)

    play.cancel()

    assert ("final", "cancelled") == (play.state.value, play.outcome)
    assert (entries + 1 if state is not State.FINAL else entries) == len(play.entries)


NEXT_NOW = {
    State.READY: ("ready", 2, None),
    State.SENDING: ("sending", 1, None),
    State.WAITING: ("ready", 2, None),
    State.BACKING_OFF: ("ready", 2, None),
    State.HELD: ("ready", 2, None),
    State.FINAL: ("final", 1, "cancelled"),
}


@pytest.mark.parametrize("state", STATES, ids=str)
def test_operators_next_is_refused_while_a_call_is_out(state: State) -> None:
    play = in_state(state)

    play.next_now()

    assert NEXT_NOW[state] == result(play)


@pytest.mark.parametrize("when_stopped", ["hold", "next"])
@pytest.mark.parametrize("scope", list(Scope), ids=str)
def test_our_fault_never_makes_a_fallback_behind_the_same_stop(scope: Scope, when_stopped: str) -> None:
    play = Play(viber_then_sms(when_stopped=WhenStopped(when_stopped))).claim().answer(our_fault(scope.value))

    goes_on = when_stopped == "next" and scope is not Scope.ACCOUNT
    assert (("ready", 2) if goes_on else ("held", 1)) == (play.state.value, play.workflow.current)


def test_an_event_that_changes_nothing_returns_the_very_same_workflow() -> None:
    play = in_state(State.WAITING)
    before = play.workflow

    play.receipt("submitted").receipt("submitted")
    noted = play.workflow
    play.receipt("submitted")

    assert noted is play.workflow
    assert before is not noted
    assert Outside() == play.outside
