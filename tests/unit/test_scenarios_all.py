"""Every numbered scenario has its case, here or with the engine."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def numbers(pattern: str, path: str) -> set[int]:
    found = re.findall(pattern, (TESTS / path).read_text(encoding="utf-8"), re.MULTILINE)
    return {int(number) for number in found}


def test_every_scenario_from_1_to_45_has_a_case_under_its_number() -> None:
    core = numbers(r'^@scenario\("(\d+)[a-z]?"\)', "unit/test_scenarios.py")
    engine = numbers(r"^def test_scenario_(\d+)_", "integration/test_scenarios_engine.py")

    assert set(range(1, 46)) == core | engine
    assert set() == core & engine
