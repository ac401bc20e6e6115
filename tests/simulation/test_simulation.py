"""Hundreds of stormy lives of two dispatchers: whatever crashes, every workflow ends once and nothing is sent twice."""

import pytest

from tests.simulation.invariants import faults
from tests.simulation.world import World

SEEDS = 200
LOT = 20


@pytest.mark.parametrize("lot", range(SEEDS // LOT))
def test_whatever_crashes_every_workflow_ends_once_and_nothing_is_sent_twice(lot: int) -> None:
    for seed in range(lot * LOT, (lot + 1) * LOT):
        world = World(seed)
        came_to_rest = world.run()

        assert [] == faults(world, came_to_rest=came_to_rest), f"seed {seed}"
