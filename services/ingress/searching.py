"""What a search asks for, read from the query of its address: every parameter once, all faults told at once."""

from __future__ import annotations

import math
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from werkzeug.datastructures import MultiDict

from services.ingress.authentication import IN_QUERY
from shared.errors import Fault, WireError
from shared.wire.places import outside, shown
from shared.wire.times import seconds_of

PARAMETERS = ("to", "client_ref", "status", "from_time", "to_time", "limit", "cursor")
LIMIT = 20
LIMIT_MAXIMUM = 100
WORD_MAXIMUM = 255
_CURSOR = struct.Struct(">d16sB")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the next page begins: at this workflow, after its step `step` (0: with its first)."""

    accepted_at: float
    workflow_id: str
    step: int

    def written(self) -> str:
        """Return it as callers hand it back."""
        packed = _CURSOR.pack(self.accepted_at, UUID(self.workflow_id).bytes, self.step)
        return urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search; what is None was not asked for."""

    to: str | None
    client_ref: str | None
    status: str | None
    from_time: float | None
    to_time: float | None
    limit: int
    cursor: Cursor | None


def search_in(arguments: MultiDict[str, str], *, statuses: Collection[str]) -> Search:
    """Read the parameters of an address; `statuses` are the words that can be asked for. Raises WireError."""
    faults: list[Fault] = []
    for name in arguments:
        if name not in PARAMETERS and name not in IN_QUERY:
            faults.append(outside(name, "unknown", f"is not known here; a search takes {', '.join(PARAMETERS)}"))
        elif len(arguments.getlist(name)) > 1 and name in PARAMETERS:
            faults.append(outside(name, "duplicate", "is there more than once"))

    def read(name: str, reader: Callable[[str], T]) -> T | None:
        text = arguments.get(name)
        if text is None:
            return None
        try:
            return reader(text)
        except ValueError as error:
            faults.append(outside(name, "value", str(error)))
            return None

    search = Search(
        to=read("to", _recipient),
        client_ref=read("client_ref", _word),
        status=read("status", lambda text: _one_of(text, statuses)),
        from_time=read("from_time", _moment),
        to_time=read("to_time", _moment),
        limit=read("limit", _limit) or LIMIT,
        cursor=read("cursor", _cursor),
    )
    if search.from_time is not None and search.to_time is not None and search.from_time >= search.to_time:
        faults.append(outside("to_time", "range", "must be after from_time"))
    if faults:
        raise WireError(*faults)
    return search


def _recipient(text: str) -> str:
    """Read a number with or without its plus, which an address turns into a blank."""
    bare = text[1:] if text[:1] in {"+", " "} else text
    return _word(bare if bare.isascii() and bare.isdigit() else text)


def _word(text: str) -> str:
    if not 1 <= len(text) <= WORD_MAXIMUM:
        raise ValueError(f"must have 1 to {WORD_MAXIMUM} characters")
    return text


def _one_of(text: str, words: Collection[str]) -> str:
    if text not in words:
        raise ValueError(f"must be one of {', '.join(words)}, not {shown(text)}")
    return text


def _moment(text: str) -> float:
    # The plus of an offset comes as a blank where it was not escaped.
    head, blank, offset = text.rpartition(" ")
    try:
        return seconds_of(f"{head}+{offset}" if blank and "T" in head else text)
    except ValueError as error:
        raise ValueError("must be a time with its zone, such as 2026-03-02T09:15:04Z") from error


def _limit(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
    if not 1 <= number <= LIMIT_MAXIMUM:
        raise ValueError(f"must be a whole number from 1 to {LIMIT_MAXIMUM}")
    return number


def _cursor(text: str) -> Cursor:
    try:
        packed = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if text.isascii() else b""
        accepted_at, workflow_id, step = _CURSOR.unpack(packed)
    except (ValueError, struct.error) as error:
        raise ValueError("must be the next_cursor of an answer") from error
    if not math.isfinite(accepted_at):
        raise ValueError("must be the next_cursor of an answer")
    return Cursor(accepted_at=accepted_at, workflow_id=str(UUID(bytes=workflow_id)), step=step)
