"""Checks of decoded JSON that can be put together like bricks, and that find every fault instead of the first.

A check takes a value and the name it goes by, and answers with the faults it found. No faults: the value is good.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong; `unknown` says that the field itself has no business here."""

    name: str
    reason: str
    unknown: bool = False


class FieldsError(Exception):
    """JSON that is not what was asked for; `faults` names the fields. Answered 422 where it came by HTTP."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.name or 'it'} {fault.reason}" for fault in faults))
        self.faults = tuple(faults)


Check = Callable[[object, str], list[Fault]]


def leaf(reason: str, holds: Callable[[object], bool]) -> Check:
    """Make a check of a single value from a predicate and the words for its failure."""

    def check(value: object, name: str) -> list[Fault]:
        return [] if holds(value) else [Fault(name=name, reason=reason)]

    return check


def text(minimum: int = 1, maximum: int = 1_000_000) -> Check:
    """A string of so many characters, and not of blanks alone unless it may be empty."""
    return leaf(
        f"must be a string of {minimum} to {maximum} characters",
        lambda value: (
            isinstance(value, str) and minimum <= len(value) <= maximum and (minimum == 0 or bool(value.strip()))
        ),
    )


def matching(pattern: str, reason: str) -> Check:
    """A string that the pattern matches from its first to its last character (a final newline counts)."""
    compiled = re.compile(pattern)
    return leaf(reason, lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None)


def integer(minimum: int, maximum: int) -> Check:
    """A whole number in a range. JSON's `true` is none, though Python would call it 1."""
    return leaf(
        f"must be an integer from {minimum} to {maximum}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum,
    )


def number(minimum: float, maximum: float) -> Check:
    """A number in a range, whole or not. NaN is in no range."""
    return leaf(
        f"must be a number from {minimum:g} to {maximum:g}",
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and minimum <= value <= maximum,
    )


def boolean() -> Check:
    return leaf("must be true or false", lambda value: isinstance(value, bool))


def one_of(*names: str) -> Check:
    return leaf(f"must be one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names)


def address() -> Check:
    """An absolute http or https address of at most 2,000 characters."""

    def holds(value: object) -> bool:
        if not isinstance(value, str) or len(value) > 2000 or any(ord(letter) <= 32 for letter in value):
            return False
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and bool(parts.hostname)

    return leaf("must be an absolute http or https address", holds)


def anything() -> Check:
    return leaf("", lambda _value: True)


def array(of: Check, minimum: int = 0, maximum: int = 10_000) -> Check:
    """A list of so many values, each of which passes `of`."""

    def check(value: object, name: str) -> list[Fault]:
        if not isinstance(value, list) or not minimum <= len(value) <= maximum:
            return [Fault(name=name, reason=f"must be a list of {minimum} to {maximum} entries")]
        return [fault for index, entry in enumerate(value) for fault in of(entry, f"{name}[{index}]")]

    return check


def table(keys: Check, values: Check, minimum: int = 0) -> Check:
    """An object whose keys are the caller's own: every key passes `keys`, every value `values`."""

    def check(value: object, name: str) -> list[Fault]:
        if not isinstance(value, dict) or len(value) < minimum:
            return [Fault(name=name, reason=f"must be an object with at least {minimum} entries")]
        found: list[Fault] = []
        for key, entry in value.items():
            inside = f"{name}.{key}" if name else str(key)
            found += [Fault(name=inside, reason=f"its name {fault.reason}") for fault in keys(key, inside)]
            found += values(entry, inside)
        return found

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object of known fields: what is required is there, and nothing is there that is not known."""
    known = {**required, **(optional or {})}

    def check(value: object, name: str) -> list[Fault]:
        if not isinstance(value, dict):
            return [Fault(name=name, reason="must be an object")]
        prefix = f"{name}." if name else ""
        missing = [Fault(name=prefix + key, reason="is required") for key in required if key not in value]
        strange = [
            Fault(name=prefix + str(key), reason="is not a field known here", unknown=True)
            for key in value
            if key not in known
        ]
        inside = [
            fault for key, entry in value.items() if key in known for fault in known[key](entry, prefix + str(key))
        ]
        return missing + strange + inside

    return check
