"""Workflows that the provider runs (semantics 10): the call that hands them over, who decides, and the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.dispatcher.events import Answered, AnyEvent, Cancel, NextNow, Outside, Republished, Resumed, Stopped
from shared.model import Engine, Problem, Reason, RequestKind, State, What
from shared.outcomes import Busy, CallOutcome, HandedOver, OurFault, Refused, Stale
from tests.support.plans import (
    BUSY,
    HANDED,
    NO_ANSWER,
    REFUSAL,
    START,
    for_the_provider,
    our_fault,
    step,
    stop,
    workflow,
)
from tests.support.play import Play

V1_HANDED = HandedOver(workflow_id="w-1", provider_uuid="u-1")
DAY = 86_400.0


def handed(*, v1: bool = False, **fields: Any) -> Play:
    """Return a workflow that the provider took two seconds after the start."""
    play = Play(for_the_provider(v1=v1, **fields)).at(1).claim().at(2)
    return play.answer(V1_HANDED if v1 else HANDED)


def in_doubt() -> Play:
    return Play(for_the_provider()).at(1).claim().at(2).answer(NO_ANSWER)


def being_called() -> Play:
    return Play(for_the_provider()).at(1).claim()


def whats(play: Play) -> list[str]:
    return [entry.what.value for entry in play.entries]


def test_one_call_hands_the_whole_over_and_nothing_of_ours_follows() -> None:
    play = handed()

    play.run_out(2 * DAY)

    assert [(1, 1)] == play.calls
    assert ("d-1", "unconfirmed") == (play.workflow.provider_id, play.outcome)
    assert ["accepted", "claimed", "sent", "final"] == whats(play)


@pytest.mark.parametrize(
    ("fields", "ends_after"),
    [({}, 2 + 600 + DAY), ({"final_receipt_time": 300}, 2 + 600 + 300), ({"v1": True}, 2 + DAY)],
    ids=["the window and a day", "the window and its own time", "no windows"],
)
def test_an_end_is_waited_for_as_long_as_all_windows_and_the_last_receipts_take(
    fields: dict[str, bool], ends_after: float
) -> None:
    play = handed(**fields)

    assert ends_after == play.wakes_after
    assert State.WAITING is play.due_at(ends_after - 0.001).state
    assert "unconfirmed" == play.due_at(ends_after).outcome
    assert (1, 2) == play.workflow.may_have_reached


def test_the_time_in_which_an_end_is_waited_for_waits_itself_for_the_receipts_in_front() -> None:
    play = handed().at(2 + 600 + DAY)

    assert State.WAITING is play.due(read_to=600 + DAY).state


def test_the_last_message_s_own_life_is_waited_for() -> None:
    last = step(2, "sms", ttl=172_800)
    play = Play(workflow(step(1, "viber_service", window=60), last, engine=Engine.PROVIDER)).claim().answer(HANDED)

    assert 60 + 172_800 + 600 == play.wakes_after


def test_a_single_message_has_no_failover_so_it_is_always_ours() -> None:
    play = Play(workflow(step(1, "sms"), kind=RequestKind.MESSAGE, engine=Engine.PROVIDER)).claim().accepted()

    assert not play.workflow.run_by_provider
    assert "cancelled" == play.cancel().outcome


def test_a_dispatch_of_one_item_is_handed_over() -> None:
    play = Play(workflow(step(1, "sms"), engine=Engine.PROVIDER)).claim().answer(HANDED)

    assert play.workflow.handed_over


# The final report


@pytest.mark.parametrize("beginning", ["taken", "in doubt", "being called"])
@pytest.mark.parametrize("word", ["completed", "error"])
def test_the_final_report_is_the_end_whatever_we_know_of_the_call(beginning: str, word: str) -> None:
    plays: dict[str, Callable[[], Play]] = {"taken": handed, "in doubt": in_doubt, "being called": being_called}
    play = plays[beginning]()

    play.at(60).report(word)

    assert State.FINAL is play.state
    assert ("delivered" if word == "completed" else "failed") == play.outcome
    assert (word == "completed") is play.workflow.condition_met
    assert 1 == play.reports
    assert ["reported", "final"] == whats(play)[-2:]
    assert word == play.entries[-2].facts["status"]
    assert "accepted" == play.attempt(1)  # it arrived, whatever came of its answer


def test_completed_takes_the_best_status_seen() -> None:
    play = handed(condition="read")
    play.seen("submitted", uuid="m-1").seen("rejected", uuid="m-1", code="1300")
    play.seen("delivered", uuid="m-2", channel="sms").seen("read", uuid="m-2", channel="sms")

    play.report()

    assert ("read", 2, (2,)) == (play.outcome, play.workflow.outcome_step, play.workflow.reached)
    assert play.workflow.condition_met
    assert () == play.workflow.may_have_reached


def test_completed_is_by_the_step_that_met_its_condition_where_another_had_the_same_status() -> None:
    play = handed(condition="read").seen("delivered", uuid="m-1").seen("delivered", uuid="m-2", channel="sms")

    play.report()

    assert ("delivered", 2, (1,)) == (play.outcome, play.workflow.outcome_step, play.workflow.also_reached)


def test_completed_without_a_status_is_delivered_by_one_that_nobody_named() -> None:
    play = handed().report()

    assert ("delivered", None, True) == (play.outcome, play.workflow.outcome_step, play.workflow.condition_met)
    assert (1, 2) == play.workflow.may_have_reached


def test_error_is_failed_also_where_somebody_was_reached_below_the_condition() -> None:
    play = handed(condition="read").seen("delivered", uuid="m-1")
    play.seen("rejected", uuid="m-2", channel="sms", code="1300").report("error")

    assert ("failed", False, (1,)) == (play.outcome, play.workflow.condition_met, play.workflow.also_reached)
    assert Reason.REJECTED is play.entries[-1].reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [([], None), (["undeliverable"], Reason.UNDELIVERABLE), (["undeliverable", "rejected"], Reason.REJECTED)],
)
def test_error_has_the_reason_of_the_last_message_that_died(said: list[str], reason: Reason | None) -> None:
    play = handed()
    for status, channel in zip(said, ("viber_service", "sms"), strict=False):
        play.seen(status, uuid=channel, channel=channel, code="1300")

    assert reason is play.report("error").entries[-1].reason


def test_a_report_brings_the_statuses_that_were_lost_on_their_way() -> None:
    play = handed().seen("submitted", uuid="m-1")

    play.report("completed", ("m-1", "viber_service", "rejected"), ("m-2", "sms", "delivered"))

    assert ("delivered", 2) == (play.outcome, play.workflow.outcome_step)
    assert [(1, "submitted", None), (1, "rejected", None), (2, "delivered", None)] == play.told


def test_the_same_report_twice_is_one_end() -> None:
    play = handed().report()
    entries = list(play.entries)

    play.report().report("error")

    assert entries == play.entries
    assert 1 == play.reports


def test_a_report_after_the_clock_is_written_down_once_and_changes_no_outcome() -> None:
    play = handed().run_out(2 * DAY)

    play.report("completed", ("m-2", "sms", "delivered")).report()

    assert ("unconfirmed", (2,)) == (play.outcome, play.workflow.also_reached)
    assert 1 == len(play.entries_of(What.REPORTED))
    assert 1 == len(play.entries_of(What.AMENDED))


def test_a_report_on_a_workflow_of_ours_is_nothing() -> None:
    play = Play(workflow(step(1, "viber_service", window=600), step(2, "sms"))).claim().accepted()

    assert not play.report().last.changed


# Dispatch waits for its report, v1 has none


def test_dispatch_goes_on_waiting_after_a_success() -> None:
    play = handed().seen("delivered", uuid="m-1")

    assert (State.WAITING, (1,)) == (play.state, play.workflow.reached)
    assert [(1, "delivered", None)] == play.told


@pytest.mark.parametrize(
    ("statuses", "condition", "outcome", "met"),
    [
        (("delivered",), "delivered", "delivered", True),
        (("delivered",), "read", "delivered", False),
        (("read",), "read", "read", True),
        (("submitted",), "delivered", "unconfirmed", False),
    ],
)
def test_without_a_report_what_is_known_stands_at_the_end_of_the_time(
    statuses: tuple[str, ...], condition: str, outcome: str, *, met: bool
) -> None:
    play = handed(condition=condition)
    for status in statuses:
        play.seen(status, uuid="m-1")

    play.run_out(2 * DAY)

    assert (outcome, met) == (play.outcome, play.workflow.condition_met)
    assert (1 if outcome != "unconfirmed" else None) == play.workflow.outcome_step


def test_without_a_report_the_best_of_two_successes_is_the_outcome() -> None:
    play = handed().seen("delivered", uuid="m-1").seen("read", uuid="m-2", channel="sms").run_out(2 * DAY)

    assert ("read", 2, (1,)) == (play.outcome, play.workflow.outcome_step, play.workflow.also_reached)


def test_without_a_report_all_negatives_are_a_failure_at_the_end_of_the_time() -> None:
    play = handed().seen("rejected", uuid="m-1", code="1300").seen("undeliverable", uuid="m-2", channel="sms")

    assert "failed" == play.run_out(2 * DAY).outcome


@pytest.mark.parametrize("number", [1, 2])
def test_a_v1_chain_ends_with_a_success_of_any_item(number: int) -> None:
    play = handed(v1=True).receipt("delivered", step=number, attempt=1)

    assert ("delivered", number, True) == (play.outcome, play.workflow.outcome_step, play.workflow.condition_met)


def test_a_v1_chain_ends_with_a_negative_of_the_last_item_and_of_no_other() -> None:
    play = handed(v1=True).receipt("submitted", step=1, attempt=1).negative("1300", step=1, attempt=1)
    assert State.WAITING is play.state

    play.negative("1300", step=2, attempt=1)

    assert ("failed", ()) == (play.outcome, play.workflow.may_have_reached)
    assert 0 == play.reports


def test_a_v1_chain_that_reached_somebody_below_the_condition_did_not_fail() -> None:
    play = handed(v1=True, condition="read").receipt("delivered", step=1, attempt=1)

    play.negative("1300", step=2, attempt=1)

    assert ("delivered", False) == (play.outcome, play.workflow.condition_met)


def test_a_v1_receipt_teaches_the_workflow_s_id_where_the_answer_was_lost() -> None:
    play = Play(for_the_provider(v1=True)).claim().answer(NO_ANSWER)

    play.seen("submitted", uuid="u-2", channel="sms", workflow_id="w-9")

    assert "w-9" == play.workflow.provider_id


def test_late_truth_amends_the_end() -> None:
    play = handed().report("error").at(70)

    play.seen("delivered", uuid="m-1")

    assert ("failed", (1,)) == (play.outcome, play.workflow.also_reached)
    assert [What.RECEIPT, What.AMENDED] == [entry.what for entry in play.entries[-2:]]


def test_a_message_first_heard_of_after_the_end_may_have_reached_somebody() -> None:
    play = handed(v1=True).receipt("delivered", step=1, attempt=1)

    play.seen("submitted", uuid="u-2", channel="sms")

    assert (2,) == play.workflow.may_have_reached
    assert What.AMENDED is play.entries[-1].what


def test_the_cost_of_every_message_is_kept() -> None:
    play = handed().seen("rejected", uuid="m-1", code="1300").seen("delivered", uuid="m-2", channel="sms")

    attempts = [step.attempts[0] for step in play.workflow.steps]
    assert [("0.03", 1.0), ("0.03", 1.0)] == [(each.price, play.after(each.claimed_at)) for each in attempts]


def test_the_cost_in_the_report_is_the_total_also_where_its_status_is_no_news() -> None:
    play = handed().seen("delivered", uuid="m-1")

    play.report("completed", ("m-1", "viber_service", "delivered"), price="0.09")

    assert ("0.09", "EUR") == (play.workflow.steps[0].attempts[0].price, play.workflow.steps[0].attempts[0].currency)


def test_a_cost_that_a_late_report_names_amends_the_end() -> None:
    play = handed().seen("delivered", uuid="m-1").run_out(2 * DAY)

    play.report("completed", ("m-1", "viber_service", "delivered"), price="0.09")

    assert [What.REPORTED, What.AMENDED] == [entry.what for entry in play.entries[-2:]]


def test_codes_still_suppress_and_stop() -> None:
    play = handed().seen("rejected", uuid="m-1", code="1240").seen("rejected", uuid="m-2", channel="sms", code="1070")

    assert [("number:447700900000", "1240")] == play.suppressed
    assert [("account", 2, "default")] == [stopped[:3] for stopped in play.stops]
    assert State.WAITING is play.state


# The call's answers

IN_TIME: list[tuple[CallOutcome, str, Engine, What]] = [
    (HANDED, "waiting", Engine.PROVIDER, What.SENT),
    (V1_HANDED, "waiting", Engine.PROVIDER, What.SENT),
    (REFUSAL, "ready", Engine.LOCAL, What.TAKEN_OVER),
    (NO_ANSWER, "waiting", Engine.PROVIDER, What.UNSURE),
    (BUSY, "backing_off", Engine.PROVIDER, What.NOT_SENT),
    (Stale(), "ready", Engine.PROVIDER, What.NOT_SENT),
    (our_fault("account"), "held", Engine.PROVIDER, What.HELD),
    (our_fault("channel"), "held", Engine.PROVIDER, What.HELD),
]
IDS = ["handed over", "handed over by v1", "refused", "unsure", "busy", "stale", "account", "channel"]


@pytest.mark.parametrize(("outcome", "state", "engine", "what"), IN_TIME, ids=IDS)
def test_what_follows_from_the_answer(outcome: CallOutcome, state: str, engine: Engine, what: What) -> None:
    play = Play(for_the_provider()).at(1).claim().at(2).answer(outcome)

    assert (state, engine, what) == (play.state.value, play.workflow.engine, play.entries[-1].what)
    assert isinstance(outcome, OurFault) is bool(play.stops)


LATE = [
    (HANDED, "waiting", What.SENT),
    (REFUSAL, "ready", What.TAKEN_OVER),
    (NO_ANSWER, "waiting", What.ANSWER_NOTED),
    (BUSY, "backing_off", What.NOT_SENT),
    (Stale(), "ready", What.NOT_SENT),
    (our_fault("account"), "held", What.HELD),
]


@pytest.mark.parametrize(("outcome", "state", "what"), LATE)
def test_a_late_answer_settles_the_doubt(outcome: CallOutcome, state: str, what: What) -> None:
    play = Play(for_the_provider()).at(1).claim().due_at(31)
    assert (State.WAITING, "unsure") == (play.state, play.attempt(1))

    play.at(40).answer(outcome)

    assert (state, what) == (play.state.value, play.entries[-1].what)


@pytest.mark.parametrize("outcome", [each for each, *_ in LATE])
def test_after_the_provider_spoke_of_it_an_answer_is_only_noted(outcome: CallOutcome) -> None:
    play = in_doubt().seen("submitted", uuid="m-1")

    play.at(40).answer(outcome)

    assert (State.WAITING, Engine.PROVIDER, "accepted") == (play.state, play.workflow.engine, play.attempt(1))
    assert What.ANSWER_NOTED is play.entries[-1].what


def test_an_answer_after_the_end_still_teaches_the_workflow_s_id() -> None:
    play = in_doubt().run_out(2 * DAY).answer(HANDED)

    assert ("d-1", "unconfirmed") == (play.workflow.provider_id, play.outcome)
    assert (1,) == play.seen("delivered", uuid="m-1").workflow.also_reached


def test_what_is_known_of_the_call_s_time_stays() -> None:
    play = in_doubt().at(40).answer(HANDED)

    assert (2.0, 2 + 600 + DAY) == (
        play.after(play.workflow.steps[0].attempts[0].sent_at),
        play.after(play.workflow.steps[0].settle_by),
    )
    assert play.workflow.lease_until is None


@pytest.mark.parametrize("state", [State.SENDING, State.BACKING_OFF, State.HELD], ids=str)
def test_a_receipt_leaves_nothing_of_what_was_planned(state: State) -> None:
    play = in_state(state).seen("submitted", uuid="m-1")

    step = play.workflow.steps[0]
    assert (State.WAITING, "accepted") == (play.state, play.attempt(1))
    assert (None, None, None) == (step.retry_at, step.held_since, play.workflow.lease_until)
    assert 3.0 == play.after(step.attempts[0].sent_at)


def test_a_refusal_that_comes_late_leaves_no_trace_of_the_call_but_its_words() -> None:
    play = Play(for_the_provider()).claim().answer(BUSY).due_at(300).claim().due_at(340).at(350).answer(REFUSAL)

    (attempt,), step = play.workflow.steps[0].attempts, play.workflow.steps[0]
    assert ("not_sent", None, "1330") == (
        attempt.state.value,
        attempt.sent_at,
        attempt.problem and attempt.problem.code,
    )
    assert (None, 0, 350.0) == (step.settle_by, step.busy_count, play.after(step.turn_at))
    assert (1, 1) == (play.entries[-1].step, play.entries[-1].attempt)


def test_a_lost_call_is_neither_made_again_nor_taken_over() -> None:
    play = Play(for_the_provider()).claim().run_out(2 * DAY)

    assert [(1, 1)] == play.calls
    assert ("unconfirmed", Engine.PROVIDER) == (play.outcome, play.workflow.engine)
    assert 20 + 600 + DAY == play.after(play.workflow.steps[0].settle_by)


def test_an_answer_of_an_older_claim_answers_nothing() -> None:
    play = Play(for_the_provider()).at(1).claim().due_at(31).answer(BUSY, claimed=1)
    play.run_out(60)
    assert State.SENDING is play.state

    assert not play.answer(HANDED, claimed=1).last.changed


def test_a_receipt_before_the_answer_proves_the_call() -> None:
    play = Play(for_the_provider()).at(1).claim().at(2).seen("submitted", uuid="m-1")
    assert (State.WAITING, "accepted") == (play.state, play.attempt(1))

    play.at(3).answer(HANDED)

    assert ("d-1", What.ANSWER_NOTED) == (play.workflow.provider_id, play.entries[-1].what)


def test_busy_backs_off_until_send_by_and_then_expires() -> None:
    play = Play(for_the_provider(valid_for=60)).claim().answer(Busy(problem=BUSY.problem, retry_after_s=30.0))
    assert 30 == play.wakes_after

    play.due_at(30).claim().answer(Busy(problem=BUSY.problem, retry_after_s=900.0)).due_at(60)

    assert ("expired", [(1, 1), (1, 1)]) == (play.outcome, play.calls)
    assert [(1, "rejected", "1360")] == play.told


def test_windows_and_patience_do_not_run_before_the_call() -> None:
    play = Play(for_the_provider()).claim().answer(our_fault("account"))

    play.due_at(3000)

    assert State.HELD is play.state


def test_valid_for_means_nothing_after_the_call() -> None:
    play = handed(valid_for=15).due_at(20)

    assert State.WAITING is play.state


def test_a_held_workflow_is_handed_over_when_the_stop_ends() -> None:
    play = Play(for_the_provider()).claim().answer(our_fault("account")).at(100).resumed(since=0).claim()

    assert (State.SENDING, [(1, 1), (1, 1)]) == (play.state, play.calls)


# Taken over


def test_what_the_provider_will_not_run_is_run_by_us_from_the_first_step_on() -> None:
    refusal = Refused(problem=Problem(code="401", title="Unprovisioned"))
    play = Play(for_the_provider()).at(1).claim().at(2).answer(refusal).at(3).claim().accepted()

    play.run_out(620)

    assert [(1, 1), (1, 1), (2, 1)] == play.calls
    assert ["window"] == play.reasons_of_next()
    assert [("401", "Unprovisioned")] == [(e.facts["code"], e.facts["title"]) for e in play.entries_of(What.TAKEN_OVER)]
    assert 3 + 600 == play.after(play.workflow.steps[0].window_ends_at)
    assert "cancelled" == play.cancel().outcome


def test_who_asked_not_to_be_written_to_is_not_handed_over() -> None:
    play = Play(for_the_provider()).world(suppressed=frozenset({"number:447700900000"})).claim()

    assert ([], "failed") == (play.calls, play.outcome)
    assert 1 == len(play.entries_of(What.TAKEN_OVER))


def test_messages_of_two_accounts_are_not_one_call() -> None:
    play = Play(for_the_provider(), outside=Outside(accounts=("one", "two"))).claim()

    assert (State.SENDING, Engine.LOCAL) == (play.state, play.workflow.engine)
    assert [What.TAKEN_OVER, What.CLAIMED] == [entry.what for entry in play.last.entries]
    assert 595 == play.workflow.steps[0].attempts[0].ttl


# Commands and stops

STATES = (State.READY, State.SENDING, State.WAITING, State.BACKING_OFF, State.HELD, State.FINAL)


def in_state(state: State) -> Play:
    play = Play(for_the_provider()).at(1)
    if state is State.READY:
        return play
    play.claim().at(2)
    match state:
        case State.WAITING:
            play.answer(HANDED)
        case State.BACKING_OFF:
            play.answer(BUSY)
        case State.HELD:
            play.answer(our_fault("account"))
        case State.FINAL:
            play.answer(HANDED).report()
    return play.at(3)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_scenario_7_a_cancel_is_too_late_once_the_call_may_be_out(state: State) -> None:
    play = in_state(state)
    handed_over = state in (State.SENDING, State.WAITING)
    assert handed_over is play.workflow.handed_over  # what the ingress answers 409 by
    before = play.workflow

    play.cancel()

    if handed_over:
        assert (state, [What.TOO_LATE]) == (play.state, [entry.what for entry in play.last.entries])
    elif state is State.FINAL:
        assert before is play.workflow
    else:
        assert ("cancelled", ()) == (play.outcome, play.workflow.may_have_reached)


@pytest.mark.parametrize("state", STATES, ids=str)
def test_an_operator_s_next_now_is_refused(state: State) -> None:
    assert not in_state(state).next_now().last.changed


@pytest.mark.parametrize("state", STATES, ids=str)
def test_no_stop_makes_a_fallback(state: State) -> None:
    skip = stop("skip", since=0, channel="viber_service", account=None)

    assert not in_state(state).world(stops=(skip,)).stopped().last.changed


@pytest.mark.parametrize("event", [Stopped(), Resumed(since=START), Republished(), NextNow(), Cancel()])
def test_the_end_is_the_end(event: AnyEvent) -> None:
    play = in_state(State.FINAL)

    assert not play.send(event).changed


def test_a_lost_step_message_is_published_again() -> None:
    play = in_state(State.READY).republished()

    assert [(1, 1), (1, 1)] == play.put


# Which step a message belongs to


def test_equal_steps_are_bound_in_order_of_first_appearance() -> None:
    steps = (step(1, "sms", window=60), step(2, "sms", window=60), step(3, "sms"))
    play = Play(workflow(*steps, engine=Engine.PROVIDER)).claim().answer(HANDED)

    for uuid, status in (
        ("b", "submitted"),
        ("a", "submitted"),
        ("b", "rejected"),
        ("c", "submitted"),
        ("a", "delivered"),
    ):
        play.seen(status, uuid=uuid, channel="sms")

    assert ["b", "a", "c"] == [each.attempts[0].provider_uuid for each in play.workflow.steps]
    assert (2,) == play.workflow.reached
    assert [1, 2, 1, 3, 2] == [step for step, *_ in play.told]


def test_steps_to_two_people_are_told_apart_by_the_recipient() -> None:
    steps = (step(1, "sms", window=60), step(2, "sms", recipient="447700900555"))
    play = Play(workflow(*steps, engine=Engine.PROVIDER)).claim().answer(HANDED)

    play.seen("delivered", uuid="x", channel="sms", recipient="+447700900555")

    assert (2,) == play.workflow.reached


def test_steps_from_two_senders_are_told_apart_by_the_sender() -> None:
    steps = (step(1, "sms", window=60, sender="One"), step(2, "sms", sender="Two"))
    play = Play(workflow(*steps, engine=Engine.PROVIDER)).claim().answer(HANDED)

    assert (2,) == play.seen("delivered", uuid="x", channel="sms", sender="TWO").workflow.reached
    assert (2,) == play.seen("delivered", uuid="y", channel="sms", sender="Three").workflow.reached


def test_a_sender_that_the_network_replaced_does_not_hide_the_only_step_it_can_be() -> None:
    play = handed().seen("delivered", uuid="m-2", channel="sms", sender="12345")

    assert (2,) == play.workflow.reached


def test_the_place_that_the_provider_names_beats_the_address() -> None:
    steps = (step(1, "sms", window=60), step(2, "sms"))
    play = Play(workflow(*steps, engine=Engine.PROVIDER)).claim().answer(HANDED)

    assert (2,) == play.seen("delivered", uuid="x", channel="sms", item=2).workflow.reached


@pytest.mark.parametrize(
    "said",
    [{"channel": "messenger"}, {"channel": None}, {"channel": "sms", "recipient": "447700900999"}],
    ids=["another channel", "no channel", "another person"],
)
def test_a_message_of_no_step_changes_nothing(said: dict[str, str | None]) -> None:
    assert not handed().seen("delivered", uuid="x", **said).last.changed  # type: ignore[arg-type]


def test_a_receipt_before_any_call_changes_nothing() -> None:
    assert not in_state(State.READY).seen("delivered", uuid="x").last.changed


@pytest.mark.parametrize("status", ["submitted", "rejected", "delivered"])
def test_the_same_status_twice_is_news_once(status: str) -> None:
    play = handed().seen(status, uuid="m-1", code="1300" if status == "rejected" else None)

    assert not play.seen(status, uuid="m-1", code="1300" if status == "rejected" else None).last.changed


def test_already_sent_counts_as_submitted() -> None:
    play = handed().seen("rejected", uuid="m-1", code="1320")

    assert [(1, "submitted", None)] == play.told


def test_an_answer_that_names_no_call_is_nothing() -> None:
    assert not in_state(State.READY).send(Answered(step=1, attempt=1, outcome=HANDED)).changed
    assert not in_state(State.WAITING).answer(NO_ANSWER, step=2, attempt=1).last.changed
