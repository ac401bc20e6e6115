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
    Reported,
    Republished,
    Resumed,
    StepMessage,
    Stopped,
    Updated,
)
from services.dispatcher.failover import fold_key
from shared.model import Receipt, Status
from tests.support.plans import TAKEN

RECEIPT = Received(step=1, attempt=1, receipt=Receipt(status=Status.SUBMITTED))
ORDER: list[tuple[AnyEvent, ...]] = [
    (RECEIPT,),
    (Reported(completed=True),),
    (Answered(step=1, attempt=1, outcome=TAKEN),),
    (Cancel(), NextNow(), Republished(), Stopped(), Resumed(), Updated(step=1, status="read")),
    (Due(read_to=0.0),),
    (StepMessage(step=1, attempt=1),),
]
PLACES = [(place, event) for place, events in enumerate(ORDER) for event in events]


@pytest.mark.parametrize(("place", "event"), PLACES, ids=[type(event).__name__ for _, event in PLACES])
def test_receipts_reports_answers_commands_timers_step_messages(place: int, event: AnyEvent) -> None:
    assert place == fold_key(event)
