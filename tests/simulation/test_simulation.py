"""Hundreds of stormy lives of two dispatchers: whatever crashes, every workflow ends once and nothing is sent twice.

A seed that fails here fails everywhere.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.store.migrations import upgrade
from shared.store.opening import open_store
from shared.store.port import Store
from tests.simulation.invariants import faults
from tests.simulation.world import World

LOT = 20
SEEDS = 200
LONG_LOT = 500
LONG_SEEDS = 5000


@pytest.mark.parametrize("lot", range(SEEDS // LOT))
def test_whatever_crashes_every_workflow_ends_once_and_nothing_is_sent_twice(lot: int) -> None:
    for seed in range(lot * LOT, (lot + 1) * LOT):
        assert [] == faults_of(World(seed)), f"seed {seed}"


@pytest.mark.parametrize("lot", range(2))
def test_the_same_holds_where_the_provider_runs_the_failover(lot: int) -> None:
    for seed in range(lot * LOT, (lot + 1) * LOT):
        assert [] == faults_of(World(seed, workflows=3, wholes=8)), f"seed {seed}"


@pytest.mark.parametrize("seed", range(6))
def test_the_same_holds_on_the_real_store(seed: int, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cascade.db'}"
    upgrade(url)
    opened: list[Store] = []

    def make(clock: Callable[[], float]) -> Store:
        opened.append(open_store(url, clock=clock))
        return opened[0]

    try:
        found = faults_of(World(seed, make_store=make))
    finally:
        opened[0].close()

    assert [] == found


def test_a_seed_tells_the_same_story_twice() -> None:
    def story(world: World) -> list[object]:
        world.run()
        return [(key, world.store.timeline(key)) for key in sorted(world.started)]

    assert story(World(7)) == story(World(7))


@pytest.mark.long
@pytest.mark.parametrize("lot", range(SEEDS // LONG_LOT, LONG_SEEDS // LONG_LOT))
def test_the_same_holds_for_thousands_of_seeds(lot: int) -> None:
    for seed in range(lot * LONG_LOT, (lot + 1) * LONG_LOT):
        assert [] == faults_of(World(seed)), f"seed {seed}"


@pytest.mark.long
@pytest.mark.parametrize("lot", range(4))
def test_thousands_of_seeds_hold_where_the_provider_runs_the_failover(lot: int) -> None:
    for seed in range(lot * LONG_LOT, (lot + 1) * LONG_LOT):
        assert [] == faults_of(World(seed, workflows=3, wholes=8)), f"seed {seed}"


def faults_of(world: World) -> list[str]:
    came_to_rest = world.run()
    return faults(world, came_to_rest=came_to_rest)
