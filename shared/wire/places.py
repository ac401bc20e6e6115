"""Where in a body something is wrong: JSON Pointer and the provider's dotted style side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One member of a body; the empty one is the whole body."""

    pointer: str = ""
    name: str = ""

    def member(self, key: str) -> Place:
        """Return the place of an object's member."""
        escaped = key.replace("~", "~0").replace("/", "~1")
        return Place(pointer=f"{self.pointer}/{escaped}", name=f"{self.name}.{key}" if self.name else key)

    def item(self, index: int) -> Place:
        """Return the place of an array's item, counted from 0."""
        return Place(pointer=f"{self.pointer}/{index}", name=f"{self.name}[{index}]")

    def below(self, path: Sequence[str | int]) -> Place:
        """Return the place that a path of keys and indexes leads to."""
        place = self
        for part in path:
            place = place.item(part) if isinstance(part, int) else place.member(part)
        return place

    def fault(self, code: str, reason: str) -> Fault:
        """Return what is wrong here."""
        return Fault(pointer=self.pointer, name=self.name, reason=reason, code=code)


WHOLE = Place()
"""The body itself."""


def shown(value: str, most: int = 40) -> str:
    """Quote a caller's word for a reason, cut to `most` characters: faults must not echo whole bodies."""
    return repr(value if len(value) <= most else value[:most] + "...")
