"""Where in the range of due rows a dispatcher begins: several of them spread instead of meeting on the same rows."""

from __future__ import annotations

import random
from collections.abc import Sequence

DUE_RANGE = 1_000
"""How many of the oldest due rows the place is drawn from, so that nothing old waits long."""


def from_a_random_place(ordered: Sequence[str], *, limit: int, seed: int) -> tuple[str, ...]:
    """Return up to `limit` ids in a row, from a place that follows from the seed; past the end it begins anew."""
    if len(ordered) <= limit:
        return tuple(ordered)
    place = random.Random(seed).randrange(len(ordered))
    return tuple((*ordered[place:], *ordered[:place])[:limit])
