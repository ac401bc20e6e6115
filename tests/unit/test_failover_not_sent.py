"""Calls that provably did not happen, in time or late: Busy, Stale, OurFault (semantics 5 and 7)."""

from __future__ import annotations

import pytest

from services.dispatcher.events import Outside
from shared.model import Problem, Reason, RequestKind, Scope, State, What, WhenStopped
from shared.outcomes import Busy, CallOutcome, OurFault, Refused, Stale
from tests.support.plans import BUSY, NO_ANSWER, REFUSAL, START, TAKEN, our_fault, step, stop, viber_then_sms, workflow
from tests.support.play import Play

NOT_SENT: dict[str, CallOutcome] = {"busy": BUSY, "stale": Stale(), "our fault": our_fault("channel")}


def lone_sms(**fields: object) -> Play:
    return Play(workflow(step(1, "sms"), **fields))  # type: ignore[arg-type]


def sent_again(play: Play) -> Play:
    """Let the first call of a windowless step end unsure at 15 s, and claim its re-send at 135 s."""
    return play.claim().at(15).answer(NO_ANSWER).due_at(135).claim()


# Every attempt did not happen


@pytest.mark.parametrize(
    "order", [(1,), (1, 2), (2, 1)], ids=["only one", "first, then re-send", "re-send, then first"]
)
def test_a_step_of_which_nothing_ever_left_has_no_clock_of_a_message_that_is_out(order: tuple[int, ...]) -> None:
    play = lone_sms().claim().at(15).answer(NO_ANSWER) if order == (1,) else sent_again(lone_sms())

    for number in order:
        play.at(140).answer(BUSY, attempt=number)

    left = play.workflow.step
    assert ("backing_off", None, None, None) == (play.state.value, left.settle_by, left.doubt_at, left.resend)
    assert {"not_sent"} == {attempt.state.value for attempt in left.attempts}
    assert [None] * len(order) == [attempt.sent_at for attempt in left.attempts]


def test_and_expires_with_send_by_where_the_provider_stays_busy() -> None:
    play = lone_sms(valid_for=3600, final_receipt_time=600).claim().at(15).answer(NO_ANSWER).at(100).answer(BUSY)
    while play.state is not State.FINAL:
        play.claim().answer(BUSY) if play.state is State.READY else play.due_at(play.wakes_after or 0)

    assert (3600.0, "expired", [(1, "rejected", "1360")]) == (play.seconds, play.outcome, play.told)


def test_a_step_that_became_the_last_waits_like_any_other_when_its_call_did_not_happen() -> None:
    play = Play(viber_then_sms(valid_for=300)).claim().at(15).answer(NO_ANSWER).at(300)
    play.due_at(615)
    assert play.workflow.step.became_last

    play.at(700).answer(BUSY)

    assert (False, "backing_off") == (play.workflow.step.became_last, play.state.value)
    assert "expired" == play.due().outcome


# One of them did, or may have


def test_a_late_word_that_the_first_call_did_not_happen_leaves_the_resend_alone() -> None:
    for outcome in NOT_SENT.values():
        sending = sent_again(lone_sms()).at(136).answer(outcome, attempt=1)
        waiting = sent_again(lone_sms()).at(136).answer(NO_ANSWER).at(137).answer(outcome, attempt=1)

        assert ("sending", "not_sent", "claimed") == (sending.state.value, sending.attempt(1), sending.attempt(2))
        assert ("waiting", "not_sent", "unsure") == (waiting.state.value, waiting.attempt(1), waiting.attempt(2))
        assert waiting.workflow.step.settle_by is not None


def test_a_late_word_that_one_call_did_not_happen_waits_for_the_one_that_was_taken() -> None:
    play = sent_again(lone_sms()).at(136).accepted().at(140).answer(BUSY, attempt=1)

    assert ("waiting", "not_sent", "accepted", None) == (
        play.state.value,
        play.attempt(1),
        play.attempt(2),
        play.workflow.step.retry_at,
    )


@pytest.mark.parametrize("outcome", [BUSY, Stale()], ids=["busy", "stale"])
@pytest.mark.parametrize("code", ["1300", "1000"], ids=["next", "again"])
def test_a_dead_first_call_and_a_resend_that_did_not_happen_come_to_the_same_in_either_order(
    outcome: CallOutcome, code: str
) -> None:
    chain = workflow(step(1, "viber_service"), step(2, "sms"), kind=RequestKind.MESSAGE)
    killed_first = sent_again(Play(chain)).at(140).negative(code, attempt=1).answer(outcome, attempt=2)
    busy_first = sent_again(Play(chain)).at(140).answer(outcome, attempt=2).negative(code, attempt=1)

    played = [
        (
            play.state.value,
            play.workflow.current,
            play.told,
            play.reasons_of_next(),
            play.workflow.step.next_attempt,
            play.workflow.step.again_count,
            play.workflow.step.retry_at,
            play.workflow.step.doubt_at,
        )
        for play in (killed_first, busy_first)
    ]

    assert played[0] == played[1]
    again: tuple[object, ...] = ("backing_off", 1, [], [], 2, 1, START + 145.0, None)
    on: tuple[object, ...] = ("ready", 2, [(1, "rejected", "1300")], ["rejected"], 1, 0, None, None)
    assert (again if code == "1000" else on) == played[0]


def test_a_refused_resend_decides_when_the_first_call_turns_out_not_to_have_happened() -> None:
    play = sent_again(lone_sms()).answer(REFUSAL).at(140).answer(BUSY, attempt=1)

    assert ("failed", [(1, "rejected", "1330")]) == (play.outcome, play.told)


def test_a_busy_attempt_after_a_dead_resend_is_just_busy() -> None:
    play = sent_again(lone_sms()).negative("1300", attempt=1).accepted().at(140).negative("1000", attempt=2)
    assert ("backing_off", 1) == (play.state.value, play.workflow.step.again_count)

    play.due_at(145).claim().at(146).answer(BUSY)

    assert None is play.workflow.lease_until
    left = play.workflow.step
    assert ("backing_off", 1, 1, Reason.BUSY) == (
        play.state.value,
        left.again_count,
        left.busy_count,
        play.entries[-1].reason,
    )


def after_a_rejection() -> Play:
    """Return a lone SMS whose first attempt was throttled, whose second was in doubt, and whose third re-sends it."""
    play = lone_sms().claim().accepted().negative("1000").due_at(5).claim().at(20).answer(NO_ANSWER).due_at(140).claim()
    assert [(1, 1), (1, 2), (1, 3)] == play.calls
    return play


def test_a_doubt_after_a_rejection_has_its_own_two_calls() -> None:
    play = after_a_rejection().at(141).negative("1300", attempt=2).answer(BUSY, attempt=3)

    assert ("failed", [(1, "rejected", "1300")]) == (play.outcome, play.told)


def test_and_what_was_rejected_before_them_has_no_say() -> None:
    play = after_a_rejection().at(141).negative("1300", attempt=2).accepted().negative("1000", attempt=3)
    assert ("backing_off", 2, 3) == (play.state.value, play.workflow.step.again_count, play.workflow.step.resend)

    play.due_at(171).claim().answer(BUSY)

    assert ("backing_off", Reason.BUSY, 4) == (
        play.state.value,
        play.entries[-1].reason,
        play.workflow.step.next_attempt,
    )


def test_there_is_no_second_resend_after_both_calls_of_a_doubt_were_rejected() -> None:
    play = sent_again(lone_sms()).negative("1300", attempt=1).accepted().at(140).negative("1000", attempt=2)

    play.due_at(145).claim().at(150).answer(NO_ANSWER)

    assert ("waiting", None, 2) == (play.state.value, play.workflow.step.doubt_at, play.workflow.step.resend)


def test_a_busy_attempt_after_a_rejected_one_is_just_busy_and_its_window_runs_on() -> None:
    play = Play(viber_then_sms()).claim().accepted().at(10).negative("1000").due_at(15).claim().at(20).answer(NO_ANSWER)

    play.at(40).answer(BUSY)

    assert ("backing_off", START + 600) == (play.state.value, play.workflow.step.window_ends_at)
    assert play.workflow.step.settle_by is not None
    assert 1 == play.workflow.step.again_count


# What each of them does


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_busy_of_a_step_is_counted_and_waits_longer_at_most(count: int) -> None:
    play, waited = lone_sms(), 0.0
    for _ in range(count):
        play.claim().answer(BUSY)
        waited = (play.wakes_after or 0) - play.seconds
        play.due_at(play.wakes_after or 0)

    assert count == play.workflow.step.busy_count
    assert 2.0 <= waited <= 2.0 * 2.0**count


def test_rows_refused_together_do_not_come_back_together() -> None:
    plays = [Play(workflow(step(1, "sms"), message_id=f"m-{number}")).claim().answer(BUSY) for number in range(20)]

    assert 20 == len({play.workflow.step.retry_at for play in plays})


def test_a_provider_that_says_when_to_come_back_is_heard() -> None:
    busy = Busy(problem=Problem(code="429", title="too many"), retry_after_s=77.0)
    play = lone_sms().claim().at(3).answer(busy)

    assert 80.0 == play.wakes_after
    entry = play.entries[-1]
    assert (What.NOT_SENT, 1, 1, Reason.BUSY) == (entry.what, entry.step, entry.attempt, entry.reason)
    assert {
        "channel": "sms",
        "retry_after_s": 77.0,
        "code": "429",
        "title": "too many",
        "waits_for": "back_off",
    } == dict(entry.facts)


def test_a_stale_claim_goes_out_again_at_once_under_the_same_number() -> None:
    play = lone_sms().claim().at(6).answer(Stale())

    assert ("ready", [(1, 1), (1, 1)], [False, True]) == (play.state.value, play.put, play.lanes)
    assert None is play.workflow.lease_until
    assert (Reason.STALE, {"channel": "sms", "waits_for": "turn"}) == (play.entries[-1].reason, play.entries[-1].facts)
    assert None is play.workflow.step.attempts[0].problem


def test_a_call_that_did_not_happen_keeps_its_problem() -> None:
    play = lone_sms().claim().answer(BUSY)

    assert "429" == getattr(play.workflow.step.attempts[0].problem, "code", None)


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
def test_our_fault_stops_the_account_that_made_the_call(late: bool) -> None:
    play = Play(workflow(step(1, "sms")), outside=Outside(accounts=("old",))).claim().at(15)
    if late:
        play.answer(NO_ANSWER).at(40)
    play.world(accounts=("new",))

    play.answer(OurFault(problem=Problem(code="402", title="Low balance", detail="0 EUR"), scope=Scope.CHANNEL))

    assert [("channel", 1, "old", "Low balance: 0 EUR")] == play.stops
    assert ("held", play.seconds) == (play.state.value, play.after(play.workflow.step.held_since))
    told, held = play.entries[-2:]
    assert (What.NOT_SENT, Reason.STOPPED, "channel", "old") == (
        told.what,
        told.reason,
        told.facts["scope"],
        told.facts["account"],
    )
    assert (What.HELD, 1, Reason.STOPPED) == (held.what, held.step, held.reason)
    assert {
        "channel": "sms",
        "scope": "channel",
        "code": "402",
        "title": "Low balance",
        "detail": "0 EUR",
        "waits_for": "stop",
    } == dict(held.facts)


def test_a_fault_holds_what_was_backing_off_or_on_its_way() -> None:
    on_its_way = lone_sms().claim().answer(our_fault("account"))
    backing_off = sent_again(lone_sms()).answer(BUSY).at(140).answer(our_fault("account"), attempt=1)

    for play in (on_its_way, backing_off):
        assert ("held", None, None) == (play.state.value, play.workflow.lease_until, play.workflow.step.retry_at)


def test_a_senders_fault_is_passed_by_onto_another_sender_of_the_channel() -> None:
    steps = step(1, "sms", window=600), step(2, "sms", sender="Other")
    for scope, reasons in (("sender", ["skipped"]), ("channel", [])):
        play = Play(workflow(*steps, when_stopped=WhenStopped.NEXT)).claim().answer(our_fault(scope))

        assert reasons == play.reasons_of_next()


def test_our_fault_while_another_attempt_is_out_stops_as_well() -> None:
    play = sent_again(lone_sms()).at(136).answer(our_fault("account"), attempt=1)

    assert [("account", 1, "default", "Low balance")] == play.stops
    assert "sending" == play.state.value


@pytest.mark.parametrize("scope", ["account", "channel", "sender"])
def test_a_fault_is_passed_by_only_where_that_is_wanted_and_the_next_channel_is_open(scope: str) -> None:
    ask = Play(viber_then_sms(when_stopped=WhenStopped.NEXT)).claim().answer(our_fault(scope))

    assert (["skipped"] if scope != "account" else []) == ask.reasons_of_next()
    assert [] == Play(viber_then_sms()).claim().answer(our_fault(scope)).reasons_of_next()


def test_it_is_not_passed_by_onto_a_channel_of_which_another_stop_is_known() -> None:
    play = Play(viber_then_sms(when_stopped=WhenStopped.NEXT)).world(stops=(stop("breaker", since=0, channel="sms"),))

    assert ("held", 1) == (play.claim().answer(our_fault("channel")).state.value, play.workflow.current)


def test_nor_where_no_step_follows() -> None:
    play = lone_sms(when_stopped=WhenStopped.NEXT).claim().answer(our_fault("channel"))

    assert "held" == play.state.value


# Whose answer it is


def test_the_answer_of_an_older_claim_of_the_same_number_only_notes_the_id() -> None:
    for outcome in (BUSY, TAKEN, NO_ANSWER, Refused(problem=Problem(code="1", title="no"))):
        play = lone_sms().claim().at(6).answer(Stale(), claimed=0)
        assert "ready" == play.state.value
        play.at(10).claim()

        play.at(11).answer(outcome, claimed=0)

        assert ("sending", "claimed", What.ANSWER_NOTED) == (play.state.value, play.attempt(1), play.entries[-1].what)
        play.at(12).answer(BUSY, claimed=10)
        assert "backing_off" == play.state.value


def test_the_answer_of_a_step_that_was_left_only_notes_the_id() -> None:
    play = Play(viber_then_sms()).claim().at(15).answer(NO_ANSWER).due_at(615).claim()

    play.at(620).answer(BUSY, step=1)
    assert ("sending", "unsure", What.ANSWER_NOTED) == (play.state.value, play.attempt(1), play.entries[-1].what)
    play.answer(TAKEN, step=1)

    noted = play.workflow.steps[0].attempts[0]
    assert ("unsure", TAKEN.provider_uuid) == (noted.state.value, noted.provider_uuid)
    assert {"channel": "viber_service", "answer": "Accepted", "provider_uuid": TAKEN.provider_uuid} == {
        key: value for key, value in play.entries[-1].facts.items() if key != "waits_for"
    }
    assert (1, 1) == (play.entries[-1].step, play.entries[-1].attempt)


def test_an_answer_to_an_attempt_that_is_not_there_changes_nothing() -> None:
    ready, over = lone_sms(), lone_sms().cancel()
    before = [ready.workflow, over.workflow]

    for play in (ready, over):
        play.answer(TAKEN, step=1, attempt=7)

    assert before == [ready.workflow, over.workflow]


def test_after_the_end_a_call_that_was_on_its_way_is_known_to_have_left() -> None:
    play = lone_sms().claim().cancel().answer(TAKEN)

    assert ("final", "accepted", What.ANSWER_NOTED) == (play.state.value, play.attempt(1), play.entries[-1].what)
    unsure = lone_sms().claim().at(15).answer(NO_ANSWER).cancel().answer(TAKEN)
    assert ("unsure", TAKEN.provider_uuid) == (unsure.attempt(1), unsure.workflow.step.attempts[0].provider_uuid)
    refused = lone_sms().claim().cancel().answer(REFUSAL)
    assert ("claimed", "1330") == (refused.attempt(1), refused.entries[-1].facts["code"])


def test_a_provider_id_that_is_known_is_kept() -> None:
    play = lone_sms().claim().receipt("submitted", uuid="first").answer(TAKEN)

    assert "first" == play.workflow.step.attempts[0].provider_uuid


def test_a_late_unsure_is_noted_and_the_doubt_goes_on() -> None:
    play = lone_sms().claim().due_at(30).at(40).answer(NO_ANSWER)

    assert (What.ANSWER_NOTED, "waiting", 140.0) == (play.entries[-1].what, play.state.value, play.wakes_after)
    assert "timeout" == play.entries[-1].facts["code"]


@pytest.mark.parametrize("ready", [False, True], ids=["waiting", "its re-send waits for a turn"])
def test_a_late_refusal_is_a_negative(ready: bool) -> None:
    play = lone_sms().claim().due_at(30)
    if ready:
        play.due_at(140)

    play.at(150).answer(REFUSAL, attempt=1)

    assert ("failed", [(1, "rejected", "1330")]) == (play.outcome, play.told)
    refused = play.entries_of(What.REFUSED)[0]
    assert ("message.rejected", Reason.REFUSED, 1, 1) == (refused.event, refused.reason, refused.step, refused.attempt)
    assert {"channel": "sms", "code": "1330", "title": "refused"} == dict(refused.facts)


def test_a_late_refusal_of_the_first_call_waits_for_the_resend() -> None:
    play = sent_again(lone_sms()).at(136).answer(REFUSAL, attempt=1)

    assert ("sending", "dead", "claimed", []) == (play.state.value, play.attempt(1), play.attempt(2), play.told)
    assert None is play.entries[-1].event


def test_a_late_refusal_of_one_call_waits_for_the_one_that_was_taken() -> None:
    play = sent_again(lone_sms()).at(136).accepted().at(137).answer(REFUSAL, attempt=1)

    assert ("waiting", "dead", "accepted") == (play.state.value, play.attempt(1), play.attempt(2))


def test_a_late_202_is_written_as_sent() -> None:
    play = lone_sms().claim().due_at(30).at(40).answer(TAKEN)

    entry = play.entries[-1]
    assert (What.SENT, 1, 1, True) == (entry.what, entry.step, entry.attempt, entry.facts["late"])
    assert (TAKEN.provider_uuid, "sms") == (entry.facts["provider_uuid"], entry.facts["channel"])
    assert (None, "accepted") == (play.workflow.step.doubt_at, play.attempt(1))
