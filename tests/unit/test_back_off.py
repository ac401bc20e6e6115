"""How long a busy provider is left alone: what it asked, else full jitter that grows (semantics 5)."""

from __future__ import annotations

import pytest

from services.dispatcher.back_off import back_off_s

LABELS = [f"reference-{number}" for number in range(400)]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (1.5, 1.5), (30.0, 30.0), (900.0, 900.0), (901.0, 900.0), (86_400.0, 900.0)],
)
def test_what_the_provider_asked_is_kept_within_1_and_900_s(asked: float, waited: float) -> None:
    assert waited == back_off_s("any", count=7, retry_after_s=asked)


@pytest.mark.parametrize(
    ("count", "ceiling"), [(1, 4.0), (2, 8.0), (3, 16.0), (7, 256.0), (8, 300.0), (9, 300.0), (5000, 300.0)]
)
def test_full_jitter_from_2_s_up_to_a_ceiling_that_doubles_to_300_s(count: int, ceiling: float) -> None:
    waits = [back_off_s(label, count=count, retry_after_s=None) for label in LABELS]

    width = ceiling - 2.0
    assert 2.0 <= min(waits) < 2.0 + width * 0.05
    assert ceiling - width * 0.05 < max(waits) <= ceiling
    assert abs(sum(waits) / len(waits) - (2.0 + width / 2)) < width * 0.1


def test_the_same_call_always_waits_the_same_and_others_differ() -> None:
    assert back_off_s("a", count=3, retry_after_s=None) == back_off_s("a", count=3, retry_after_s=None)
    assert 400 == len({back_off_s(label, count=3, retry_after_s=None) for label in LABELS})
