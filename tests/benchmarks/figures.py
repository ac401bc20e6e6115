"""One measured figure, and how figures are shown and written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A value, the median of several runs; beside it what was measured in the same runs to compare it with."""

    name: str
    value: float
    unit: str
    better: Literal["higher", "lower"]
    against: str | None = None
    """What it is compared with, in words; None: with nothing."""
    ratio: float | None = None
    """Value by the value of `against`, median of the runs' own ratios: other load on the machine strikes both."""
    target: float | None = None
    """What the ratio is to be at least (better: higher) or at most (better: lower)."""

    @property
    def holds(self) -> bool | None:
        """Tell whether the ratio meets its target; None where there is none."""
        if self.ratio is None or self.target is None:
            return None
        return self.ratio >= self.target if self.better == "higher" else self.ratio <= self.target

    def as_json(self) -> dict[str, object]:
        """Return what is written; members without a value are left out."""
        fields: dict[str, object] = {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "better": self.better,
            "against": self.against,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "target": self.target,
            "holds": self.holds,
        }
        return {name: value for name, value in fields.items() if value is not None}


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield a line for each figure."""
    for figure in figures:
        line = f"  {figure.name:<44} {_shown(figure.value):>10} {figure.unit:<14}"
        if figure.ratio is not None:
            line += f" {figure.ratio:>6.2f} x {figure.against}"
        if figure.holds is not None:
            sign = ">=" if figure.better == "higher" else "<="
            line += f" (target {sign} {figure.target:g}: {'holds' if figure.holds else 'does not hold'})"
        yield line.rstrip()


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures as a JSON list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([figure.as_json() for figure in figures], indent=2) + "\n", encoding="utf-8")


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
