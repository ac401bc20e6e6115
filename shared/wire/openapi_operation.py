"""One method of one address as data: what it takes and all it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from shared.wire.openapi_words import CALLER, JSON, Security
from shared.wire.requests import StartType

Media = Mapping[str, tuple[type[Struct], ...]]
"""By content type, the structs of which a body is one; no struct: any body of that type."""

NOTHING: Media = {}
TEXT: Media = {"text/plain": ()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An answer that says yes."""

    status: int
    description: str
    media: Media
    headers: tuple[str, ...] = ()
    leads_to: tuple[tuple[str, str], ...] = ()
    """Names of the operations that take a member of this answer as their `identifier`, and that member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address."""

    method: str
    path: str
    name: str
    """Its `operationId`."""
    tag: str
    summary: str
    description: str = ""
    start: StartType | None = None
    """What a request to send is; None for everything else."""
    body: Media = field(default_factory=dict)
    """Of a request that is no send."""
    body_required: bool = True
    parameters: tuple[str, ...] = ()
    """Names among the document's parameters, beside the trace id that every operation takes."""
    outcomes: tuple[Outcome, ...]
    refusals: tuple[int, ...] = ()
    security: Security = CALLER


def json_of(*structs: type[Struct]) -> Media:
    """Return the media of a JSON body."""
    return {JSON: structs}
