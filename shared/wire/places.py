"""Where in a body something is wrong: JSON Pointer and the provider's dotted style side by side.

A place is made for every member that is looked at and spelled out only for the few that are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import Fault


class Place:
    """One member of a body, by the keys and indexes that lead to it; the empty one is the whole body."""

    __slots__ = ("_path",)

    def __init__(self, path: tuple[str | int, ...] = ()) -> None:
        self._path = path

    def member(self, key: str) -> Place:
        """Return the place of an object's member."""
        return Place((*self._path, key))

    def item(self, index: int) -> Place:
        """Return the place of an array's item, counted from 0."""
        return Place((*self._path, index))

    def below(self, path: Sequence[str | int]) -> Place:
        """Return the place that a path of keys and indexes leads to."""
        return Place((*self._path, *path))

    def fault(self, code: str, reason: str) -> Fault:
        """Return what is wrong here."""
        pointer, name = "", ""
        for part in self._path:
            if isinstance(part, int):
                pointer += f"/{part}"
                name += f"[{part}]"
            else:
                pointer += "/" + part.replace("~", "~0").replace("/", "~1")
                name += f".{part}" if name else part
        return Fault(pointer=pointer, name=name, reason=reason, code=code)


WHOLE = Place()
"""The body itself."""


def outside(name: str, code: str, reason: str) -> Fault:
    """Return what is wrong beside the body: with a property or a header of its message."""
    return Fault(pointer="", name=name, reason=reason, code=code)


def shown(value: str, most: int = 40) -> str:
    """Quote a caller's word for a reason, cut to `most` characters: faults must not echo whole bodies."""
    return repr(value if len(value) <= most else value[:most] + "...")
