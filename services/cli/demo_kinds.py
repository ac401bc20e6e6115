"""The kinds of cases that the demo runs, as a table: what the provider does, and how each workflow must end.

The last three digits of a recipient tell the sandbox what becomes of a message on every channel but sms, where each
number but ...009 is delivered. All numbers are of the range that is kept free for fiction, so nobody real is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.model import Outcome

VIBER, SMS = "viber_service", "sms"
WINDOW_S = 15
"""Window of every step that has one: the shortest that a caller may ask for."""
FICTION = "447700900"
REACHABLE = f"{FICTION}100"
"""A phone on which everything arrives."""
HANGS = f"{FICTION}130"
SLOW = f"{FICTION}140"
IN_DOUBT = f"{FICTION}150"
"""The three numbers with a script of their own; all others go by their digits."""
SLOW_ANSWER_S = 4.0
"""So long a call to SLOW takes: time enough to find it in flight and kill who made it."""


class Via(StrEnum):
    """How a workflow comes in."""

    DISPATCH = "/v0.1/dispatch"
    BETA = "/beta/workflows"
    V1 = "/v1/messages"
    QUEUE = "cascade.sends"


HTTP = (Via.DISPATCH, Via.V1, Via.BETA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a workflow ended: what we say, and what the provider received of it."""

    outcome: Outcome
    by: str | None = None
    """Channel whose receipt gave the outcome; None where none did."""
    received: Mapping[str, int] = field(default_factory=dict)
    """Messages by channel; a channel that received none is not there."""
    also: tuple[str, ...] = ()
    """Channels that reached somebody beside `by`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One row of the table."""

    name: str
    share: int
    """Its part of the whole, against the sum of all."""
    recipients: tuple[str, ...]
    """Of the first message, taken in turn."""
    expected: str
    """How it must end, for people."""
    endings: tuple[Ending, ...]
    """Any of these is right."""
    then: str | None = REACHABLE
    """Recipient of the SMS that follows; None: the workflow has one step, an SMS."""
    via: tuple[Via, ...] = HTTP
    first: bool = False
    """Sent before all others, because it takes longest."""
    cancelled: bool = False
    """The caller cancels it as soon as it waits for its receipt."""


def _delivered(channel: str, **received: int) -> Ending:
    return Ending(outcome=Outcome.DELIVERED, by=channel, received=received)


_VIBER_ALONE = _delivered(VIBER, viber_service=1)
_SMS_ALONE = _delivered(SMS, sms=1)
_SMS_AFTER_VIBER = _delivered(SMS, viber_service=1, sms=1)

KILLED = Kind(
    name="slow calls, one dispatcher killed",
    share=24,
    recipients=(SLOW,),
    expected="Viber by its receipt, else SMS after the window",
    endings=(_VIBER_ALONE, _SMS_AFTER_VIBER),
)
"""The batch whose calls are in flight when a dispatcher is killed: sent at once, apart from the others."""

KINDS: tuple[Kind, ...] = (
    Kind(
        name="delivered at once",
        share=36,
        recipients=(f"{FICTION}000", REACHABLE),
        expected="Viber, one call",
        endings=(_VIBER_ALONE,),
    ),
    Kind(
        name="refused by HTTP 422",
        share=24,
        recipients=(f"{FICTION}001",),
        expected="SMS at once",
        endings=(_SMS_ALONE,),
    ),
    Kind(
        name="receipt `undeliverable`",
        share=18,
        recipients=(f"{FICTION}002",),
        expected="SMS at once",
        endings=(_SMS_AFTER_VIBER,),
    ),
    Kind(
        name="silent",
        share=20,
        recipients=(f"{FICTION}003",),
        expected="SMS after the window",
        endings=(_SMS_AFTER_VIBER,),
    ),
    Kind(
        name="delivered late, after 20 s",
        share=16,
        recipients=(f"{FICTION}004",),
        expected="SMS after the window; Viber noted",
        endings=(replace(_SMS_AFTER_VIBER, also=(VIBER,)),),
    ),
    Kind(
        name="busy, HTTP 429",
        share=8,
        recipients=(f"{FICTION}005",),
        expected="Viber, tried again",
        endings=(_VIBER_ALONE,),
    ),
    Kind(
        name="busy, HTTP 503 twice",
        share=8,
        recipients=(f"{FICTION}006",),
        expected="Viber, tried again",
        endings=(_VIBER_ALONE,),
    ),
    Kind(
        name="doubt: connection cut",
        share=12,
        recipients=(f"{FICTION}007",),
        expected="Viber, not sent again",
        endings=(_VIBER_ALONE,),
    ),
    Kind(
        name="doubt: the call hangs",
        share=4,
        recipients=(HANGS,),
        expected="SMS after the window",
        endings=(_SMS_AFTER_VIBER,),
        first=True,
    ),
    Kind(
        name="doubt on the last channel",
        share=2,
        recipients=(IN_DOUBT,),
        then=None,
        expected="SMS, one re-send named",
        endings=(_delivered(SMS, sms=2),),
        via=(Via.V1,),
        first=True,
    ),
    Kind(
        name="receipts twice, out of order",
        share=10,
        recipients=(f"{FICTION}008",),
        expected="Viber, one call",
        endings=(_VIBER_ALONE,),
    ),
    Kind(
        name="hopeless",
        share=8,
        recipients=(f"{FICTION}009",),
        then=f"{FICTION}009",
        expected="failed",
        endings=(Ending(outcome=Outcome.FAILED, received={VIBER: 1, SMS: 1}),),
    ),
    Kind(
        name="forged receipts",
        share=10,
        recipients=(f"{FICTION}010", f"{FICTION}012"),
        expected="SMS after the window",
        endings=(_SMS_AFTER_VIBER,),
    ),
    Kind(
        name="published by another system",
        share=8,
        recipients=(f"{FICTION}000", f"{FICTION}001"),
        expected="Viber, or SMS where refused",
        endings=(_VIBER_ALONE, _SMS_ALONE),
        via=(Via.QUEUE,),
    ),
    Kind(
        name="cancelled while it waits",
        share=2,
        recipients=(f"{FICTION}003",),
        expected="cancelled, no SMS",
        endings=(Ending(outcome=Outcome.CANCELLED, received={VIBER: 1}),),
        via=(Via.DISPATCH, Via.V1),
        cancelled=True,
    ),
)


def scripts(*, slow: int, in_doubt: int) -> dict[str, dict[str, Sequence[object]]]:
    """Return the sandbox's scripts by recipient, for so many workflows to SLOW and to IN_DOUBT."""
    told = [{"status": "submitted", "after": SLOW_ANSWER_S + 2}, {"status": "delivered", "after": SLOW_ANSWER_S + 3}]
    # In pairs: two dispatchers are served in turn, and each is to have calls of both sorts.
    taken = [{"delay": SLOW_ANSWER_S, "receipts": told if number // 2 % 2 else []} for number in range(slow)]
    arrives = {"receipts": [{"status": "submitted", "after": 0.1}, {"status": "delivered", "after": 0.3}]}
    return {
        HANGS: {VIBER: [{"hang": True}]},
        IN_DOUBT: {SMS: [*[{"hang": True}] * in_doubt, arrives]},
        SLOW: {VIBER: [*taken, arrives]},
    }
