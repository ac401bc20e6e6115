"""Patience: how long a step with a window may be kept from leaving, and what makes it stand still (semantics 4)."""

from __future__ import annotations

import pytest

from services.dispatcher.events import Outside
from shared.model import Reason, State, What
from shared.outcomes import Stale
from tests.support.plans import BUSY, NO_ANSWER, START, our_fault, step, stop, viber_then_sms, workflow
from tests.support.play import Play

VIBER = "viber_service"


def kept_waiting(*, condition: str = "delivered") -> Play:
    """Return Viber with a window of 600 s, whose first claim was busy at 0; its message waits for a turn since 5 s."""
    play = Play(viber_then_sms(condition=condition)).claim().answer(BUSY)
    return play.due_at(5)


def fire(play: Play, until: float) -> Play:
    """Let every timer fire while the row is not claimed, up to this many seconds."""
    for _ in range(10_000):
        wakes = play.wakes_after
        if play.workflow.current != 1 or wakes is None or wakes > until:
            return play
        play.due_at(wakes)
    raise AssertionError("the row wakes without end")


def went_on(play: Play, until: float = 10_000) -> tuple[float, list[str | None]]:
    """Return when, to the millisecond, and why it went to the next step."""
    fire(play, until)
    return round(play.seconds, 3), play.reasons_of_next()


def test_patience_is_the_length_of_the_window_from_the_first_claim() -> None:
    assert (600.0, ["not_accepted"]) == went_on(kept_waiting())


def test_a_later_claim_does_not_begin_it_anew() -> None:
    play = kept_waiting().at(300).claim().at(301).answer(BUSY)

    assert (600.0, ["not_accepted"]) == went_on(play)


def test_a_step_without_a_window_has_no_patience() -> None:
    play = Play(workflow(step(1, "sms"))).claim()

    assert (None, None) == (play.workflow.step.patience_ends_at, play.workflow.step.patience_counted_from)


def test_a_stale_claim_leaves_patience_as_it_was() -> None:
    play = Play(viber_then_sms()).at(10).claim().at(20).answer(Stale())

    assert ("ready", 610.0) == (play.state.value, play.after(play.workflow.step.patience_ends_at))


def test_an_account_stop_at_the_very_end_puts_it_off_by_its_length_with_few_words() -> None:
    play = fire(kept_waiting().world(stops=(stop("breaker", since=599.9),)), 659)
    play.at(659.9).world(stops=()).resumed(since=599.9)

    assert (660.0, ["not_accepted"]) == went_on(play)
    told = [(entry.step, entry.reason) for entry in play.entries_of(What.PUT_OFF)]
    assert [(1, Reason.STOPPED), (1, Reason.RESUMED)] == told


def test_a_stop_over_most_of_it_puts_it_off_by_its_length() -> None:
    play = kept_waiting().at(590).resumed(since=10)

    assert (1180.0, ["not_accepted"]) == went_on(play)
    entry = play.entries_of(What.PUT_OFF)[0]
    assert (1, Reason.RESUMED, {"channel": VIBER, "waits_for": "turn"}) == (entry.step, entry.reason, entry.facts)


def test_what_was_left_when_a_stop_began_is_left_when_it_ends() -> None:
    play = fire(kept_waiting().world(stops=(stop("breaker", since=500),)), 798)
    assert (1, 100.0) == (play.workflow.current, play.workflow.step.patience_left)

    play.at(799).world(stops=()).resumed(since=500)

    assert (None, START + 899) == (play.workflow.step.patience_left, play.workflow.step.patience_ends_at)
    assert (899.0, ["not_accepted"]) == went_on(play)


def test_the_longer_a_stop_lasts_the_less_often_it_is_looked_at_again() -> None:
    play = fire(kept_waiting().world(stops=(stop("breaker", since=599.9),)), 50_000)

    looks = [play.after(entry.at) for entry in play.entries_of(What.PUT_OFF)]
    assert [600.0, 660.0, 720.1, 840.3, 1080.7] == looks[:5]
    assert (1, 11) == (play.workflow.current, len(looks))
    assert {0.1} == {round(float(str(entry.facts["left_s"])), 3) for entry in play.entries_of(What.PUT_OFF)}
    assert {"made up"} == {entry.facts["title"] for entry in play.entries_of(What.PUT_OFF)}


def test_the_first_look_after_an_unnoticed_end_lets_it_run_on_with_what_was_left() -> None:
    play = fire(kept_waiting().world(stops=(stop("breaker", since=500),)), 700)
    play.world(stops=())

    looked = fire(play, 900).entries_of(What.PUT_OFF)[-1]

    assert (900.0, Reason.RESUMED, 100.0) == (play.after(looked.at), looked.reason, looked.facts["left_s"])
    assert "title" not in looked.facts
    assert (1000.0, ["not_accepted"]) == went_on(play)


def test_until_then_a_breaker_of_the_channel_does_not_make_it_fire() -> None:
    play = fire(kept_waiting().world(stops=(stop("breaker", since=500),)), 700)
    play.world(stops=(stop("breaker", since=-100, channel=VIBER),))

    assert 1 == play.due_at(750).workflow.current
    assert (1000.0, ["not_accepted"]) == went_on(play)


def test_under_several_stops_it_stands_still_since_the_first() -> None:
    play = kept_waiting().world(stops=(stop("breaker", since=550), stop("fault", since=500), stop("pause", since=580)))

    assert 100.0 == fire(play, 600).workflow.step.patience_left


def test_what_was_left_does_not_depend_on_when_the_row_is_looked_at() -> None:
    play = kept_waiting().world(stops=(stop("breaker", since=500),)).due_at(650)

    assert 100.0 == play.workflow.step.patience_left


def test_another_attempt_inside_a_window_has_no_patience() -> None:
    play = Play(viber_then_sms()).claim().accepted().at(10).negative("1000").due_at(15).claim()

    assert (None, None) == (play.workflow.step.patience_ends_at, play.workflow.step.patience_counted_from)


def test_stops_that_overlap_are_counted_once() -> None:
    play = kept_waiting().at(400).resumed(since=100).at(500).resumed(since=200)

    assert (1000.0, ["not_accepted"]) == went_on(play)


def test_a_stop_that_ended_before_the_count_began_changes_nothing() -> None:
    play = Play(viber_then_sms()).at(50).claim().answer(BUSY).at(51)
    before = play.workflow

    play.at(50).resumed(since=10)

    assert before is play.workflow


@pytest.mark.parametrize("until", [50.5, 60])
def test_a_stop_that_began_before_the_first_claim_counts_from_the_claim(until: float) -> None:
    play = Play(viber_then_sms()).at(50).claim().answer(BUSY).at(until).resumed(since=10)

    assert 600 + until == play.after(play.workflow.step.patience_ends_at)


def test_a_probe_under_a_stop_runs_on_with_what_was_left() -> None:
    stopped = (stop("breaker", since=500),)
    play = fire(kept_waiting().world(stops=stopped), 650).at(650).world(stops=()).claim()
    assert (None, 750.0) == (play.workflow.step.patience_left, play.after(play.workflow.step.patience_ends_at))

    play.at(651).answer(BUSY).world(stops=stopped)

    fire(play, 760)
    assert (1, 100.0) == (play.workflow.current, play.workflow.step.patience_left)


@pytest.mark.parametrize(
    ("kind", "channel", "stands_still"),
    [
        ("breaker", None, True),
        ("fault", None, True),
        ("pause", None, True),
        ("fault", VIBER, True),
        ("breaker", VIBER, False),
        ("pause", VIBER, False),
        ("breaker", "sms", False),
    ],
    ids=str,
)
def test_it_stands_still_under_any_stop_of_the_account_and_under_a_faults_stop_of_the_channel(
    kind: str, channel: str | None, stands_still: bool
) -> None:
    play = kept_waiting().world(stops=(stop(kind, since=100, channel=channel),))

    fire(play, 600)

    assert (1 if stands_still else 2) == play.workflow.current


def test_time_in_held_does_not_count() -> None:
    play = Play(viber_then_sms()).claim().at(10).answer(our_fault("account"))
    assert play.due_at(4000).state is State.HELD

    play.at(5000).resumed()

    assert (5590.0, ["not_accepted"]) == went_on(play)


def test_held_since_or_the_stops_own_beginning_whichever_came_first() -> None:
    held = Play(viber_then_sms()).claim().at(10).answer(our_fault("account"))
    played = [held.at(100).resumed(since=since).workflow.step for since in (5,)]

    assert [695.0] == [played[0].patience_ends_at and played[0].patience_ends_at - START]


def test_a_row_told_of_a_stop_that_never_made_it_stand_still_keeps_its_deadline() -> None:
    play = kept_waiting()
    before = play.workflow

    play.at(300).resumed(since=None)

    assert before is play.workflow


def test_patience_is_over_once_the_step_may_have_left() -> None:
    play = Play(viber_then_sms()).claim().at(15).answer(NO_ANSWER)

    left = play.workflow.step
    assert (None, None, None) == (left.patience_ends_at, left.patience_counted_from, left.patience_left)


def test_a_late_busy_gives_patience_back_from_the_first_claim() -> None:
    play = Play(viber_then_sms()).claim().at(15).answer(NO_ANSWER).at(100).answer(BUSY)

    assert ("backing_off", None) == (play.state.value, play.workflow.step.window_ends_at)
    assert (600.0, ["not_accepted"]) == went_on(play)


def test_time_after_send_by_patience_makes_it_expire() -> None:
    play = Play(viber_then_sms(valid_for=300)).claim().answer(BUSY)

    fire(play, 1000)

    assert ("expired", 300.0, [(1, "rejected", "1360")]) == (play.outcome, play.seconds, play.told)


# Not yet claimed, behind its channel's breaker


def behind(since: float, *, at: float = 0.0, **fields: object) -> Play:
    breaker = stop("breaker", since=since, channel=VIBER)
    return Play(viber_then_sms(**fields), outside=Outside(stops=(breaker,))).at(at)


def goes_on_at(play: Play, seconds: float) -> bool:
    """Tell whether it still waits a moment before, and has gone on for lack of acceptance at this second."""
    waits = play.due_at(seconds - 0.001).workflow.current == 1
    return waits and play.due_at(seconds).reasons_of_next() == ["not_accepted"]


def test_a_step_not_yet_claimed_waits_from_the_opening_of_its_breaker() -> None:
    assert goes_on_at(behind(100), 700)


def test_or_from_its_turn_where_that_came_later() -> None:
    steps = workflow(step(1, "sms", window=50), step(2, VIBER, window=600), step(3, "sms"))
    play = Play(steps).claim().accepted().due_at(50).world(stops=(stop("breaker", since=-100, channel=VIBER),))

    assert play.due_at(649.999).workflow.current == 2
    assert ["window", "not_accepted"] == play.due_at(650).reasons_of_next()


def test_the_oldest_of_two_breakers_counts() -> None:
    breakers = tuple(
        stop("breaker", since=since, channel=VIBER, account=account)
        for since, account in ((200, "default"), (100, None))
    )

    assert goes_on_at(behind(0).world(stops=breakers), 700)


@pytest.mark.parametrize("kind", ["pause", "fault"])
def test_only_a_breaker_of_the_channel_starts_it(kind: str) -> None:
    play = behind(0).world(stops=(stop(kind, since=0, channel=VIBER),))

    assert 1 == play.due_at(5000).workflow.current
    assert 1 == play.world(stops=(stop("breaker", since=0),)).due_at(6000).workflow.current


def test_a_step_without_a_window_waits_behind_a_breaker_for_ever() -> None:
    breaker = stop("breaker", since=0, channel=VIBER)
    play = Play(workflow(step(1, VIBER), step(2, "sms"))).world(stops=(breaker,))

    assert 1 == play.due_at(5000).workflow.current


def test_a_held_step_does_not_wait_it_out() -> None:
    play = (
        Play(viber_then_sms())
        .claim()
        .accepted()
        .at(10)
        .negative("1070")
        .world(stops=(stop("breaker", since=20, channel=VIBER),))
    )

    assert ("held", 1) == (play.due_at(5000).state.value, play.workflow.current)


def test_it_waits_for_the_receipts_watermark_unless_nobody_takes_webhooks() -> None:
    unread, blind = behind(100).at(701), behind(100).at(701)

    unread.due(read_to=699)
    blind.due(read_to=0, blind=True)

    assert (1, 2) == (unread.workflow.current, blind.workflow.current)


def test_the_watermark_does_not_make_it_fire_early() -> None:
    assert 1 == behind(100).at(699).due(read_to=5000).workflow.current


@pytest.mark.parametrize(
    ("since", "until", "goes_on"),
    [(50, 350, 950), (0, 350, 950), (400, 500, 750)],
    ids=["from the opening", "from before it", "in the middle"],
)
def test_an_account_stop_puts_it_off_by_the_part_it_ran_through(since: float, until: float, goes_on: float) -> None:
    play = behind(50).at(until).resumed(since=since)

    assert (What.PUT_OFF, Reason.RESUMED) == (play.entries[-1].what, play.entries[-1].reason)
    assert goes_on_at(play, goes_on)


def test_it_stands_still_while_the_account_is_stopped_too() -> None:
    play = behind(100)
    play.world(stops=(*play.outside.stops, stop("breaker", since=100)))

    assert 1 == play.due_at(5000).workflow.current


def test_the_end_of_a_stop_means_nothing_to_a_step_that_no_breaker_kept_waiting() -> None:
    free, later = Play(viber_then_sms()), behind(100)
    windowless = Play(workflow(step(1, VIBER), step(2, "sms")), outside=later.outside)
    before = [play.workflow for play in (free, later, windowless)]

    free.at(300).resumed(since=10)
    later.at(90).resumed(since=10).at(100).resumed(since=10)
    windowless.at(300).resumed(since=10)

    assert before == [play.workflow for play in (free, later, windowless)]


def test_a_step_whose_window_runs_is_judged_by_that_alone() -> None:
    play = Play(viber_then_sms()).at(100).claim().accepted().at(110).negative("1000").due_at(115)
    play.world(stops=(stop("breaker", since=-1000, channel=VIBER),))

    assert 1 == play.due_at(699).workflow.current
    assert ["window"] == play.due_at(700).reasons_of_next()


def test_a_step_started_anew_behind_a_breaker_waits_from_the_later_of_opening_and_turn() -> None:
    for since, goes_on in ((150, 800), (250, 850)):
        play = Play(viber_then_sms()).claim().accepted().at(100).negative("1070").at(200).resumed(since=100)
        play.world(stops=(stop("breaker", since=since, channel=VIBER),))

        assert goes_on_at(play, goes_on)
