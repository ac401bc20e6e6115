"""The journal reads as a story: what, why, and what happens next with its time. A person has read the golden file."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.channels import QUEUED_CHANNELS
from shared.model import Entry, Message, Reason, Status, Step, What
from shared.wire.story import tell, tell_all
from shared.wire.story_words import CHANNEL_NAMES, REASONS, length, problem_words

GOLDEN = Path(__file__).parents[1] / "golden" / "wire" / "story.txt"
T = 1_772_442_900.0  # 2026-03-02 09:15:00 UTC
W, R = What, Reason


def step(number: int, channel: str, **more: Any) -> Step:
    return Step(
        number=number,
        message=Message(channel=channel, kind="text", recipient="447700900000", sender="1"),
        person="number:447700900000",
        **more,
    )


STEPS = (
    step(1, "viber_service", expiry_time=600),
    step(2, "messenger", expiry_time=120, condition=Status.READ),
    step(3, "sms"),
)
VIBER, MESSENGER, SMS = ({"channel": each.message.channel} for each in STEPS)
LOW = {"code": "402", "title": "Low balance", "detail": "Your account has no money left."}
WHOLE = {"engine": "provider"}
UNKNOWN = {"code": "1330", "title": "Unknown carrier error"}

STORIES: dict[str, list[tuple[float, What, int | None, int | None, Reason | None, float | None, dict[str, Any]]]] = {
    "delivered at once": [
        (0, W.ACCEPTED, None, None, None, None, {"steps": ["viber_service", "messenger", "sms"], "waits_for": "turn"}),
        (1, W.CLAIMED, 1, 1, None, 31, {**VIBER, "ttl": 595, "waits_for": "lease"}),
        (1.5, W.SENT, 1, 1, None, 601.5, {**VIBER, "provider_uuid": "u", "waits_for": "window"}),
        (2, W.RECEIPT, 1, 1, None, 601.5, {**VIBER, "status": "submitted", "waits_for": "window"}),
        (3, W.RECEIPT, 1, 1, None, None, {**VIBER, "status": "delivered", "price": "0.02"}),
        (3, W.FINAL, 1, None, R.SUCCESS, None, {**VIBER, "outcome": "delivered", "condition_met": True}),
    ],
    "refused, silent, then by SMS": [
        (0, W.ACCEPTED, None, None, None, None, {"steps": ["viber_service", "messenger", "sms"], "waits_for": "turn"}),
        (1, W.CLAIMED, 1, 1, None, 31, {**VIBER, "ttl": 595, "waits_for": "lease"}),
        (2, W.REFUSED, 1, 1, R.REFUSED, None, {**VIBER, "code": "422", "title": "Invalid sender"}),
        (2, W.NEXT, 1, None, R.REFUSED, None, {**VIBER, "to_step": 2, "to_channel": "messenger", "waits_for": "turn"}),
        (3, W.CLAIMED, 2, 1, None, 33, {**MESSENGER, "waits_for": "lease"}),
        (4, W.SENT, 2, 1, None, 124, {**MESSENGER, "waits_for": "window"}),
        (9, W.RECEIPT, 1, 1, None, 124, {**VIBER, "status": "submitted", "waits_for": "window"}),
        (20, W.RECEIPT, 2, 1, None, 124, {**MESSENGER, "status": "delivered", "waits_for": "window"}),
        (125, W.NEXT, 2, None, R.WINDOW, None, {**MESSENGER, "to_step": 3, "to_channel": "sms", "waits_for": "turn"}),
        (126, W.CLAIMED, 3, 1, None, 156, {**SMS, "ttl": 259_073, "waits_for": "lease"}),
        (
            127,
            W.UNSURE,
            3,
            1,
            R.UNSURE,
            247,
            {**SMS, "code": "timeout", "title": "No answer in time", "waits_for": "doubt"},
        ),
        (247, W.RESEND, 3, 2, R.DOUBT, None, {**SMS, "waits_for": "turn"}),
        (
            248,
            W.CLAIMED,
            3,
            2,
            None,
            278,
            {**SMS, "ttl": 300, "ttl_note": "may still arrive after the window", "waits_for": "lease"},
        ),
        (249, W.SENT, 3, 1, None, 86_527, {**SMS, "late": True, "waits_for": "settle_by"}),
        (250, W.ANSWER_NOTED, 3, 2, None, 86_527, {**SMS, "answer": "Accepted", "waits_for": "settle_by"}),
        (
            86_527,
            W.FINAL,
            2,
            None,
            R.SETTLE_BY,
            None,
            {**MESSENGER, "outcome": "delivered", "condition_met": False, "may_have_reached": [3]},
        ),
    ],
    "busy, our fault, held and mended": [
        (
            1,
            W.NOT_SENT,
            1,
            1,
            R.BUSY,
            31,
            {**VIBER, "code": "429", "title": "Too many requests", "retry_after_s": 30, "waits_for": "back_off"},
        ),
        (31, W.READY, 1, None, None, None, {**VIBER, "waits_for": "turn"}),
        (32, W.NOT_SENT, 1, 1, R.STALE, None, {**VIBER, "waits_for": "turn"}),
        (33, W.NOT_SENT, 1, 1, R.STOPPED, None, {**VIBER, "scope": "account", **LOW}),
        (
            33,
            W.HELD,
            1,
            None,
            R.STOPPED,
            259_200,
            {**VIBER, "scope": "account", "account": "default", "title": "Low balance", "waits_for": "stop"},
        ),
        (
            700,
            W.PUT_OFF,
            1,
            None,
            R.STOPPED,
            1200,
            {**VIBER, "title": "Low balance", "longer_s": 540.0, "waits_for": "patience"},
        ),
        (900, W.READY, 1, None, R.RESUMED, None, {**VIBER, "waits_for": "turn"}),
        (960, W.REPUBLISHED, 1, None, R.REPUBLISHED, None, {**VIBER, "waits_for": "turn"}),
        (970, W.RECEIPT, 1, 1, None, None, {**VIBER, "status": "rejected", "code": "1000", "title": "Throttled"}),
        (970, W.BACKED_OFF, 1, 1, R.AGAIN, 975, {**VIBER, "waits_for": "back_off"}),
        (980, W.RECEIPT, 1, 2, None, None, {**VIBER, "status": "undeliverable", **UNKNOWN}),
        (980, W.GIVEN_UP, 1, 2, None, None, {**VIBER, "status": "undeliverable", **UNKNOWN}),
        (
            980,
            W.NEXT,
            1,
            None,
            R.UNDELIVERABLE,
            259_200,
            {**VIBER, "to_step": 3, "to_channel": "sms", "waits_for": "send_by"},
        ),
        (990, W.QUARANTINED, 3, None, None, 4590, {**SMS, "title": "KeyError"}),
        (259_200, W.FINAL, None, None, R.SEND_BY, None, {"outcome": "expired", "condition_met": False}),
    ],
    "other ends": [
        (1, W.STRUCK_OUT, 2, None, R.SUPPRESSED, None, {**MESSENGER, "status": "rejected"}),
        (
            2,
            W.FINAL,
            None,
            None,
            R.SUPPRESSED,
            None,
            {"outcome": "failed", "condition_met": False, "may_have_reached": [1]},
        ),
        (3, W.WAITING_ON, 1, None, R.SEND_BY, 600, {**VIBER, "waits_for": "settle_by"}),
        (
            4,
            W.FINAL,
            None,
            None,
            R.SETTLE_BY,
            None,
            {"outcome": "unconfirmed", "condition_met": False, "may_have_reached": [1, 3]},
        ),
        (5, W.FINAL, None, None, R.CANCELLED, None, {"outcome": "cancelled", "condition_met": False}),
        (
            6,
            W.FINAL,
            1,
            None,
            R.SUCCESS,
            None,
            {**VIBER, "outcome": "read", "condition_met": True, "fallback_saved": True, "also_reached": [3]},
        ),
        (7, W.AMENDED, 3, 1, None, None, {**SMS, "status": "delivered", "outcome": "read", "also_reached": [2, 3]}),
    ],
    "run by the provider": [
        (0, W.ACCEPTED, None, None, None, None, {"steps": ["viber_service", "messenger", "sms"], "waits_for": "turn"}),
        (1, W.CLAIMED, 1, 1, None, 31, {**VIBER, **WHOLE, "waits_for": "lease"}),
        (2, W.NOT_SENT, 1, 1, R.BUSY, 8, {**VIBER, **WHOLE, "code": "429", "title": "Busy", "waits_for": "back_off"}),
        (9, W.NOT_SENT, 1, 1, R.STOPPED, None, {**VIBER, **WHOLE, **LOW}),
        (9, W.HELD, 1, None, R.STOPPED, 259_200, {**VIBER, **WHOLE, **LOW, "waits_for": "stop"}),
        (20, W.UNSURE, 1, 1, R.UNSURE, 87_140, {**VIBER, **WHOLE, "title": "No answer in time", "waits_for": "report"}),
        (21, W.SENT, 1, 1, None, 87_140, {**VIBER, **WHOLE, "late": True, "waits_for": "report"}),
        (22, W.TOO_LATE, None, None, R.CANCELLED, 87_140, {"waits_for": "report"}),
        (23, W.RECEIPT, 1, 1, None, 87_140, {**VIBER, "status": "rejected", **UNKNOWN, "waits_for": "report"}),
        (60, W.REPORTED, None, None, None, None, {**WHOLE, "status": "completed"}),
        (60, W.FINAL, 2, None, R.SUCCESS, None, {**MESSENGER, "outcome": "read", "condition_met": True}),
        (90, W.UPDATED, 2, None, None, None, {**MESSENGER, "status": "revoked", "done": True}),
    ],
    "a chain that the provider runs": [
        (1, W.SENT, 1, 1, None, 87_140, {**VIBER, **WHOLE, "waits_for": "receipts"}),
        (2, W.RECEIPT, 1, 1, None, 87_140, {**VIBER, "status": "rejected", **UNKNOWN, "waits_for": "receipts"}),
    ],
    "refused by the provider as a whole": [
        (1, W.TAKEN_OVER, 1, 1, None, None, {**VIBER, "code": "401", "title": "Unprovisioned", "waits_for": "turn"}),
        (2, W.SENT, 1, 1, None, 600, {**VIBER, **WHOLE, "waits_for": "report"}),
        (3, W.REPORTED, None, None, None, None, {**WHOLE, "status": "error"}),
        (3, W.UPDATED, 3, None, None, None, {**SMS, "status": "revoked", "done": False, "code": "404"}),
    ],
}


def story() -> str:
    told = []
    for name, lines in STORIES.items():
        entries = [
            Entry(
                sequence=sequence,
                at=T + at,
                by="cascade",
                what=what,
                step=number,
                attempt=attempt,
                reason=reason,
                next_at=None if next_at is None else T + next_at,
                facts=facts,
            )
            for sequence, (at, what, number, attempt, reason, next_at, facts) in enumerate(lines, start=1)
        ]
        told += [f"# {name}", *tell_all(entries, STEPS), ""]
    reasons = [Entry(sequence=1, at=T, by="cascade", what=W.NEXT, step=1, reason=reason) for reason in Reason]
    told += ["# every reason", *(tell(entry) for entry in reasons), ""]
    bare = [Entry(sequence=1, at=T, by="operator:anna", what=what, next_at=T + 60) for what in What]
    return "\n".join([*told, "# nothing but what happened", *(tell(entry) for entry in bare), ""])


def test_the_story_is_the_one_that_was_read_by_a_person() -> None:
    assert GOLDEN.read_text(encoding="utf-8") == story()


def test_every_entry_of_the_journal_has_its_place_in_the_story() -> None:
    assert set(What) == {what for lines in STORIES.values() for _, what, *_ in lines}
    assert set(Reason) == set(REASONS)


def test_every_channel_has_a_name_for_people() -> None:
    assert set(QUEUED_CHANNELS) == set(CHANNEL_NAMES)


FACTS = st.dictionaries(
    st.sampled_from(
        "status code title detail channel to_step to_channel ttl ttl_note outcome condition_met fallback_saved"
        " retry_after_s longer_s waits_for scope account may_have_reached also_reached steps price late".split()
    ),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["turn", "window", "delivered", "sms", "expired"])
    | st.lists(st.integers(-2, 5) | st.text(max_size=2), max_size=3),
)


@given(
    st.sampled_from(What),
    st.none() | st.sampled_from(Reason),
    st.none() | st.integers(-1, 12),
    st.none() | st.floats(0, 1e10),
    FACTS,
    st.sampled_from([(), STEPS[:1], STEPS]),
)
def test_missing_or_strange_facts_never_raise(
    what: What,
    reason: Reason | None,
    number: int | None,
    next_at: float | None,
    facts: dict[str, object],
    steps: tuple[Step, ...],
) -> None:
    entry = Entry(sequence=1, at=T, by="cascade", what=what, step=number, reason=reason, next_at=next_at, facts=facts)

    (text,) = tell_all([entry], steps)

    assert text[0] == text[0].upper()
    assert text == text.strip()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "1 second"),
        (1.4, "1 second"),
        (45, "45 seconds"),
        (60, "1 minute"),
        (600, "10 minutes"),
        (595, "595 seconds"),
        (3600, "1 hour"),
        (259_073, "about 72 hours"),
        (None, ""),
        ("60", ""),
        (True, ""),
        (float("inf"), ""),
        (-1, ""),
    ],
)
def test_lengths_are_said_in_the_unit_that_fits(seconds: object, expected: str) -> None:
    assert expected == length(seconds)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ""),
        ({"code": "1330"}, "code 1330"),
        ({"code": "422", "title": "Invalid sender"}, "Invalid sender (HTTP 422)"),
        ({"code": "timeout", "title": "No answer in time"}, "no answer in time"),
        ({"code": "reset", "title": "The line broke", "detail": "ConnectionError"}, "the line broke (ConnectionError)"),
        (
            {"code": "lost", "title": "The call was lost", "detail": "The process ended."},
            "the call was lost, since the process ended",
        ),
        ({"code": "timeout"}, "timeout"),
        ({"code": "402", "title": "Low balance", "detail": "No money."}, "Low balance (HTTP 402): No money"),
        ({"detail": "Only words."}, "Only words"),
    ],
)
def test_problems_are_said_with_what_is_known(facts: dict[str, object], expected: str) -> None:
    assert expected == problem_words(facts)
