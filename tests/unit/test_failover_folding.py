"""In one turn, what is known is heard before anything is done: the order in which events are folded (semantics 7)."""

from __future__ import annotations

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
)
from services.dispatcher.failover import fold_key
from shared.model import Receipt, Status
from tests.support.plans import TAKEN

RECEIPT = Received(step=1, attempt=1, receipt=Receipt(status=Status.SUBMITTED))
ORDER: list[tuple[AnyEvent, ...]] = [
    (RECEIPT,),
    (Answered(step=1, attempt=1, outcome=TAKEN),),
    (Cancel(), NextNow(), Republished(), Stopped(), Resumed()),
    (Due(read_to=0.0),),
    (StepMessage(step=1, attempt=1),),
]
PLACES = [(place, event) for place, events in enumerate(ORDER) for event in events]


@pytest.mark.parametrize(("place", "event"), PLACES, ids=[type(event).__name__ for _, event in PLACES])
def test_receipts_answers_commands_timers_step_messages(place: int, event: AnyEvent) -> None:
    assert place == fold_key(event)
