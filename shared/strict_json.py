"""Read JSON from people we do not trust. Pure.

Strategy: the standard parser does the work; around it stand the refusals it lacks. It would take NaN and 1e400,
keep the last of two equal keys, read lone surrogates that nothing can encode later, and die of deep nesting.
All of these, and everything that is no JSON, become one `WireError` that names the place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from shared.errors import Fault, WireError

# Possessive, and a string may lack its end: else a body of `"\"\"\"...` would be scanned once for each quote.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def loads(raw: bytes, *, max_bytes: int, max_depth: int = 16) -> object:
    """Return the value of a JSON text of at most `max_bytes` bytes, arrays and objects at most `max_depth` deep.

    Raises WireError where it is too large, too deep, not UTF-8, no JSON, holds NaN or a number beyond a double,
    has a key twice, or a string that no database takes (U+0000, half a surrogate pair).
    """
    if len(raw) > max_bytes:
        _refuse("too_large", f"is larger than {max_bytes} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError(_whole("encoding", f"is not UTF-8 at byte {error.start}")) from error
    if not text.strip():
        _refuse("empty", "must not be empty: a JSON object is needed")
    if _deeper_than(raw, max_depth):
        _refuse("too_deep", f"nests arrays and objects deeper than {max_depth}")
    try:
        value = json.loads(
            text, object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole_number
        )
    except json.JSONDecodeError as error:
        reason = f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise WireError(_whole("json", reason)) from error
    faults = tuple(_faults(value, "", ""))
    if faults:
        raise WireError(*faults)
    return value


class _Twice(dict[str, object]):
    """An object that names a key more than once, kept until its place is known."""

    def __init__(self, members: list[tuple[str, object]], keys: tuple[str, ...]) -> None:
        super().__init__(members)
        self.keys_twice = keys
        self.members = members


def _members(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) == len(members):
        return found
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for key, _ in members:
        if key in seen:
            twice[key] = None
        seen.add(key)
    return _Twice(members, tuple(twice))


def _faults(value: object, pointer: str, name: str) -> Iterator[Fault]:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            yield _fault(pointer, name, "text", "has a character that can't be kept: U+0000 or half a surrogate pair")
    elif isinstance(value, dict):
        if isinstance(value, _Twice):
            for key in value.keys_twice:
                yield _fault(*_below(pointer, name, key), "duplicate", "is named more than once")
        members = value.members if isinstance(value, _Twice) else value.items()
        for key, member in members:
            if _UNSTORABLE.search(key):
                yield _fault(pointer, name, "text", "has a key with U+0000 or half a surrogate pair")
                continue
            yield from _faults(member, *_below(pointer, name, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _faults(member, f"{pointer}/{index}", f"{name}[{index}]")


def _below(pointer: str, name: str, key: str) -> tuple[str, str]:
    safe = _UNSTORABLE.sub("?", key)
    escaped = safe.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{escaped}", f"{name}.{safe}" if name else safe


def _deeper_than(raw: bytes, limit: int) -> bool:
    if raw.count(b"[") + raw.count(b"{") <= limit:  # the common case needs no scan
        return False
    depth = 0
    for token in _TOKENS.finditer(raw):
        first = token[0][0]
        if first in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif first in b"]}":
            depth -= 1
    return False


def _no_constant(word: str) -> NoReturn:
    raise WireError(_whole("number", f"holds {word}, which is no JSON number"))


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse("number", "holds a number beyond the range of a double")
    return number


def _whole_number(digits: str) -> int:
    # CPython refuses more than 4,300 digits with a plain ValueError; nobody honest needs 40.
    if len(digits) > 40:
        _refuse("number", "holds a whole number of more than 40 digits")
    return int(digits)


def _refuse(code: str, reason: str) -> NoReturn:
    raise WireError(_whole(code, reason))


def _whole(code: str, reason: str) -> Fault:
    return _fault("", "", code, reason)


def _fault(pointer: str, name: str, code: str, reason: str) -> Fault:
    return Fault(pointer=pointer, name=name, reason=reason, code=code)
