"""What a workflow waits for after an entry of its journal, and until when."""

from __future__ import annotations

from collections.abc import Sequence

from shared.model import Entry, Step
from shared.wire.story_words import channel_name, moment

_WAITS = {
    "window": "If no {wanted} comes by {at}, it goes on{onward}.",
    "patience": "If the provider has not taken it by {at}, it goes on{onward}.",
    "settle_by": "If no {wanted} comes by {at}, it ends as unconfirmed.",
    "lease": "If no answer is known by {at}, the call counts as lost.",
    "back_off": "It is tried again at {at}.",
    "send_by": "If it can't be sent by {at}, it expires.",
    "doubt": "If no receipt comes by {at}, it is sent once more.",
    "report": "If no end is reported by {at}, it ends with what is known by then.",
    "receipts": "If no receipt tells of its end by {at}, it ends with what is known by then.",
    "stop": "It waits for the stop to end, until {at} at the latest.",
}
"""By `facts["waits_for"]`: the clock that is over first, or what a row waits for where no clock tells."""


def what_next(entry: Entry, steps: Sequence[Step], current: int | None) -> str:
    """Return the sentence, empty where nothing is scheduled. `current`: the step it stands on, None where unknown."""
    waits_for = entry.facts.get("waits_for")
    if waits_for == "turn":
        channel = channel_at(steps, current)
        return f"{channel_name(channel)} waits for its turn." if channel else ""
    if entry.next_at is None:
        return ""
    pattern = _WAITS.get(waits_for if isinstance(waits_for, str) else "", "It is looked at again at {at}.")
    following = channel_at(steps, None if current is None else current + 1)
    return pattern.format(
        at=moment(entry.next_at, seen_from=entry.at),
        wanted=_wanted(entry, steps, current),
        onward=f" to {channel_name(following)}" if following else "",
    )


def channel_at(steps: Sequence[Step], number: int | None) -> str:
    """Return the channel of a step, empty where there is no such step."""
    return steps[number - 1].message.channel if number is not None and 1 <= number <= len(steps) else ""


def _wanted(entry: Entry, steps: Sequence[Step], current: int | None) -> str:
    """Name the receipt that would end it, and its channel where the entry spoke of another."""
    channel = channel_at(steps, current)
    if current is None or not channel:
        return "receipt"
    other = entry.step is not None and entry.step != current
    return f"`{steps[current - 1].condition.value}`" + (f" of {channel_name(channel)}" if other else "")
