"""The scenarios that the core can show, each under its number. The engine's are in test_scenarios_engine.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.dispatcher.events import Outside
from services.dispatcher.ttl import MAY_ARRIVE_LATE
from shared.ids import queued_workflow_id
from shared.model import (
    CodeClass,
    CodeMeaning,
    Delivery,
    Reason,
    RequestKind,
    State,
    Stop,
    StopKind,
    What,
    WhenStopped,
)
from shared.outcomes import Stale, Unsure
from shared.vonage.answers import read_answer
from shared.vonage.codes import meaning_of
from tests.support.plans import (
    BUSY,
    HANDED,
    NO_ANSWER,
    REFUSAL,
    START,
    TAKEN,
    for_the_provider,
    our_fault,
    step,
    viber_then_sms,
    workflow,
)
from tests.support.play import Play

SCENARIOS: dict[str, Callable[[], None]] = {}


def scenario(number: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(function: Callable[[], None]) -> Callable[[], None]:
        SCENARIOS[f"{number} {function.__name__.replace('_', ' ')}"] = function
        return function

    return register


@pytest.mark.parametrize("name", SCENARIOS, ids=str)
def test_scenario(name: str) -> None:
    SCENARIOS[name]()


def negative(play: Play, code: str, *, status: str = "rejected", number: int | None = None) -> Play:
    return play.receipt(status, step=number, code=code, meaning=meaning_of(code))


def v1_chain(**fields: object) -> Play:
    """Return a v1 message with `failover`, no windows: Viber, then SMS."""
    return Play(workflow(step(1, "viber_service"), step(2, "sms"), kind=RequestKind.MESSAGE, **fields))  # type: ignore[arg-type]


def account_breaker(since: float) -> Stop:
    return Stop(kind=StopKind.BREAKER, account="default", reason="host down", since=START + since)


@scenario("1")
def late_read_saves_the_fallback() -> None:
    play = Play(viber_then_sms(condition="read")).claim().accepted().at(5).receipt("delivered")
    play.due_at(600)
    assert ("ready", 2) == (play.state.value, play.workflow.current)

    play.at(601).receipt("read", step=1)

    assert ("read", True, True) == (play.outcome, play.workflow.condition_met, play.workflow.fallback_saved)
    assert [(1, 1)] == play.calls


@scenario("2")
def reached_below_its_condition() -> None:
    play = Play(viber_then_sms(condition="read")).claim().accepted().receipt("delivered").due_at(600)

    play.claim().answer(REFUSAL)

    assert ("delivered", False, 1) == (play.outcome, play.workflow.condition_met, play.workflow.outcome_step)


@scenario("3")
def rejected_while_sending_then_202() -> None:
    play = negative(Play(viber_then_sms()).claim(), "1300")
    assert ("ready", 2) == (play.state.value, play.workflow.current)

    play.answer(TAKEN, step=1)

    assert ("ready", 2) == (play.state.value, play.workflow.current)
    assert What.ANSWER_NOTED is play.entries[-1].what
    assert play.workflow.steps[0].attempts[0].provider_uuid is not None


@scenario("4")
def delivered_while_sending_then_429() -> None:
    play = Play(viber_then_sms()).claim().receipt("delivered")

    play.answer(BUSY)

    assert ("final", "delivered") == (play.state.value, play.outcome)
    assert What.ANSWER_NOTED is play.entries[-1].what


@scenario("5")
def cancel_while_sending() -> None:
    play = Play(viber_then_sms()).claim().cancel()
    assert ("cancelled", (1,)) == (play.outcome, play.workflow.may_have_reached)

    play.at(9).receipt("delivered")

    assert "cancelled" == play.outcome
    assert ((1,), ()) == (play.workflow.also_reached, play.workflow.may_have_reached)
    assert "workflow.amended" == play.entries[-1].event


@scenario("6")
def a_tombstone_ends_the_start_without_a_call() -> None:
    play = Play(viber_then_sms(), cancelled_by="caller")

    assert ("final", "cancelled", []) == (play.state.value, play.outcome, play.calls)
    assert [] == play.put


@scenario("7")
def cancel_while_the_provider_runs_it() -> None:
    play = Play(for_the_provider()).claim()
    assert play.workflow.handed_over  # the ingress answers 409

    play.cancel().answer(HANDED).cancel()

    assert (State.WAITING, True) == (play.state, play.workflow.handed_over)
    assert 2 == len(play.entries_of(What.TOO_LATE))


@scenario("8")
def quota_in_the_middle_of_the_window() -> None:
    play = Play(viber_then_sms()).claim().accepted().at(100)

    negative(play, "1070")

    assert ("held", None) == (play.state.value, play.workflow.steps[0].window_ends_at)
    play.due_at(5000)
    assert "held" == play.state.value
    play.at(6000).resumed().claim().at(6001).accepted()
    assert [(1, 1), (1, 2)] == play.calls
    assert 6601.0 == play.wakes_after


@scenario("9")
def no_sms_behind_the_same_account() -> None:
    for when_stopped in WhenStopped:
        play = Play(viber_then_sms(when_stopped=when_stopped)).claim().answer(our_fault("account"))

        assert ("held", 1) == (play.state.value, play.workflow.current)


@scenario("9b")
def the_next_step_on_another_account_is_tried_where_that_is_wanted() -> None:
    outside = Outside(accounts=("viber-account", "sms-account"))
    play = Play(viber_then_sms(when_stopped=WhenStopped.NEXT), outside=outside).claim()

    play.answer(our_fault("account"))

    assert ("ready", 2, ["skipped"]) == (play.state.value, play.workflow.current, play.reasons_of_next())


def answered(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Play:
    outcome = read_answer(status=status, headers=headers or {}, body=body, now=START)
    return Play(viber_then_sms()).claim().answer(outcome)


LOW_BALANCE = b'{"type":"https://developer.vonage.com/api-errors#low-balance","title":"Bad Request","detail":"x"}'


@scenario("10")
def low_balance_is_our_fault() -> None:
    assert "held" == answered(400, LOW_BALANCE).state.value


@scenario("11")
def redirects_and_wrong_addresses_are_our_fault() -> None:
    for status in (301, 307, 405, 415):
        play = answered(status)
        assert ("held", []) == (play.state.value, play.reasons_of_next())


@scenario("12")
def a_gateways_503_is_in_doubt() -> None:
    play = answered(503, b"<html>upstream</html>")

    assert ("waiting", "unsure") == (play.state.value, play.workflow.step.attempts[0].state.value)


@scenario("13")
def http_500_is_in_doubt() -> None:
    body = b'{"type":"https://developer.nexmo.com/api-errors/messages#1000","title":"Internal error","detail":"x"}'

    assert "unsure" == answered(500, body).workflow.step.attempts[0].state.value


@scenario("14")
def busy_to_the_end_on_a_step_with_a_window() -> None:
    play = Play(viber_then_sms()).at(10)
    while play.workflow.current == 1:
        play.claim().answer(BUSY) if play.state is State.READY else play.due_at(play.wakes_after or 0)

    assert (610.0, ["not_accepted"]) == (play.seconds, play.reasons_of_next())


@scenario("15")
def busy_to_the_end_on_the_last_step() -> None:
    play = Play(workflow(step(1, "sms"), valid_for=3600))
    while play.state is not State.FINAL:
        play.claim().answer(BUSY) if play.state is State.READY else play.due_at(play.wakes_after or 0)

    assert (3600.0, "expired", [(1, "rejected", "1360")]) == (play.seconds, play.outcome, play.told)


@scenario("16")
def host_down_for_longer_than_the_window() -> None:
    play = Play(viber_then_sms()).claim().answer(BUSY).world(stops=(account_breaker(0),))
    for _ in range(200):
        wakes = play.wakes_after or 0
        if wakes >= 720:
            break
        play.due_at(wakes)
    assert (1, State.READY) == (play.workflow.current, play.state)

    play.world(stops=()).at(725).claim().accepted().receipt("delivered")

    assert ("delivered", [], 1) == (play.outcome, play.reasons_of_next(), play.workflow.outcome_step)
    assert [Reason.STOPPED] == [entry.reason for entry in play.entries_of(What.PUT_OFF)]


@scenario("17")
def a_chain_without_windows_stays_silent() -> None:
    play = v1_chain(final_receipt_time=600).claim().accepted()

    play.run_out(10_000)

    assert ("unconfirmed", [(1, 1)]) == (play.outcome, play.calls)
    assert 600.0 == (play.workflow.finished_at or 0) - START


@scenario("18")
def a_chain_in_doubt_at_most_once() -> None:
    first = step(1, "viber_service", delivery=Delivery.AT_MOST_ONCE)
    chain = workflow(first, step(2, "sms"), final_receipt_time=600, kind=RequestKind.MESSAGE)

    silent = Play(chain).claim().answer(NO_ANSWER).run_out(10_000)
    refused = negative(Play(chain).claim().answer(NO_ANSWER).at(300), "1300")

    assert ("unconfirmed", [(1, 1)]) == (silent.outcome, silent.calls)
    assert ("ready", 2) == (refused.state.value, refused.workflow.current)


@scenario("19")
def the_one_resend_of_a_last_step() -> None:
    for delivery, calls in ((Delivery.AT_LEAST_ONCE, [(1, 1), (1, 2)]), (Delivery.AT_MOST_ONCE, [(1, 1)])):
        play = Play(workflow(step(1, "sms", delivery=delivery), final_receipt_time=3600)).claim()
        play.at(15).answer(NO_ANSWER)
        while play.state is not State.FINAL:
            if play.state is State.READY:
                play.claim().at(play.seconds + 15).answer(NO_ANSWER)
            else:
                play.due_at(play.wakes_after or 0)

        assert ("unconfirmed", calls, 3615.0) == (play.outcome, play.calls, play.seconds)
        assert len(calls) - 1 == len(play.entries_of(What.RESEND))


@scenario("20")
def the_window_of_a_doubtful_call() -> None:
    answered_unsure = Play(viber_then_sms()).claim().at(15).answer(NO_ANSWER)
    lost = Play(viber_then_sms()).claim().due_at(30)

    assert (615.0, 620.0) == (answered_unsure.wakes_after, lost.wakes_after)


@scenario("21")
def a_crash_after_the_claim() -> None:
    play = Play(viber_then_sms(window=15)).claim()

    play.due_at(30)
    waiting_until = play.wakes_after
    play.due_at(34.9)
    early = play.workflow.current
    play.due_at(35)

    assert (35.0, 1, 2) == (waiting_until, early, play.workflow.current)


@scenario("23")
def a_stopped_dispatcher_comes_back() -> None:
    play = Play(viber_then_sms()).claim().due_at(30)
    assert "unsure" == play.workflow.step.attempts[0].state.value

    play.at(120).answer(Stale())

    assert ("ready", (1, 1)) == (play.state.value, play.put[-1])
    play.claim().accepted().receipt("delivered")
    assert ("delivered", [(1, 1), (1, 1)]) == (play.outcome, play.calls)


@scenario("28")
def the_same_message_id_of_two_tenants() -> None:
    ids = {queued_workflow_id(tenant=tenant, message_id="17") for tenant in ("acme", "globex")}

    assert 2 == len(ids)


@scenario("29")
def an_opt_out_while_another_channel_is_out() -> None:
    play = Play(viber_then_sms()).claim().accepted().due_at(600).claim().accepted()

    negative(play, "1240")

    assert ("failed", (1,)) == (play.outcome, play.workflow.may_have_reached)
    play.receipt("delivered", step=1)
    assert ("failed", (1,)) == (play.outcome, play.workflow.also_reached)


@scenario("30")
def the_next_person_on_call_is_tried() -> None:
    steps = (
        step(1, "viber_service", window=600),
        step(2, "sms", window=600),
        step(3, "sms", recipient="447700900555"),
    )
    play = negative(Play(workflow(*steps)).claim().accepted(), "1240")

    assert ("ready", 3) == (play.state.value, play.workflow.current)
    assert [(1, "rejected", "1240"), (2, "rejected", "1240")] == play.told


@scenario("31")
def an_id_and_a_number_are_one_person_unless_named() -> None:
    one = workflow(step(1, "messenger", window=600), step(2, "sms"))
    two = workflow(step(1, "messenger", window=600, person="ann"), step(2, "sms", person="bob"))

    struck = negative(Play(one).claim().accepted(), "1240")
    tried = negative(Play(two).claim().accepted(), "1240")

    assert ("failed", "ready") == (struck.outcome, tried.state.value)


@scenario("32")
def at_most_once_speaks_of_the_same_step() -> None:
    first = step(1, "viber_service", window=600, delivery=Delivery.AT_MOST_ONCE)
    play = Play(workflow(first, step(2, "sms"))).claim().answer(NO_ANSWER)

    play.due_at(600)

    assert ("ready", 2) == (play.state.value, play.workflow.current)


@scenario("33")
def a_window_below_the_channels_minimum() -> None:
    play = Play(viber_then_sms(window=15)).claim()

    assert (30, MAY_ARRIVE_LATE) == (play.workflow.step.attempts[0].ttl, play.entries[-1].facts["ttl_note"])


@scenario("34")
def the_margin() -> None:
    play = Play(viber_then_sms(), outside=Outside(receipt_p95_s={"viber_service": 20.0})).claim()

    assert (580, None) == (play.workflow.step.attempts[0].ttl, play.entries[-1].facts.get("ttl_note"))


@scenario("35")
def the_callers_own_ttl() -> None:
    aligned = step(1, "viber_service", window=600, ttl=86_400)
    own = step(1, "viber_service", window=600, ttl=86_400, align_ttl=False)

    ttls = [Play(workflow(first, step(2, "sms"))).claim().workflow.step.attempts[0].ttl for first in (aligned, own)]

    assert [595, 86_400] == ttls


@scenario("36")
def valid_for_shorter_than_the_window() -> None:
    play = Play(viber_then_sms(window=86_400, valid_for=600)).claim().accepted()
    play.due_at(600)
    assert "waiting" == play.state.value

    play.due_at(86_400)

    assert ("waiting", True, 1) == (play.state.value, play.workflow.step.became_last, play.workflow.current)
    play.run_out(200_000)
    assert ("unconfirmed", [(1, 1)]) == (play.outcome, play.calls)


@scenario("37")
def valid_for_over_while_the_channel_is_paused() -> None:
    play = Play(viber_then_sms(valid_for=600)).due_at(600)

    assert ("expired", [], [(1, "rejected", "1360")]) == (play.outcome, play.calls, play.told)


@scenario("38")
def the_resend_is_refused() -> None:
    lone = workflow(step(1, "sms"), final_receipt_time=3600)
    by_code = negative(Play(lone).claim().answer(NO_ANSWER).due_at(120).claim().accepted(), "1320")
    by_http = Play(lone).claim().answer(NO_ANSWER).due_at(120).claim().answer(REFUSAL)

    for play in (by_code, by_http):
        assert ("waiting", "dead") == (play.state.value, play.workflow.step.attempts[1].state.value)
        play.receipt("delivered", attempt=1)
        assert "delivered" == play.outcome


@scenario("38b")
def already_sent_of_a_first_attempt_counts_as_submitted() -> None:
    play = negative(Play(workflow(step(1, "sms"))).claim().answer(NO_ANSWER).at(20), "1320")

    assert ("waiting", "submitted", None) == (
        play.state.value,
        play.workflow.step.status,
        play.workflow.step.doubt_at,
    )


@scenario("39")
def delivered_after_unconfirmed() -> None:
    play = Play(workflow(step(1, "sms"), final_receipt_time=600)).claim().accepted().run_out(601)
    assert ("unconfirmed", 1) == (play.outcome, play.reports)

    play.at(108_000).receipt("delivered")

    assert ("unconfirmed", 1, [(1, "delivered", None)]) == (play.outcome, play.reports, play.told)
    assert "workflow.amended" == play.entries[-1].event


@scenario("40")
def a_late_rejection_after_failover() -> None:
    play = Play(viber_then_sms()).claim().accepted().due_at(600).claim().accepted()

    negative(play, "1300", number=1)

    assert ("waiting", 2) == (play.state.value, play.workflow.current)


@scenario("41")
def codes_that_ask_for_another_attempt() -> None:
    for window in (600, None):
        absent = negative(
            Play(workflow(step(1, "viber_service", window=window), step(2, "sms"))).claim().accepted(), "1180"
        )
        assert ("ready", 2) == (absent.state.value, absent.workflow.current)
    throttled = negative(Play(viber_then_sms()).claim().accepted().at(10), "1000")
    absent_last = negative(Play(workflow(step(1, "sms"))).claim().accepted().at(10), "1180")

    for play in (throttled, absent_last):
        assert ("backing_off", 15.0) == (play.state.value, play.wakes_after)


@scenario("41b")
def at_most_two_more_attempts_a_step() -> None:
    play = Play(workflow(step(1, "sms"))).claim().accepted().at(10)
    negative(play, "1000").due_at(15).claim().accepted()
    negative(play.at(20), "1000")
    assert 50.0 == play.wakes_after
    play.due_at(50).claim().accepted()

    negative(play.at(60), "1000")

    assert ("failed", [(1, 1), (1, 2), (1, 3)]) == (play.outcome, play.calls)
    assert [(1, "rejected", "1000")] == play.told


@scenario("44")
def sent_at_hour_71() -> None:
    play = Play(workflow(step(1, "sms"), valid_for=72 * 3600, final_receipt_time=24 * 3600)).at(71 * 3600)

    play.claim().accepted().run_out(100 * 3600)

    assert ("unconfirmed", 95 * 3600.0) == (play.outcome, (play.workflow.finished_at or 0) - START)


@scenario("45")
def final_receipt_time_shorter_than_a_window() -> None:
    play = Play(viber_then_sms(window=3600, final_receipt_time=300)).claim().accepted()

    assert 3600.0 == play.wakes_after
    play.due_at(3600).claim().accepted()
    assert 3900.0 == play.wakes_after


def test_a_breaker_of_the_channel_runs_patience_of_a_step_not_yet_claimed() -> None:
    breaker = Stop(kind=StopKind.BREAKER, account="default", channel="viber_service", reason="5xx", since=START + 100)
    play = Play(viber_then_sms()).world(stops=(breaker,))

    play.due_at(699)
    early = play.workflow.current
    play.due_at(700)

    assert (1, 2, ["not_accepted"]) == (early, play.workflow.current, play.reasons_of_next())


def test_held_time_uses_up_no_patience() -> None:
    play = Play(viber_then_sms()).claim().at(10).answer(our_fault("account"))

    play.at(5000).resumed().claim().answer(BUSY)

    assert START + 5590 == play.workflow.step.patience_ends_at


def test_a_window_that_already_runs_runs_on_while_held() -> None:
    throttled = CodeMeaning(code_class=CodeClass.AGAIN)
    play = Play(viber_then_sms()).claim().accepted().at(10).receipt("rejected", code="1000", meaning=throttled)
    play.due_at(15).claim().answer(our_fault("account"))
    assert "held" == play.state.value

    play.due_at(600)

    assert ("ready", 2, ["window"]) == (play.state.value, play.workflow.current, play.reasons_of_next())


def test_windows_wait_for_the_receipts_watermark() -> None:
    play = Play(viber_then_sms()).claim().accepted().at(700)

    play.due(read_to=599)
    unread = play.workflow.current
    play.receipt("delivered")

    assert (1, "delivered") == (unread, play.outcome)


def test_doubt_does_not_run_blind_but_windows_do() -> None:
    doubtful = Play(workflow(step(1, "sms"))).claim().answer(NO_ANSWER).at(200).due(read_to=0, blind=True)
    silent = Play(viber_then_sms()).claim().accepted().at(600).due(read_to=0, blind=True)

    assert ("waiting", 2) == (doubtful.state.value, silent.workflow.current)


def test_a_negative_that_was_put_off_is_told_when_the_step_is_left() -> None:
    throttled = CodeMeaning(code_class=CodeClass.AGAIN)
    play = Play(viber_then_sms()).claim().accepted().at(10).receipt("rejected", code="1000", meaning=throttled)
    assert [] == play.told
    play.due_at(15).claim().answer(BUSY)

    play.at(600).due()

    assert [(1, "rejected", "1000")] == play.told
    assert [What.GIVEN_UP, What.NEXT] == [entry.what for entry in play.entries[-2:]]


def test_the_journal_has_no_gaps_and_says_what_comes_next() -> None:
    play = Play(viber_then_sms()).claim().at(1).accepted().run_out(700)

    assert list(range(1, len(play.entries) + 1)) == [entry.sequence for entry in play.entries]
    assert [entry.facts.get("waits_for") for entry in play.entries] == [
        "turn",
        "lease",
        "window",
        "turn",
        "lease",
        "doubt",
    ]


def test_an_unreadable_2xx_counts_as_in_doubt() -> None:
    assert isinstance(read_answer(status=202, headers={}, body=b"<html>", now=START), Unsure)
