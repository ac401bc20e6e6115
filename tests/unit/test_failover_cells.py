"""Every cell of the table in semantics 7 has a test: each row in each state, and what must come out of it.

The expected set is written out here, cell by cell. A cell that says nothing must change nothing; a row that can't
happen in a state is listed with the row that the event is instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest

from services.dispatcher.events import (
    Answered,
    AnyEvent,
    Cancel,
    Due,
    NextNow,
    Received,
    Republished,
    Resumed,
    StepMessage,
    Stopped,
    Updated,
)
from services.dispatcher.failover import TABLE, Row, row_of
from shared.model import Receipt, State, Status, What
from tests.support.plans import BUSY, NO_ANSWER, START, TAKEN, our_fault, step, stop, viber_then_sms, workflow
from tests.support.play import Play

STATES = (State.READY, State.SENDING, State.WAITING, State.BACKING_OFF, State.HELD, State.FINAL)
SKIP = stop("skip", since=0, channel="viber_service", account=None)


def first_step(state: State) -> Play:
    """Return Viber (window 600 s, `read`), then SMS, in a state at 3 s; its one attempt is there but in READY."""
    play = Play(viber_then_sms(condition="read")).at(1)
    if state is State.READY:
        return play.at(3)
    play.claim().at(2)
    match state:
        case State.WAITING:
            play.accepted()
        case State.BACKING_OFF:
            play.answer(BUSY)
        case State.HELD:
            play.answer(our_fault("account"))
        case State.FINAL:
            play.accepted().cancel()
    return play.at(3)


def doubtful(state: State) -> Play:
    """Return a lone SMS whose first attempt is in doubt and whose re-send, but in WAITING, brought it into a state."""
    play = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER)
    if state is State.WAITING:
        return play.at(16)
    play.due_at(135)
    if state is not State.READY:
        play.claim()
    match state:
        case State.BACKING_OFF:
            play.answer(BUSY)
        case State.HELD:
            play.answer(our_fault("account"))
        case State.FINAL:
            play.cancel()
    return play.at(136)


def second_step(state: State) -> Play:
    """Return Viber whose window is over, and the SMS after it in a state."""
    play = Play(viber_then_sms(condition="read")).claim().accepted().due_at(600)
    if state is not State.READY:
        play.claim()
    match state:
        case State.WAITING:
            play.accepted()
        case State.BACKING_OFF:
            play.answer(BUSY)
        case State.HELD:
            play.answer(our_fault("account"))
        case State.FINAL:
            play.cancel()
    return play.at(601)


def of_attempt(status: Status) -> AnyEvent:
    return Received(step=1, attempt=1, receipt=Receipt(status=status))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a row of the table is played in any state."""

    play: Callable[[State], Play]
    event: AnyEvent
    at: Mapping[State, float] | None = None
    """Seconds after the start, where the event comes later than the state."""


DUE_AT = {
    State.READY: 259_200.0,
    State.SENDING: 31.0,
    State.WAITING: 602.0,
    State.BACKING_OFF: 6.0,
    State.HELD: 259_200.0,
    State.FINAL: 1e6,
}
SETTINGS = {
    Row.STEP_MESSAGE: Setting(play=first_step, event=StepMessage(step=1, attempt=1)),
    Row.ANSWER: Setting(play=first_step, event=Answered(step=1, attempt=1, outcome=TAKEN)),
    Row.LATE_ANSWER: Setting(play=doubtful, event=Answered(step=1, attempt=1, outcome=TAKEN)),
    Row.SUCCESS: Setting(play=second_step, event=of_attempt(Status.READ)),
    Row.BELOW: Setting(play=doubtful, event=of_attempt(Status.SUBMITTED)),
    Row.NEGATIVE: Setting(play=doubtful, event=of_attempt(Status.REJECTED)),
    Row.OTHER_STEP: Setting(play=second_step, event=of_attempt(Status.REJECTED)),
    Row.DUE: Setting(play=first_step, event=Due(read_to=START + 1e9), at=DUE_AT),
    Row.STOP: Setting(play=lambda state: first_step(state).world(stops=(SKIP,)), event=Stopped()),
    Row.STOP_ENDED: Setting(play=first_step, event=Resumed(since=START)),
    Row.CANCEL: Setting(play=first_step, event=Cancel()),
    Row.NEXT_NOW: Setting(play=first_step, event=NextNow()),
    Row.REPUBLISHED: Setting(play=first_step, event=Republished()),
    Row.UPDATED: Setting(play=first_step, event=Updated(step=1, status="revoked")),
}

NOTHING = None
"""The event changes nothing: not one entry."""

# What comes out: state, current step, outcome, and what the entries say.
Cell = tuple[str, int, str | None, list[What]] | None
ENDED = ("final", 1, "cancelled")
NOTED = [What.ANSWER_NOTED]
ON = ("ready", 2, None, [What.NEXT])

CELLS: dict[Row, dict[State, Cell]] = {
    Row.STEP_MESSAGE: {
        State.READY: ("sending", 1, None, [What.CLAIMED]),
        State.SENDING: NOTHING,
        State.WAITING: NOTHING,
        State.BACKING_OFF: NOTHING,
        State.HELD: NOTHING,
        State.FINAL: NOTHING,
    },
    Row.ANSWER: {State.SENDING: ("waiting", 1, None, [What.SENT])},
    Row.LATE_ANSWER: {
        State.READY: ("waiting", 1, None, [What.SENT]),
        State.SENDING: ("sending", 1, None, [What.SENT]),
        State.WAITING: ("waiting", 1, None, [What.SENT]),
        State.BACKING_OFF: ("waiting", 1, None, [What.SENT]),
        State.HELD: ("waiting", 1, None, [What.SENT]),
        State.FINAL: (*ENDED, NOTED),
    },
    Row.SUCCESS: {
        **{state: ("final", 2, "read", [What.RECEIPT, What.FINAL]) for state in STATES},
        State.FINAL: ("final", 2, "cancelled", [What.RECEIPT, What.AMENDED]),
    },
    Row.BELOW: {
        State.READY: ("waiting", 1, None, [What.RECEIPT]),
        State.SENDING: ("sending", 1, None, [What.RECEIPT]),
        State.WAITING: ("waiting", 1, None, [What.RECEIPT]),
        State.BACKING_OFF: ("waiting", 1, None, [What.RECEIPT]),
        State.HELD: ("waiting", 1, None, [What.RECEIPT]),
        State.FINAL: (*ENDED, [What.RECEIPT]),
    },
    Row.NEGATIVE: {
        State.READY: ("final", 1, "failed", [What.RECEIPT, What.FINAL]),
        State.SENDING: ("sending", 1, None, [What.RECEIPT]),
        State.WAITING: ("final", 1, "failed", [What.RECEIPT, What.FINAL]),
        State.BACKING_OFF: ("final", 1, "failed", [What.RECEIPT, What.FINAL]),
        State.HELD: ("final", 1, "failed", [What.RECEIPT, What.FINAL]),
        State.FINAL: (*ENDED, [What.RECEIPT]),  # its re-send is still out, so the reach is what it was
    },
    Row.OTHER_STEP: {
        State.READY: ("ready", 2, None, [What.RECEIPT]),
        State.SENDING: ("sending", 2, None, [What.RECEIPT]),
        State.WAITING: ("waiting", 2, None, [What.RECEIPT]),
        State.BACKING_OFF: ("backing_off", 2, None, [What.RECEIPT]),
        State.HELD: ("held", 2, None, [What.RECEIPT]),
        State.FINAL: ("final", 2, "cancelled", [What.RECEIPT, What.AMENDED]),
    },
    Row.DUE: {
        State.READY: ("final", 1, "expired", [What.GIVEN_UP, What.FINAL]),
        State.SENDING: ("waiting", 1, None, [What.UNSURE]),
        State.WAITING: ON,
        State.BACKING_OFF: ("ready", 1, None, [What.READY]),
        State.HELD: ("final", 1, "expired", [What.GIVEN_UP, What.FINAL]),
        State.FINAL: NOTHING,
    },
    Row.STOP: {
        State.READY: ON,
        State.SENDING: NOTHING,
        State.WAITING: NOTHING,
        State.BACKING_OFF: ON,
        State.HELD: ON,
        State.FINAL: NOTHING,
    },
    Row.STOP_ENDED: {
        State.READY: NOTHING,  # no patience of it has begun
        State.SENDING: NOTHING,
        State.WAITING: NOTHING,
        State.BACKING_OFF: ("backing_off", 1, None, [What.PUT_OFF]),
        State.HELD: ("ready", 1, None, [What.READY]),
        State.FINAL: NOTHING,
    },
    Row.CANCEL: {
        **{state: (*ENDED, [What.FINAL]) for state in STATES},
        State.FINAL: NOTHING,
    },
    Row.NEXT_NOW: {
        State.READY: ON,
        State.SENDING: NOTHING,  # refused: a call is out
        State.WAITING: ON,
        State.BACKING_OFF: ON,
        State.HELD: ON,
        State.FINAL: NOTHING,
    },
    Row.REPUBLISHED: {
        State.READY: ("ready", 1, None, [What.REPUBLISHED]),
        State.SENDING: NOTHING,
        State.WAITING: NOTHING,
        State.BACKING_OFF: NOTHING,
        State.HELD: NOTHING,
        State.FINAL: NOTHING,
    },
    Row.UPDATED: {
        **{state: (state.value, 1, None, [What.UPDATED]) for state in STATES},
        State.FINAL: (*ENDED, [What.UPDATED]),
    },
}
CANT_HAPPEN: dict[tuple[Row, State], Row] = {
    (Row.ANSWER, state): Row.LATE_ANSWER for state in STATES if state is not State.SENDING
}  # nobody waits for the call any more

ALL = [(row, state) for row in Row for state in STATES]


def set_up(row: Row, state: State) -> tuple[Play, AnyEvent]:
    setting = SETTINGS[row]
    play = setting.play(state)
    if setting.at is not None:
        play.at(setting.at[state])
    return play, replace(setting.event, outside=play.outside)


@pytest.mark.parametrize(("row", "state"), ALL, ids=[f"{row.value} / {state.value}" for row, state in ALL])
def test_cell(row: Row, state: State) -> None:
    play, event = set_up(row, state)
    assert state is play.state
    assert CANT_HAPPEN.get((row, state), row) is row_of(play.workflow, event)
    if (row, state) in CANT_HAPPEN:
        return
    before = play.workflow

    decision = play.send(event)

    expected = CELLS[row][state]
    if expected is NOTHING:
        assert before is decision.workflow
        assert ((), ()) == (decision.entries, decision.effects)
        return
    came_out = (play.state.value, play.workflow.current, play.outcome, [entry.what for entry in decision.entries])
    assert expected == came_out


def test_the_cells_are_those_of_the_table() -> None:
    spoken_for = {(row, state) for row, cells in CELLS.items() for state in cells} | set(CANT_HAPPEN)
    handled = {(row, state) for row, cells in TABLE.items() for state in cells}
    silent = {(row, state) for row, cells in CELLS.items() for state, cell in cells.items() if cell is NOTHING}

    assert set(ALL) == spoken_for
    assert set() == set(CANT_HAPPEN) & handled
    # Ready has a handler for the end of a stop: it speaks once patience has begun.
    assert silent - {(Row.STOP_ENDED, State.READY)} == spoken_for - handled - set(CANT_HAPPEN)
