"""The one end: outcome, what the caller is told with it, and what later knowledge changes (semantics 7 and 11)."""

from __future__ import annotations

import pytest

from services.dispatcher.events import TellEnd
from shared.model import Outcome, Reason, RequestKind, State, Step, What, WhenStopped
from tests.support.plans import BUSY, NO_ANSWER, NUMBER, REFUSAL, START, step, stop, viber_then_sms, workflow
from tests.support.play import Play


def second_step(*, condition: str = "delivered", **fields: object) -> Play:
    """Return Viber accepted at 0 whose window of 600 s is over, so that the SMS has its turn."""
    return Play(viber_then_sms(condition=condition, **fields)).claim().accepted().due_at(600)


def final_facts(play: Play) -> dict[str, object]:
    (entry,) = play.entries_of(What.FINAL)
    return dict(entry.facts)


# Outcomes


@pytest.mark.parametrize(
    ("condition", "status", "outcome"),
    [("delivered", "delivered", "delivered"), ("delivered", "read", "read"), ("read", "read", "read")],
)
def test_a_success_is_final_with_its_own_status(condition: str, status: str, outcome: str) -> None:
    play = Play(viber_then_sms(condition=condition)).claim().accepted().at(9).receipt(status)

    ended = play.workflow
    assert (outcome, True, 1, START + 9, None) == (
        play.outcome,
        ended.condition_met,
        ended.outcome_step,
        ended.finished_at,
        ended.lease_until,
    )
    (entry,) = play.entries_of(What.FINAL)
    assert (1, Reason.SUCCESS, "workflow.final", None) == (entry.step, entry.reason, entry.event, entry.next_at)
    assert {"outcome": outcome, "condition_met": True, "channel": "viber_service"} == dict(entry.facts)
    assert TellEnd(sequence=entry.sequence) == play.effects[-1]


def test_a_message_has_no_final_report() -> None:
    play = Play(workflow(step(1, "sms"), kind=RequestKind.MESSAGE)).claim().accepted().receipt("delivered")

    assert ("delivered", 0) == (play.outcome, play.reports)


def test_at_the_end_no_clock_of_the_step_is_left() -> None:
    assert None is Play(viber_then_sms()).claim().cancel().workflow.lease_until
    held = Play(viber_then_sms()).claim().answer(BUSY).cancel().workflow
    doubt = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).cancel().workflow
    stopped = Play(workflow(step(1, "sms"))).claim().accepted().negative("1070").cancel().workflow

    for each in (held.step, doubt.step, stopped.step):
        assert (None, None, None, None) == (each.retry_at, each.doubt_at, each.held_since, each.patience_ends_at)


def test_nothing_of_the_step_that_was_left_goes_on() -> None:
    busy = Play(viber_then_sms()).claim().answer(BUSY).next_now().workflow.steps[0]
    held = Play(viber_then_sms()).claim().accepted().negative("1140").next_now().workflow.steps[0]
    chain = workflow(step(1, "viber_service"), step(2, "sms"))
    doubt = Play(chain).claim().at(15).answer(NO_ANSWER).next_now().workflow.steps[0]

    for left in (busy, held, doubt):
        assert (None, None, None, None) == (left.retry_at, left.held_since, left.doubt_at, left.patience_ends_at)
        assert Reason.OPERATOR is left.over


def test_next_is_written_with_where_it_goes() -> None:
    play = second_step()

    (entry,) = play.entries_of(What.NEXT)
    assert (1, Reason.WINDOW) == (entry.step, entry.reason)
    expected = {"channel": "viber_service", "to_step": 2, "to_channel": "sms", "waits_for": "turn"}
    assert expected == dict(entry.facts)


def test_a_step_reached_below_its_condition_gives_the_outcome_when_nothing_is_left() -> None:
    play = Play(viber_then_sms(condition="read")).claim().accepted().receipt("delivered").due_at(600)

    play.claim().accepted().negative("1300")

    facts = final_facts(play)
    assert ("delivered", False, 1) == (play.outcome, play.workflow.condition_met, play.workflow.outcome_step)
    assert ("delivered", False, "viber_service") == (facts["outcome"], facts["condition_met"], facts["channel"])
    assert [(1, "delivered", None), (2, "rejected", "1300")] == play.told


def test_unconfirmed_at_the_end_of_the_waiting() -> None:
    play = Play(workflow(step(1, "sms"), final_receipt_time=60)).claim().accepted().due_at(60)

    (entry,) = play.entries_of(What.FINAL)
    assert ("unconfirmed", Reason.SETTLE_BY, None, []) == (play.outcome, entry.reason, entry.step, play.told)
    assert [1] == entry.facts["may_have_reached"]
    assert False is play.workflow.condition_met


def test_a_late_delivered_below_its_condition_gives_the_outcome_when_the_last_waiting_is_over() -> None:
    play = second_step(condition="read", final_receipt_time=600).receipt("delivered", step=1).claim().accepted()

    play.due_at(1200)

    assert ("delivered", False, (2,)) == (play.outcome, play.workflow.condition_met, play.workflow.may_have_reached)


def test_exhausted_while_the_last_call_may_be_out_waits_on() -> None:
    play = second_step(final_receipt_time=700).claim().at(601).accepted()

    play.at(650).next_now()

    entry = play.entries[-1]
    assert ("waiting", What.WAITING_ON, 2, Reason.OPERATOR, "sms") == (
        play.state.value,
        entry.what,
        entry.step,
        entry.reason,
        entry.facts["channel"],
    )
    assert (True, None) == (play.workflow.step.became_last, play.workflow.lease_until)


def test_a_window_over_after_send_by_makes_the_step_the_last() -> None:
    play = Play(viber_then_sms(valid_for=300, final_receipt_time=700)).claim().accepted().due_at(600)

    assert ("waiting", True, [(1, 1)]) == (play.state.value, play.workflow.step.became_last, play.put)
    play.run_out(1000)
    assert ("unconfirmed", 700.0) == (play.outcome, play.after(play.workflow.finished_at))


def test_a_negative_at_send_by_ends_as_expired_and_before_it_goes_on() -> None:
    late = Play(viber_then_sms(valid_for=300)).claim().accepted().at(300).negative("1300")
    early = Play(viber_then_sms(valid_for=300)).claim().accepted().at(299.9).negative("1300")

    assert ("expired", [(1, "rejected", "1300")]) == (late.outcome, late.told)
    assert ("ready", 2) == (early.state.value, early.workflow.current)


def test_a_negative_of_the_last_step_fails_also_after_send_by() -> None:
    play = second_step(valid_for=700).claim().accepted().at(800).negative("1300")

    assert ("failed", Reason.REJECTED) == (play.outcome, play.workflow.step.over)


# Fallback saved


@pytest.mark.parametrize(
    ("go", "saved"),
    [
        (lambda play: play, True),
        (lambda play: play.claim().answer(BUSY), True),
        (lambda play: play.claim(), False),
        (lambda play: play.claim().answer(NO_ANSWER), False),
        (lambda play: play.claim().accepted(), False),
    ],
    ids=["waits its turn", "was busy", "on its way", "in doubt", "accepted"],
)
def test_a_late_success_saves_a_fallback_that_was_not_sent(go: object, saved: bool) -> None:
    play = second_step()
    assert callable(go)
    go(play)

    play.receipt("delivered", step=1)

    assert ("delivered", saved) == (play.outcome, play.workflow.fallback_saved)
    assert saved is ("fallback_saved" in final_facts(play))


def test_a_success_of_the_current_step_saves_nothing() -> None:
    assert False is Play(viber_then_sms()).claim().accepted().receipt("delivered").workflow.fallback_saved


def test_an_end_without_success_saves_nothing() -> None:
    cancelled = second_step().cancel().workflow
    passed_over = second_step(condition="read").receipt("delivered", step=1).next_now()
    below = passed_over.workflow

    assert [(1, "delivered", None)] == passed_over.told
    assert [False, False] == [cancelled.fallback_saved, below.fallback_saved]
    assert (Outcome.DELIVERED, False) == (below.outcome, below.condition_met)


# Reach at the end


def test_every_step_that_may_be_out_or_is_reached_is_listed() -> None:
    steps = (step(1, "viber_service", window=600, condition="read"), step(2, "messenger", window=600), step(3, "sms"))
    play = Play(workflow(*steps)).claim().accepted().receipt("delivered").due_at(600).claim().accepted().due_at(1200)

    play.claim().accepted().receipt("delivered")

    assert ("delivered", 3, (1,), (2,)) == (
        play.outcome,
        play.workflow.outcome_step,
        play.workflow.also_reached,
        play.workflow.may_have_reached,
    )
    facts = final_facts(play)
    assert ([1], [2]) == (facts["also_reached"], facts["may_have_reached"])


# Later knowledge


def test_a_late_delivery_amends_the_record() -> None:
    play = Play(workflow(step(1, "sms"), final_receipt_time=60)).claim().accepted().due_at(60)

    play.at(70).receipt("delivered")

    entry = play.entries[-1]
    assert (What.AMENDED, 1, 1, "workflow.amended") == (entry.what, entry.step, entry.attempt, entry.event)
    assert {
        "channel": "sms",
        "status": "delivered",
        "outcome": "unconfirmed",
        "reached": [1],
        "also_reached": [1],
        "may_have_reached": [],
    } == dict(entry.facts)
    assert ("unconfirmed", 1) == (play.outcome, play.reports)


def test_a_late_read_after_delivered_is_told_and_amends_nothing() -> None:
    play = Play(workflow(step(1, "sms"))).claim().accepted().receipt("delivered").at(90).receipt("read")

    assert [(1, "delivered", None), (1, "read", None)] == play.told
    assert ([], "delivered") == (play.entries_of(What.AMENDED), play.outcome)


def test_a_price_that_comes_late_amends_the_record_and_the_same_price_does_not() -> None:
    play = Play(workflow(step(1, "sms"))).claim().accepted().receipt("delivered", price="0.0300")
    play.at(90).receipt("read", price="0.03")
    same = len(play.entries_of(What.AMENDED))

    other = Play(workflow(step(1, "sms"))).claim().accepted().receipt("delivered").at(90).receipt("read", price="0.03")

    assert (0, 1) == (same, len(other.entries_of(What.AMENDED)))


def test_prices_add_up_over_steps_and_attempts() -> None:
    from services.dispatcher.amendments import amendable

    play = Play(workflow(step(1, "sms"))).claim().accepted().receipt("rejected", price="0.01", code="1000")
    assert "0.01" == str(amendable(play.workflow)[-1])
    both = (
        second_step().receipt("submitted", step=1, price="0.02").claim().accepted().receipt("submitted", price="0.03")
    )
    assert "0.05" == str(amendable(both.workflow)[-1])


def test_a_price_that_nobody_can_read_is_none() -> None:
    play = Play(workflow(step(1, "sms"))).claim().accepted().receipt("delivered").at(9).receipt("read", price="cheap")

    assert ([], 2) == (play.entries_of(What.AMENDED), len(play.told))


def test_a_negative_after_the_end_is_told_and_amends_what_may_have_been_reached() -> None:
    play = Play(workflow(step(1, "sms"), final_receipt_time=60)).claim().accepted().due_at(60).negative("1300")

    assert ([(1, "rejected", "1300")], "unconfirmed") == (play.told, play.outcome)
    assert [] == play.entries_of(What.AMENDED)[0].facts["may_have_reached"]


def test_codes_after_the_end_still_suppress_and_stop() -> None:
    gone = Play(workflow(step(1, "sms"))).claim().accepted().cancel().negative("1240")
    fault = Play(workflow(step(1, "sms"))).claim().accepted().cancel().negative("1070")

    assert ([(f"number:{NUMBER}", "1240")], [("account", 1, "default", "code 1070")]) == (gone.suppressed, fault.stops)
    assert {State.FINAL} == {gone.state, fault.state}


# Stops and their passing


def test_a_skip_of_another_channel_passes_nothing() -> None:
    play = Play(viber_then_sms()).world(stops=(stop("skip", since=0, channel="sms", account=None),))
    before = play.workflow

    assert before is play.stopped().workflow


def test_skip_is_passed_with_its_reason() -> None:
    play = Play(viber_then_sms()).world(stops=(stop("skip", since=0, channel="viber_service", account=None),)).stopped()

    assert ["skipped"] == play.reasons_of_next()


def test_when_stopped_next_passes_a_fault_that_others_met_and_no_breaker() -> None:
    for kind, passes in (("fault", True), ("breaker", False), ("pause", False)):
        play = Play(viber_then_sms(when_stopped=WhenStopped.NEXT))
        play.world(stops=(stop(kind, since=0, channel="viber_service"),)).stopped()

        assert (["skipped"] if passes else []) == play.reasons_of_next()


def test_a_skip_on_the_only_step_fails_it() -> None:
    play = Play(workflow(step(1, "sms"))).world(stops=(stop("skip", since=0, channel="sms", account=None),)).stopped()

    assert ("failed", []) == (play.outcome, play.told)


def test_a_refused_call_says_why() -> None:
    play = Play(viber_then_sms()).claim().answer(REFUSAL)

    (entry,) = play.entries_of(What.REFUSED)
    assert (1, 1, Reason.REFUSED, "message.rejected") == (entry.step, entry.attempt, entry.reason, entry.event)
    assert {"channel": "viber_service", "code": "1330", "title": "refused"} == dict(entry.facts)
    assert (["refused"], [(1, "rejected", "1330")], []) == (
        play.reasons_of_next(),
        play.told,
        play.entries_of(What.GIVEN_UP),
    )


def test_steps_of_a_workflow_are_current_one_after_the_other() -> None:
    steps: tuple[Step, ...] = tuple(step(number, "sms", window=30) for number in range(1, 10))
    play = Play(workflow(*steps, step(10, "sms"), final_receipt_time=60)).run_out(100)
    for _ in range(20):
        play.claim().accepted() if play.state is State.READY else play.due_at(play.wakes_after or 0)
        if play.state is State.FINAL:
            break

    assert list(range(1, 11)) == sorted({number for number, _ in play.calls})
