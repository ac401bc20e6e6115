"""Claims: whose turn it is, in which lane it waits, and what leaves with the commit (semantics 7, "step message")."""

from __future__ import annotations

import pytest

from services.dispatcher.events import Call, Outside
from shared.model import Delivery, Priority, Problem, Reason, What
from shared.outcomes import Busy
from tests.support.plans import BUSY, NO_ANSWER, NUMBER, START, step, viber_then_sms, workflow
from tests.support.play import Play

OTHER = "447700900555"


@pytest.mark.parametrize(("number", "attempt"), [(1, 2), (2, 1), (2, 2), (1, 0)])
def test_a_message_that_names_another_step_or_attempt_claims_nothing(number: int, attempt: int) -> None:
    play = Play(viber_then_sms())
    before = play.workflow

    play.read_message(number, attempt)

    assert (before, []) == (play.workflow, play.calls)
    assert before is play.workflow


def test_a_message_of_the_step_that_was_left_claims_nothing() -> None:
    play = Play(viber_then_sms()).claim().accepted().due_at(600)

    play.read_message(1, 1).read_message(1, 2)

    assert ("ready", [(1, 1)]) == (play.state.value, play.calls)


def test_a_claim_says_in_its_call_and_in_the_journal_what_leaves() -> None:
    play = Play(viber_then_sms(), outside=Outside(accounts=("first", "second"), dispatcher="d-1")).at(7).claim()

    assert Call(step=1, attempt=1, account="first", claimed_at=START + 7, ttl=595) == play.effects[-1]
    entry = play.entries[-1]
    assert (What.CLAIMED, 1, 1, "workflow.step_started") == (entry.what, entry.step, entry.attempt, entry.event)
    assert {"channel": "viber_service", "account": "first", "ttl": 595, "dispatcher": "d-1", "waits_for": "lease"} == (
        dict(entry.facts)
    )
    assert (START + 37, START + 37) == (play.workflow.lease_until, entry.next_at)
    attempt = play.workflow.step.attempts[0]
    assert (START + 7, "first", 595, START + 7) == (
        attempt.claimed_at,
        attempt.account,
        attempt.ttl,
        play.workflow.step.first_claimed_at,
    )


def test_the_account_is_that_of_the_step() -> None:
    play = Play(viber_then_sms(), outside=Outside(accounts=("first", "second"))).claim().accepted().due_at(600).claim()

    assert ["first", "second"] == [effect.account for effect in play.effects if isinstance(effect, Call)]


def test_a_step_starts_once() -> None:
    play = Play(viber_then_sms()).claim().answer(BUSY).due_at(100).claim()

    assert 1 == sum(entry.event == "workflow.step_started" for entry in play.entries)
    assert START == play.workflow.step.first_claimed_at


def test_nothing_is_claimed_at_send_by() -> None:
    early, late = (Play(viber_then_sms(valid_for=600)).at(seconds).claim() for seconds in (599.999, 600))

    assert ([(1, 1)], None) == (early.calls, early.outcome)
    assert ([], "expired", [(1, "rejected", "1360")]) == (late.calls, late.outcome, late.told)
    assert [Reason.SEND_BY] == [entry.reason for entry in late.entries_of(What.FINAL)]


# Suppressed persons


def test_a_suppressed_person_is_not_written_to_and_the_next_person_is() -> None:
    steps = workflow(step(1, "viber_service", window=600), step(2, "sms", recipient=OTHER))
    play = Play(steps).world(suppressed=frozenset({f"number:{NUMBER}"})).claim()

    assert ([], [(1, 1), (2, 1)], ["suppressed"]) == (play.calls, play.put, play.reasons_of_next())
    assert [(1, "rejected", "1240")] == play.told
    (struck,) = play.entries_of(What.STRUCK_OUT)
    assert (1, Reason.SUPPRESSED, "message.rejected") == (struck.step, struck.reason, struck.event)
    assert {"channel": "viber_service", "status": "rejected", "code": "1240"}.items() <= struck.facts.items()
    assert (True, Reason.SUPPRESSED) == (play.workflow.steps[0].struck_out, play.workflow.steps[0].over)


def test_every_step_of_a_suppressed_person_is_struck_out_once() -> None:
    play = Play(viber_then_sms()).world(suppressed=frozenset({f"number:{NUMBER}"})).claim()

    assert ("failed", [(1, "rejected", "1240"), (2, "rejected", "1240")]) == (play.outcome, play.told)
    assert [1, 2] == [entry.step for entry in play.entries_of(What.STRUCK_OUT)]
    assert [] == play.calls


def test_a_resend_to_somebody_who_opted_out_meanwhile_is_not_made() -> None:
    play = Play(workflow(step(1, "sms"))).claim().at(15).answer(NO_ANSWER).due_at(135)

    play.world(suppressed=frozenset({f"number:{NUMBER}"})).claim()

    assert ("waiting", [(1, 1)], []) == (play.state.value, play.calls, play.told)
    assert (True, False) == (play.workflow.step.became_last, play.workflow.step.struck_out)


def test_steps_to_somebody_else_are_not_struck_out() -> None:
    steps = workflow(step(1, "viber_service", window=600), step(2, "sms", recipient=OTHER), step(3, "sms"))
    play = Play(steps).world(suppressed=frozenset({f"number:{OTHER}"})).claim().accepted().due_at(600)

    assert ((1, 1), (3, 1)) == tuple(play.put)
    assert [(2, "rejected", "1240")] == play.told


# Lanes


def test_new_work_waits_behind_what_goes_on() -> None:
    play = Play(viber_then_sms()).claim().answer(BUSY).due_at(100).claim().accepted().due_at(800)

    assert ([(1, 1), (1, 1), (2, 1)], [False, True, True]) == (play.put, play.lanes)


def test_a_first_step_of_high_priority_is_not_new_work() -> None:
    assert [True] == Play(viber_then_sms(priority=Priority.HIGH)).lanes


def test_a_lost_message_is_put_back_into_its_lane() -> None:
    fresh = Play(viber_then_sms()).republished()
    tried = Play(viber_then_sms()).claim().answer(BUSY).due_at(100).republished()

    assert ([False, False], [(1, 1), (1, 1)]) == (fresh.lanes, fresh.put)
    assert [False, True, True] == tried.lanes
    entry = fresh.entries[-1]
    assert (What.REPUBLISHED, 1, Reason.REPUBLISHED, "viber_service") == (
        entry.what,
        entry.step,
        entry.reason,
        entry.facts["channel"],
    )


def test_a_message_goes_to_the_queue_of_its_channel() -> None:
    from services.dispatcher.events import PutStep

    play = Play(viber_then_sms()).claim().accepted().due_at(600)

    assert ["viber_service", "sms"] == [effect.channel for effect in play.effects if isinstance(effect, PutStep)]


# Beginning


def test_the_first_entry_names_the_channels_and_the_caller() -> None:
    play = Play(viber_then_sms())

    (entry,) = play.entries
    assert (What.ACCEPTED, "workflow.accepted", "caller") == (entry.what, entry.event, entry.by)
    assert ["viber_service", "sms"] == entry.facts["steps"]
    assert (START, None) == (play.workflow.step.turn_at, entry.next_at)
    assert "d-1" == Play(viber_then_sms(), outside=Outside(dispatcher="d-1")).entries[0].facts["dispatcher"]


def test_a_start_that_was_cancelled_before_it_was_read_ends_without_a_turn() -> None:
    play = Play(viber_then_sms(), cancelled_by="operator:ann")

    assert ("cancelled", [], ["caller", "operator:ann"]) == (play.outcome, play.put, [e.by for e in play.entries])
    assert None is play.workflow.step.turn_at


def test_a_turn_begins_with_the_step_and_again_when_a_stop_is_over() -> None:
    play = Play(viber_then_sms()).claim().accepted().due_at(600)
    assert START + 600 == play.workflow.step.turn_at
    held = Play(workflow(step(1, "sms", delivery=Delivery.AT_MOST_ONCE))).claim().accepted().negative("1070")

    held.at(90).resumed()

    assert (START + 90, None) == (held.workflow.step.turn_at, held.workflow.step.held_since)
    assert (What.READY, 1, Reason.RESUMED, "sms") == (
        held.entries[-1].what,
        held.entries[-1].step,
        held.entries[-1].reason,
        held.entries[-1].facts["channel"],
    )


def test_the_journal_says_which_clock_is_over_first() -> None:
    late = Busy(problem=Problem(code="429", title="too many"), retry_after_s=900.0)
    play = Play(viber_then_sms()).claim().answer(late)

    entry = play.entries[-1]
    assert ("patience", START + 600) == (entry.facts["waits_for"], entry.next_at)


def test_a_back_off_that_is_over_is_written() -> None:
    play = Play(viber_then_sms()).claim().answer(BUSY).due_at(100)

    entry = play.entries[-1]
    assert (What.READY, 1, None, "viber_service") == (entry.what, entry.step, entry.reason, entry.facts["channel"])
    assert None is play.workflow.step.retry_at
