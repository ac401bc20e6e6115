"""Count what was lost and what was sent twice, from what was accepted, what we say, and what the provider received.

The count goes by the caller's own marks in the texts: an error in our ids can't hide one in our sending. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.cli.demo_kinds import Ending
from shared.model import Outcome

_MARK = re.compile(r"\[(m-\d{4,})\]")
_REACHED = (Outcome.DELIVERED, Outcome.READ)
Received = Mapping[tuple[str, str], int]
"""How many messages the provider received, by mark and channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What we say of one accepted workflow."""

    mark: str
    workflow_id: str
    outcome: Outcome | None
    """None: it has not ended."""
    ends: int
    """Final entries in its journal; anything but one is a fault."""
    by: str | None
    """Channel of the final entry's receipt; None where no receipt gave the outcome."""
    also: tuple[str, ...] = ()
    """Channels that reached somebody beside `by`."""
    resends: Mapping[str, int] = field(default_factory=dict)
    """Re-sends that the journal names, by channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What came of it all."""

    lost: tuple[str, ...]
    """A sentence for each workflow that was lost."""
    sent_twice: int
    """Messages too many: received beyond the first, less the re-sends that the journal names."""
    twice: tuple[str, ...]
    """A sentence for each mark and channel with messages too many."""
    resent: int
    """Re-sends that the journal names."""

    @property
    def clean(self) -> bool:
        """True when nothing was lost and nothing sent twice."""
        return not self.lost and not self.sent_twice

    @property
    def last_line(self) -> str:
        """The two numbers that everything is about."""
        return f"lost {len(self.lost)}, sent twice {self.sent_twice}"


def received_by_mark(messages: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    """Count the sandbox's messages by mark and channel. Those without a mark count under the mark ""."""
    return Counter((mark_in(str(message["body"].get("text", ""))), str(message["channel"])) for message in messages)


def mark_in(text: str) -> str:
    """Return the caller's mark in a text, empty where there is none."""
    found = _MARK.search(text)
    return found[1] if found else ""


def told_of(mark: str, workflow: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Told:
    """Read what the API says: the workflow and the entries of its timeline, as JSON."""
    channels = {step["step"]: str(step["channel"]) for step in workflow.get("steps", [])}
    finals = [entry for entry in entries if entry["what"] == "final"]
    by = finals[0]["step"] if finals else None
    resends = Counter(channels[entry["step"]] for entry in entries if entry["what"] == "resend")
    outcome = workflow.get("outcome")
    return Told(
        mark=mark,
        workflow_id=str(workflow["workflow_id"]),
        outcome=None if outcome is None else Outcome(outcome),
        ends=len(finals),
        by=channels[by] if by is not None else None,
        also=tuple(channels[number] for number in workflow.get("also_reached", [])),
        resends=dict(resends),
    )


def count(told: Iterable[Told], received: Received) -> Count:
    """Compare. Marks that nobody was told a 202 for count too: what they received twice was sent twice."""
    told = list(told)
    lost = [sentence for each in told if (sentence := _lost(each, received))]
    resends: Counter[tuple[str, str]] = Counter()
    for each in told:
        for channel, number in each.resends.items():
            resends[each.mark, channel] += number
    too_many = {
        key: extra for key, number in sorted(received.items()) if (extra := number - 1 - resends[key]) > 0 and key[0]
    }
    return Count(
        lost=tuple(lost),
        sent_twice=sum(too_many.values()),
        twice=tuple(
            f"[{mark}] {channel}: received {received[mark, channel]} times,"
            f" {resends[mark, channel]} re-sends are in the journal"
            for mark, channel in too_many
        ),
        resent=resends.total(),
    )


def ending_of(told: Told, received: Received) -> Ending | None:
    """Return how a workflow ended, to be compared with its kind; None where it has not."""
    if told.outcome is None:
        return None
    of_mark = {channel: number for (mark, channel), number in received.items() if mark == told.mark}
    return Ending(outcome=told.outcome, by=told.by, received=of_mark, also=told.also)


def _lost(told: Told, received: Received) -> str:
    name = f"[{told.mark}] {told.workflow_id}"
    if told.outcome is None or told.ends != 1:
        return f"{name}: accepted, and has {told.ends} ends"
    if told.outcome in _REACHED and not any(
        number for (mark, channel), number in received.items() if mark == told.mark and told.by in (None, channel)
    ):
        return f"{name}: {told.outcome.value}, and the provider received nothing of it on {told.by or 'any channel'}"
    return ""
