"""The simulation finds what it is there to find: each broken copy of the design must fail within a few seeds."""

from collections.abc import Mapping

import pytest

from tests.simulation.invariants import faults
from tests.simulation.sabotage import Sabotage
from tests.simulation.world import World

WITHIN_SEEDS = 60
BROKEN: Mapping[str, Sabotage] = {
    "the last writer wins": Sabotage(no_compare_and_set=True),
    "acknowledged before the commit": Sabotage(ack_before_commit=True),
    "sent again in doubt": Sabotage(resend_on_doubt=True),
    "early receipts dropped": Sabotage(early_receipts_dropped=True),
    "published without an outbox": Sabotage(no_outbox=True),
    "old claims are sent": Sabotage(no_age_check=True),
    "no timers in the store": Sabotage(no_timers=True),
    "set aside under a stop and forgotten": Sabotage(set_aside_and_forgotten=True),
}


@pytest.mark.parametrize("sabotage", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_copy_of_the_design_is_caught(sabotage: Sabotage) -> None:
    assert any(_fails(seed, sabotage) for seed in range(WITHIN_SEEDS))


@pytest.mark.parametrize(
    "sabotage",
    [Sabotage(resend_on_doubt=True), Sabotage(taken_over_on_doubt=True), Sabotage(no_timers=True)],
    ids=["handed over again in doubt", "taken over in doubt", "no timers in the store"],
)
def test_a_broken_copy_is_caught_where_the_provider_runs_the_failover(sabotage: Sabotage) -> None:
    assert any(_fails(seed, sabotage, workflows=0, wholes=8) for seed in range(WITHIN_SEEDS))


def _fails(seed: int, sabotage: Sabotage, *, workflows: int = 10, wholes: int = 0) -> bool:
    world = World(seed, sabotage=sabotage, workflows=workflows, wholes=wholes)
    return bool(faults(world, came_to_rest=world.run()))
