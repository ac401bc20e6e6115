"""Cascade's own words in a request: their ranges, and where each may stand (semantics 3).

They are taken out before a body goes to the provider. A bad value is a fault that names the field, and so is a good
one in the wrong place: it would be lost without a word, or reach the provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.errors import Fault
from shared.model import Delivery, Engine, Priority, Status, WhenStopped
from shared.wire.drafts import RequestWords
from shared.wire.places import Place

V = TypeVar("V")

DIGITS_ONLY = {"pattern": "^[0-9]{1,9}$"}
"""In the schema for people; `expiry_seconds` checks it."""

ExpiryTime = Annotated[int, Meta(ge=15, le=86_400)] | Annotated[str, Meta(max_length=9, extra_json_schema=DIGITS_ONLY)]
EXPIRY_TIME = Meta(description="a whole number of seconds, 15 to 86400, as a number or a string of digits")
ConditionStatus = Annotated[
    str, Meta(description="delivered or read", extra_json_schema={"enum": ["delivered", "read"]})
]
Person = Annotated[str, Meta(min_length=1, max_length=64, description="a name of 1 to 64 characters")]


class RequestFields(Struct, kw_only=True):
    """What a caller may say once for the whole request; checked beside the struct of the body, which it can't join."""

    valid_for: (
        Annotated[int, Meta(ge=15, le=604_800, description="a whole number of seconds, 15 to 604800")] | UnsetType
    ) = UNSET
    final_receipt_time: (
        Annotated[int, Meta(ge=60, le=604_800, description="a whole number of seconds, 60 to 604800")] | UnsetType
    ) = UNSET
    delivery: Annotated[Delivery, Meta(description="at_least_once or at_most_once")] | UnsetType = UNSET
    when_stopped: Annotated[WhenStopped, Meta(description="hold or next")] | UnsetType = UNSET
    priority: Annotated[Priority, Meta(description="normal or high")] | UnsetType = UNSET
    engine: Annotated[Engine, Meta(description="local or provider")] | UnsetType = UNSET
    person: Person | UnsetType = UNSET


class StepFields(Struct, kw_only=True):
    """What a caller may say for each step."""

    align_ttl: Annotated[bool, Meta(description="true or false")] | UnsetType = UNSET
    person: Person | UnsetType = UNSET


class WindowFields(StepFields, kw_only=True):
    """The window of a v1 message that has a successor, beside the words of a step."""

    expiry_time: Annotated[ExpiryTime, EXPIRY_TIME] | UnsetType = UNSET
    condition_status: ConditionStatus | UnsetType = UNSET


REQUEST_ONLY = frozenset({"valid_for", "final_receipt_time", "delivery", "when_stopped", "priority", "engine"})
"""Words that stand on the request and nowhere else."""
OWN_WORDS = REQUEST_ONLY | {"align_ttl", "person", "expiry_time", "condition_status"}
"""All of them: no one reaches a provider."""


def request_words(fields: RequestFields) -> RequestWords:
    """Return what was said for the whole request; None stands for what was not."""
    return RequestWords(
        valid_for=or_none(fields.valid_for),
        final_receipt_time=or_none(fields.final_receipt_time),
        delivery=or_none(fields.delivery),
        when_stopped=or_none(fields.when_stopped),
        priority=or_none(fields.priority),
        engine=or_none(fields.engine),
        person=or_none(fields.person),
    )


def misplaced(place: Place, step: Mapping[str, object], words: frozenset[str], where: str) -> Iterator[Fault]:
    """Name every word of `words` in `step`; it belongs `where`."""
    for word in sorted(words.intersection(step)):
        yield place.member(word).fault("misplaced", f"belongs {where}")


def provider_window_faults(place: Place, window: Mapping[str, object]) -> Iterator[Fault]:
    """Name the window of a v1 message whose chain the provider is to run: v1 has no word for it (semantics 10)."""
    for word in ("expiry_time", "condition_status"):
        if word in window:
            reason = (
                "can't be kept where engine is 'provider': v1 hands no windows over; send a dispatch, or say 'local'"
            )
            yield place.member(word).fault("unsupported", reason)


def window_faults(place: Place, window: Mapping[str, object]) -> Iterator[Fault]:
    """Name what is wrong with an `expiry_time` given as a string, and with a condition's word."""
    expiry_time = window.get("expiry_time")
    if isinstance(expiry_time, str) and expiry_seconds(expiry_time) is None:
        yield place.member("expiry_time").fault("range", f"must be {EXPIRY_TIME.description}")
    condition = window.get("condition_status")
    if isinstance(condition, str) and condition not in (Status.DELIVERED, Status.READ):
        yield place.member("condition_status").fault("enum", "must be delivered or read")


def expiry_seconds(value: int | str) -> int | None:
    """Return the seconds that an `expiry_time` says, None where it is out of range or no string of ASCII digits."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            return None
        value = int(value)
    return value if 15 <= value <= 86_400 else None


def or_none(value: V | UnsetType) -> V | None:
    """Return None for what was not said."""
    return None if value is UNSET else value
