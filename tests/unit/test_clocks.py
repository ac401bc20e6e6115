"""The clocks: which of them run in a state, which is over first, and which wait for the receipts (semantics 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from services.dispatcher.clocks import Running, due, running, wake_at, wake_ungated_at
from shared.model import State, Workflow
from tests.support.plans import NO_ANSWER, START, step, viber_then_sms, workflow
from tests.support.play import Play

ENDS = {
    "patience_ends_at": START + 20,
    "window_ends_at": START + 30,
    "settle_by": START + 40,
    "doubt_at": START + 50,
    "retry_at": START + 60,
}
LEASE, SEND_BY = START + 10, START + 70


def row(
    state: State, *, window: bool = True, became_last: bool = False, ends: Mapping[str, float | None] = ENDS
) -> Workflow:
    """Return a row of which these clocks are set, each to another end."""
    first = replace(step(1, "viber_service", window=600 if window else None), became_last=became_last)
    first = replace(first, **ends)  # type: ignore[arg-type]  # mypy can't see through **
    made = workflow(first, step(2, "sms"), valid_for=70)
    return replace(made, state=state, lease_until=LEASE)


WINDOWED = {
    State.READY: [Running.WINDOW, Running.PATIENCE, Running.SEND_BY],
    State.SENDING: [Running.LEASE],
    State.WAITING: [Running.WINDOW, Running.DOUBT],
    State.BACKING_OFF: [Running.WINDOW, Running.PATIENCE, Running.SEND_BY, Running.BACK_OFF],
    State.HELD: [Running.WINDOW, Running.SEND_BY],
    State.FINAL: [],
}
LAST = {
    State.READY: [Running.SETTLE_BY, Running.SEND_BY],
    State.SENDING: [Running.LEASE],
    State.WAITING: [Running.SETTLE_BY, Running.DOUBT],
    State.BACKING_OFF: [Running.SETTLE_BY, Running.SEND_BY, Running.BACK_OFF],
    State.HELD: [Running.SETTLE_BY, Running.SEND_BY],
    State.FINAL: [],
}
OF = {
    Running.LEASE: LEASE,
    Running.PATIENCE: START + 20,
    Running.WINDOW: START + 30,
    Running.SETTLE_BY: START + 40,
    Running.DOUBT: START + 50,
    Running.BACK_OFF: START + 60,
    Running.SEND_BY: SEND_BY,
}


@pytest.mark.parametrize("state", WINDOWED, ids=str)
def test_the_clocks_of_a_step_with_a_window(state: State) -> None:
    expected = {clock: OF[clock] for clock in WINDOWED[state]}

    assert list(expected.items()) == list(running(row(state)).items())


@pytest.mark.parametrize("state", LAST, ids=str)
@pytest.mark.parametrize("became_last", [False, True], ids=["windowless", "became the last"])
def test_the_clocks_of_a_step_that_nothing_follows(state: State, became_last: bool) -> None:
    expected = {clock: OF[clock] for clock in LAST[state]}

    assert list(expected.items()) == list(running(row(state, window=became_last, became_last=became_last)).items())


def test_a_clock_that_is_not_set_does_not_run() -> None:
    bare = row(State.BACKING_OFF, ends={})

    assert [Running.SEND_BY] == list(running(bare))


def test_the_earliest_clock_wakes_the_row() -> None:
    waked = {state: (wake_at(row(state)), wake_ungated_at(row(state))) for state in WINDOWED}

    assert {
        State.READY: (START + 20, SEND_BY),
        State.SENDING: (LEASE, LEASE),
        State.WAITING: (START + 30, None),
        State.BACKING_OFF: (START + 20, START + 60),
        State.HELD: (START + 30, SEND_BY),
        State.FINAL: (None, None),
    } == waked


JUDGED = [
    (State.READY, Running.WINDOW),
    (State.READY, Running.PATIENCE),
    (State.WAITING, Running.WINDOW),
    (State.WAITING, Running.DOUBT),
    (State.WAITING, Running.SETTLE_BY),
]


@pytest.mark.parametrize(("state", "clock"), JUDGED, ids=[f"{clock} in {state}" for state, clock in JUDGED])
def test_a_gated_clock_is_over_when_receipts_are_read_up_to_its_end(state: State, clock: Running) -> None:
    only = row(
        state, became_last=clock is Running.SETTLE_BY, ends={end: ENDS[end] for end in ENDS if clock.value in end}
    )
    end = OF[clock]

    judged = {
        "at its end": due(only, now=end, read_to=end, blind=False),
        "before": due(only, now=end - 0.001, read_to=end + 9, blind=False),
        "unread": due(only, now=end + 1, read_to=end - 0.001, blind=False),
        "blind": due(only, now=end, read_to=0.0, blind=True),
        "blind, before": due(only, now=end - 0.001, read_to=end + 9, blind=True),
    }

    assert {
        "at its end": clock,
        "before": None,
        "unread": None,
        "blind": None if clock is Running.DOUBT else clock,
        "blind, before": None,
    } == judged


UNGATED = [
    (State.SENDING, Running.LEASE),
    (State.READY, Running.SEND_BY),
    (State.HELD, Running.SEND_BY),
    (State.BACKING_OFF, Running.BACK_OFF),
]


@pytest.mark.parametrize(("state", "clock"), UNGATED, ids=[f"{clock} in {state}" for state, clock in UNGATED])
def test_other_clocks_do_not_wait_for_receipts(state: State, clock: Running) -> None:
    only = row(state, ends={"retry_at": ENDS["retry_at"]} if clock is Running.BACK_OFF else {})

    assert clock is due(only, now=OF[clock], read_to=0.0, blind=False)
    assert None is due(only, now=OF[clock] - 0.001, read_to=OF[clock] + 9, blind=False)


def test_of_several_clocks_that_are_over_the_first_of_the_list_is_judged() -> None:
    late = START + 1000

    assert Running.WINDOW is due(row(State.BACKING_OFF), now=late, read_to=late, blind=False)
    assert Running.SEND_BY is due(row(State.BACKING_OFF), now=late, read_to=0.0, blind=False)
    assert Running.SETTLE_BY is due(row(State.WAITING, window=False), now=late, read_to=late, blind=False)
    assert Running.WINDOW is due(row(State.WAITING), now=late, read_to=late, blind=True)


def test_blind_the_doubt_is_passed_over_and_not_the_clocks_after_it() -> None:
    only = row(State.WAITING, ends={"doubt_at": ENDS["doubt_at"]})

    assert None is due(only, now=START + 1000, read_to=START + 1000, blind=True)


# How long they are


@pytest.mark.parametrize(
    ("final_receipt_time", "window", "channel", "ends_after"),
    [
        (None, None, "messenger", 86_400.0),
        (None, None, "sms", 259_200.0 + 600.0),
        (None, 600, "viber_service", 595.0 + 600.0),
        (None, 600, "messenger", 86_400.0),
        (300, None, "sms", 300.0),
        (300, 600, "viber_service", 600.0),
        (900, 600, "viber_service", 900.0),
        (60, 86_400, "messenger", 86_400.0),
    ],
)
def test_settle_by_is_what_the_caller_said_else_the_ttl_and_ten_minutes_and_never_less_than_the_window(
    final_receipt_time: int | None, window: int | None, channel: str, ends_after: float
) -> None:
    first = step(1, channel, window=window)
    play = Play(workflow(first, step(2, "sms"), final_receipt_time=final_receipt_time)).claim().accepted()

    assert ends_after == play.after(play.workflow.step.settle_by)


def test_window_and_settle_by_are_set_once_a_step() -> None:
    play = Play(viber_then_sms()).claim().accepted()
    first = (play.workflow.step.window_ends_at, play.workflow.step.settle_by)

    play.at(10).negative("1000").due_at(15).claim().at(20).accepted()

    assert first == (play.workflow.step.window_ends_at, play.workflow.step.settle_by)
    assert START + 20 == play.workflow.step.attempts[1].sent_at


def test_a_lost_call_may_have_left_twenty_seconds_after_its_claim() -> None:
    play = Play(viber_then_sms()).at(100).claim().due_at(129.999)
    assert "sending" == play.state.value

    play.due_at(130)

    left = play.workflow.step
    assert ("waiting", START + 720, START + 120) == (play.state.value, left.window_ends_at, left.attempts[0].sent_at)
    entry = play.entries[-1]
    assert ("unsure", 1, 1, "unsure", "lost", "viber_service") == (
        entry.what.value,
        entry.step,
        entry.attempt,
        entry.reason and entry.reason.value,
        entry.facts["code"],
        entry.facts["channel"],
    )
    assert "lost" == getattr(left.attempts[0].problem, "code", None)
    assert "The dispatcher that made it did not report back." == entry.facts["detail"]


def test_an_unsure_answer_is_written_with_its_problem() -> None:
    play = Play(viber_then_sms()).claim().at(15).answer(NO_ANSWER)

    entry = play.entries[-1]
    assert ("unsure", 1, 1, "unsure") == (
        entry.what.value,
        entry.step,
        entry.attempt,
        entry.reason and entry.reason.value,
    )
    assert {"channel": "viber_service", "code": "timeout", "title": "no answer in 15 s", "waits_for": "window"} == dict(
        entry.facts
    )
    assert ("unsure", "timeout") == (
        play.attempt(1),
        getattr(play.workflow.step.attempts[0].problem, "code", None),
    )


def test_an_accepted_answer_is_written_with_the_providers_id() -> None:
    play = Play(viber_then_sms()).claim().at(1).accepted()

    entry = play.entries[-1]
    assert ("sent", 1, 1, None) == (entry.what.value, entry.step, entry.attempt, entry.reason)
    assert {
        "channel": "viber_service",
        "provider_uuid": "11111111-1111-4111-8111-111111111111",
        "waits_for": "window",
    } == dict(entry.facts)
    assert START + 601 == entry.next_at


def test_valid_for_ends_a_step_that_waits_its_turn_not_one_that_may_be_out() -> None:
    waiting = Play(viber_then_sms(valid_for=300)).claim().accepted().due_at(300)
    held = Play(viber_then_sms(valid_for=300)).claim().accepted().at(10).negative("1070").due_at(300)

    assert ("waiting", "expired") == (waiting.state.value, held.outcome)
