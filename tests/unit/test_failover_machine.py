"""The core under every event in every state, and broken copies of it that the same machine must find out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from services.dispatcher.events import (
    Answered,
    AnyEvent,
    Call,
    Cancel,
    Decision,
    Due,
    Outside,
    RaiseStop,
    Received,
    Reported,
    StepMessage,
    TellStatus,
)
from services.dispatcher.failover import decide
from shared.model import AttemptState, Engine, State, Status, What, Workflow
from shared.outcomes import Refused, Unsure
from tests.support.failover_machine import Decide, Failover
from tests.support.provider_machine import HandedOverWhole

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
SOUND = settings(max_examples=120, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=QUIET)
HUNT = settings(
    SOUND, max_examples=400, stateful_step_count=30, phases=[Phase.generate], database=None, report_multiple_bugs=False
)


def test_the_core_keeps_its_promises_whatever_happens() -> None:
    run_state_machine_as_test(Failover, settings=SOUND)


def test_the_core_keeps_its_promises_where_the_provider_runs_the_failover() -> None:
    run_state_machine_as_test(HandedOverWhole, settings=SOUND)


@pytest.mark.long
def test_the_core_keeps_them_for_longer_where_the_provider_runs_the_failover() -> None:
    run_state_machine_as_test(
        HandedOverWhole, settings=settings(SOUND, max_examples=10_000, stateful_step_count=60, derandomize=False)
    )


@pytest.mark.long
def test_the_core_keeps_its_promises_for_longer() -> None:
    run_state_machine_as_test(
        Failover, settings=settings(SOUND, max_examples=10_000, stateful_step_count=80, derandomize=False)
    )


def resends_on_every_doubt(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    decision = decide(workflow, event, now)
    step = decision.workflow.step
    in_doubt = any(attempt.state is AttemptState.UNSURE for attempt in step.attempts)
    if decision.entries and decision.workflow.state is State.WAITING and in_doubt and step.resend is not None:
        return _with_step(decision, resend=None, doubt_at=now + 120)
    return decision


def sends_again_what_was_taken(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    decision = decide(workflow, event, now)
    step = decision.workflow.step
    states = {attempt.state for attempt in step.attempts}
    both = {AttemptState.ACCEPTED, AttemptState.NOT_SENT} <= states
    if decision.entries and decision.workflow.state is State.WAITING and both:
        backing_off = replace(decision.workflow, state=State.BACKING_OFF)
        return _with_step(replace(decision, workflow=backing_off), retry_at=now + 2)
    return decision


def ends_twice(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if workflow.state is State.FINAL and isinstance(event, Received) and not event.receipt.status.negative:
        return decide(replace(workflow, state=State.WAITING, outcome=None), event, now)
    return decide(workflow, event, now)


def goes_on_without_a_reason(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    decision = decide(workflow, event, now)
    entries = tuple(replace(e, reason=None) if e.what is What.NEXT else e for e in decision.entries)
    return replace(decision, entries=entries)


def ignores_early_receipts(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if isinstance(event, Received) and workflow.state is State.SENDING:
        return Decision(workflow=workflow)
    return decide(workflow, event, now)


def forgets_stops(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    decision = decide(workflow, event, now)
    return replace(decision, effects=tuple(e for e in decision.effects if not isinstance(e, RaiseStop)))


def runs_out_of_patience_under_a_stop(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if not isinstance(event, Due):
        return decide(workflow, event, now)
    return decide(workflow, replace(event, outside=Outside()), now)


def claims_what_is_stale(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if not isinstance(event, StepMessage) or workflow.state is not State.READY:
        return decide(workflow, event, now)
    named = replace(event, step=workflow.current, attempt=workflow.step.next_attempt)
    decision = decide(workflow, named, now)
    return replace(
        decision,
        effects=tuple(replace(e, attempt=event.attempt) if isinstance(e, Call) else e for e in decision.effects),
    )


def windows_end_early(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if isinstance(event, Due) and workflow.state is State.WAITING:
        return decide(workflow, replace(event, read_to=now + 30), now + 30)
    return decide(workflow, event, now)


def tells_nobody_of_the_dead(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    decision = decide(workflow, event, now)
    told = tuple(status for status in decision.workflow.step.told if not status.negative)
    effects = tuple(e for e in decision.effects if not (isinstance(e, TellStatus) and e.status.negative))
    return _with_step(replace(decision, effects=effects), told=told) if decision.entries else decision


def forgets_a_late_success(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if isinstance(event, Received) and event.step != workflow.current and event.receipt.status is Status.READ:
        return Decision(workflow=workflow)
    return decide(workflow, event, now)


def loses_its_message(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    decision = decide(workflow, event, now)
    again = decision.workflow.state is State.READY and decision.workflow.step.next_attempt == 2
    return replace(decision, effects=()) if again else decision


BROKEN: Mapping[str, Decide] = {
    "re-sends on every doubt": resends_on_every_doubt,
    "sends again what was taken": sends_again_what_was_taken,
    "ends twice": ends_twice,
    "goes on without a reason": goes_on_without_a_reason,
    "ignores early receipts": ignores_early_receipts,
    "forgets stops": forgets_stops,
    "runs out of patience under a stop": runs_out_of_patience_under_a_stop,
    "claims what is stale": claims_what_is_stale,
    "windows end early": windows_end_early,
    "tells nobody of the dead": tells_nobody_of_the_dead,
    "forgets a late success": forgets_a_late_success,
    "loses its message": loses_its_message,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_copy_of_the_core_is_found_out(broken: Callable[..., Decision]) -> None:
    machine = type("Broken", (Failover,), {"decide": staticmethod(broken)})

    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=HUNT)


def hands_over_again_in_doubt(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    decision = decide(workflow, event, now)
    in_doubt = any(each.state is AttemptState.UNSURE for each in decision.workflow.steps[0].attempts)
    if decision.entries and decision.workflow.state is State.WAITING and in_doubt:
        return replace(decision, workflow=replace(decision.workflow, state=State.READY))
    return decision


def takes_over_what_it_does_not_know(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if isinstance(event, Answered) and isinstance(event.outcome, Unsure) and workflow.state is State.SENDING:
        event = replace(event, outcome=Refused(problem=event.outcome.problem))
        return replace(decide(workflow, event, now), entries=())
    return decide(workflow, event, now)


def cancels_what_runs_elsewhere(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if isinstance(event, Cancel) and workflow.handed_over:
        return decide(replace(workflow, state=State.HELD), event, now)
    return decide(workflow, event, now)


def hears_every_report(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if isinstance(event, Reported) and workflow.state is State.FINAL:
        return decide(replace(workflow, state=State.WAITING, reported=None), event, now)
    return decide(workflow, event, now)


def keeps_windows_of_its_own(workflow: Workflow, event: AnyEvent, now: float) -> Decision:
    if isinstance(event, Due) and workflow.handed_over and workflow.state is State.WAITING:
        return decide(replace(workflow, engine=Engine.LOCAL), event, now)
    return decide(workflow, event, now)


BROKEN_WITH_THE_PROVIDER: Mapping[str, Decide] = {
    "hands over again in doubt": hands_over_again_in_doubt,
    "takes over what it does not know": takes_over_what_it_does_not_know,
    "cancels what runs elsewhere": cancels_what_runs_elsewhere,
    "hears every report": hears_every_report,
    "keeps windows of its own": keeps_windows_of_its_own,
}


@pytest.mark.parametrize("broken", BROKEN_WITH_THE_PROVIDER.values(), ids=BROKEN_WITH_THE_PROVIDER.keys())
def test_a_broken_copy_is_found_out_where_the_provider_runs_the_failover(broken: Callable[..., Decision]) -> None:
    machine = type("Broken", (HandedOverWhole,), {"decide": staticmethod(broken)})

    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=HUNT)


def _with_step(decision: Decision, **fields: object) -> Decision:
    workflow = decision.workflow
    changed = replace(workflow.step, **fields)  # type: ignore[arg-type]  # mypy can't see through **
    steps = (*workflow.steps[: workflow.current - 1], changed, *workflow.steps[workflow.current :])
    return replace(decision, workflow=replace(workflow, steps=steps))
