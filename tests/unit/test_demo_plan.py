"""The demo's plan: every kind is there, every mark is there once, and every body is one that the ingress takes."""

import json
from collections import Counter

import pytest

from services.cli.demo_kinds import IN_DOUBT, KILLED, KINDS, SLOW, Via, scripts
from services.cli.demo_plan import LEAST_WORKFLOWS, body_of, make_plan
from services.sandbox.scripts import parse_script
from shared.wire.requests import StartType, read_start

STARTS = {
    Via.DISPATCH: StartType.WORKFLOW_V0_1,
    Via.BETA: StartType.WORKFLOW_BETA,
    Via.V1: StartType.MESSAGE_V1,
    Via.QUEUE: StartType.WORKFLOW_V0_1,
}


@pytest.mark.parametrize("total", [LEAST_WORKFLOWS, 49, 210, 1000])
def test_as_many_are_planned_as_were_asked_for_and_every_kind_is_among_them(total: int) -> None:
    plan = make_plan(total)
    everything = (*plan.steady, *plan.batch)

    assert total == plan.total == len({planned.mark for planned in everything})
    assert {kind.name for kind in (*KINDS, KILLED)} == {planned.kind.name for planned in everything}


def test_too_few_workflows_show_nothing() -> None:
    with pytest.raises(ValueError, match="at least"):
        make_plan(LEAST_WORKFLOWS - 1)


def test_the_usual_demo_runs_two_hundred_and_kills_amid_calls() -> None:
    plan = make_plan(210)

    assert plan.total >= 200
    assert len(plan.batch) >= 20
    assert 0 < plan.batch_after_s < plan.steady[-1].after_s


def test_kinds_are_mixed_after_those_that_take_longest() -> None:
    plan = make_plan(210)
    longest = sum(planned.kind.first for planned in plan.steady)

    assert all(planned.kind.first for planned in plan.steady[:longest])
    assert 8 <= len({planned.kind.name for planned in plan.steady[longest : longest + 20]})


def test_every_way_in_is_used() -> None:
    assert set(Via) == {planned.via for planned in make_plan(LEAST_WORKFLOWS).steady}


def test_every_body_is_taken_by_the_reader_of_its_generation_and_carries_its_mark() -> None:
    for planned in (*make_plan(210).steady, *make_plan(210).batch):
        start = read_start(STARTS[planned.via], json.dumps(body_of(planned)).encode())

        assert all(f"[{planned.mark}]" in str(step.message.content["text"]) for step in start.steps)
        assert (1 if planned.kind.then is None else 2) == len(start.steps)


def test_every_script_is_one_that_the_sandbox_takes() -> None:
    for script in scripts(slow=24, in_doubt=2).values():
        assert parse_script(script)


def test_each_first_call_in_doubt_hangs_and_each_slow_call_has_its_entry() -> None:
    made = scripts(slow=24, in_doubt=2)
    hangs = Counter("hang" in str(call) for call in made[IN_DOUBT]["sms"])

    assert (2, 25) == (hangs[True], len(made[SLOW]["viber_service"]))
