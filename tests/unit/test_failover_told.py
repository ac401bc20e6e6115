"""What the caller is told of each step: a status once and upward, the end of a step only once (semantics 11)."""

from __future__ import annotations

from shared.model import State, What
from tests.support.plans import BUSY, NO_ANSWER, NUMBER, REFUSAL, step, stop, viber_then_sms, workflow
from tests.support.play import Play

OTHER = "447700900555"


def second_step(*, condition: str = "delivered", **fields: object) -> Play:
    """Return Viber accepted at 0 whose window of 600 s is over, so that the SMS has its turn."""
    return Play(viber_then_sms(condition=condition, **fields)).claim().accepted().due_at(600)


def test_a_step_that_stayed_busy_until_send_by_is_told_also_where_another_was_reached() -> None:
    play = second_step(condition="read", valid_for=900).receipt("delivered", step=1)
    while play.state is not State.FINAL:
        play.claim().answer(BUSY) if play.state is State.READY else play.due_at(play.wakes_after or 0)

    assert ("delivered", [(1, "delivered", None), (2, "rejected", "1360")]) == (play.outcome, play.told)
    (entry,) = play.entries_of(What.GIVEN_UP)
    assert (2, None, "message.rejected") == (entry.step, entry.attempt, entry.event)
    expected = {"channel": "sms", "status": "rejected", "code": "1360", "title": "TTL expired"}
    assert expected.items() <= entry.facts.items()


def test_a_negative_that_was_put_off_is_told_when_another_step_ends_it() -> None:
    play = second_step().claim().accepted().at(610).negative("1000")
    assert "backing_off" == play.state.value

    play.at(611).receipt("delivered", step=1)

    assert ("delivered", [(2, "rejected", "1000"), (1, "delivered", None)]) == (
        play.outcome,
        sorted(play.told, key=by_step),
    )
    (entry,) = play.entries_of(What.GIVEN_UP)
    assert (2, 1, "message.rejected", "1000") == (entry.step, entry.attempt, entry.event, entry.facts["code"])


def by_step(told: tuple[int, str, str | None]) -> int:
    return -told[0]


def test_a_negative_that_was_put_off_is_told_when_no_call_may_start_any_more() -> None:
    play = Play(workflow(step(1, "sms"), valid_for=100)).claim().accepted().at(10).negative("1000")

    play.due_at(15).due_at(100)

    assert ("expired", [(1, "rejected", "1000")]) == (play.outcome, play.told)


def test_the_newest_negative_is_the_one_told() -> None:
    play = Play(viber_then_sms()).claim().accepted().at(1).negative("1000").due_at(6).claim().accepted()
    play.at(7).negative("1360", status="undeliverable")

    assert [(1, "undeliverable", "1360")] == play.told


def test_a_step_passed_over_unsent_is_told_of_nothing() -> None:
    assert [] == Play(viber_then_sms()).next_now().told
    assert [] == Play(viber_then_sms()).claim().answer(BUSY).next_now().told
    skip = (stop("skip", since=0, channel="viber_service", account=None),)
    assert [] == Play(viber_then_sms()).world(stops=skip).stopped().told


def test_a_step_that_may_be_out_or_was_reached_is_told_of_no_end() -> None:
    out = Play(viber_then_sms(condition="read", valid_for=300)).claim().accepted().run_out(400_000)
    reached = (
        Play(viber_then_sms(condition="read", valid_for=300)).claim().accepted().receipt("delivered").run_out(400_000)
    )

    assert ("unconfirmed", [], "delivered", [(1, "delivered", None)]) == (
        out.outcome,
        out.told,
        reached.outcome,
        reached.told,
    )


def test_a_dead_resend_is_not_told_while_the_first_call_may_be_out() -> None:
    chain = workflow(step(1, "viber_service"), step(2, "sms"), final_receipt_time=600)
    play = Play(chain).claim().at(15).answer(NO_ANSWER).due_at(135).claim().answer(REFUSAL).next_now()
    alone = Play(workflow(step(1, "sms"), final_receipt_time=600)).claim().at(15).answer(NO_ANSWER).due_at(135).claim()
    alone.answer(REFUSAL).due_at(615)

    assert ([], ["operator"], [], "unconfirmed") == (play.told, play.reasons_of_next(), alone.told, alone.outcome)


def test_what_the_caller_is_told_of_our_own_endings_has_words_for_people() -> None:
    opted_out = Play(viber_then_sms()).world(suppressed=frozenset({f"number:{NUMBER}"})).claim()
    too_late = Play(viber_then_sms(valid_for=60)).due_at(60)

    assert ["This person is not to be written to."] == [opted_out.entries_of(What.STRUCK_OUT)[0].facts["detail"]]
    assert ["It could not be sent before its time was over."] == [too_late.entries_of(What.GIVEN_UP)[0].facts["detail"]]


def test_struck_out_steps_are_told_also_when_send_by_is_over() -> None:
    steps = (
        step(1, "viber_service", window=600, recipient=OTHER),
        step(2, "viber_service", window=600),
        step(3, "sms", recipient=OTHER),
    )
    play = Play(workflow(*steps, valid_for=300)).claim().accepted().world(suppressed=frozenset({f"number:{NUMBER}"}))

    play.due_at(600)

    assert ("waiting", [(2, "rejected", "1240")]) == (play.state.value, play.told)
    assert [2] == [entry.step for entry in play.entries_of(What.STRUCK_OUT)]


def test_struck_out_steps_are_told_once() -> None:
    steps = (step(1, "viber_service", window=600, recipient=OTHER), step(2, "sms"))
    play = Play(workflow(*steps, final_receipt_time=700)).claim().accepted()
    play.world(suppressed=frozenset({f"number:{NUMBER}"})).due_at(600).at(650).next_now().due_at(700)

    assert ("unconfirmed", [(2, "rejected", "1240")], 1) == (
        play.outcome,
        play.told,
        len(play.entries_of(What.STRUCK_OUT)),
    )


def test_a_status_is_told_once_and_only_upward() -> None:
    play = Play(viber_then_sms(condition="read")).claim().accepted()
    play.receipt("delivered").receipt("submitted").receipt("delivered").receipt("read")
    again = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).due_at(135).claim().accepted()
    again.receipt("submitted", attempt=1).receipt("submitted", attempt=2)

    assert [(1, "delivered", None), (1, "read", None)] == play.told
    assert [(1, "submitted", None)] == again.told
    assert ["message.submitted", None] == [entry.event for entry in again.entries_of(What.RECEIPT)]


def test_after_delivered_no_negative_is_told() -> None:
    play = Play(workflow(step(1, "sms", window=None), step(2, "sms", recipient=OTHER))).claim()
    play.at(15).answer(NO_ANSWER).due_at(135).claim().accepted().cancel()
    play.receipt("delivered", step=1, attempt=1).negative("1300", step=1, attempt=2)

    assert [(1, "delivered", None)] == play.told
    assert None is play.entries_of(What.RECEIPT)[-1].event


def test_a_second_negative_of_a_step_is_not_told() -> None:
    play = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).due_at(135).claim().accepted().cancel()
    play.negative("1300", attempt=1)
    assert [] == play.told

    play.negative("1310", attempt=2)

    assert [(1, "rejected", "1310")] == play.told
