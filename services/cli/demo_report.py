"""The end of the demo in words: a row for each kind, what became of the killed dispatcher's calls, stories. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from services.cli.demo_count import Count, Received, Told, ending_of
from services.cli.demo_heard import REPORTED, Heard
from services.cli.demo_kinds import Ending, Kind
from services.cli.demo_plan import Planned
from shared.wire.story_words import channel_name

Entries = Sequence[Mapping[str, Any]]
"""The entries of a timeline, as the API shows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One accepted workflow at the end of the demo."""

    planned: Planned
    told: Told
    entries: Entries

    @property
    def took_s(self) -> float | None:
        """Seconds from its first entry to its final one; None where it has none."""
        final = next((entry for entry in self.entries if entry["what"] == "final"), None)
        if final is None:
            return None
        return (_moment(final["at"]) - _moment(self.entries[0]["at"])).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The `kill -9`: who, when, and which calls it left behind."""

    name: str
    pid: int
    at: float
    """Seconds since the epoch."""
    in_flight: tuple[str, ...]
    """Workflow ids of the calls that had left and were not answered."""
    started_again_pid: int | None
    down_s: float


def rows(kinds: Sequence[Kind], cases: Sequence[Case], received: Received) -> Iterator[str]:
    """Yield the table: kind, number, how many ended as expected, median of the time to the end, what is expected."""
    yield f"  {'kind':<33} {'sent':>5} {'as expected':>12} {'took':>8}   expected"
    for kind in kinds:
        mine = [case for case in cases if case.planned.kind is kind]
        endings = [(case, ending_of(case.told, received)) for case in mine]
        right = [case for case, ending in endings if ending in kind.endings]
        took = [seconds for case in mine if (seconds := case.took_s) is not None]
        middle = f"{median(took):.1f} s" if took else "-"
        yield f"  {kind.name:<33} {len(mine):>5} {len(right):>12} {middle:>8}   {kind.expected}"
        for case, ending in endings:
            if ending not in kind.endings:
                yield f"      [{case.told.mark}] {case.told.workflow_id} {ending_words(ending)}"


def ending_words(ending: Ending | None) -> str:
    """Return an ending as people say it."""
    if ending is None:
        return "has not ended"
    by = f" by {channel_name(ending.by)}" if ending.by else ""
    also = f", also {', '.join(channel_name(channel) for channel in ending.also)}" if ending.also else ""
    got = ", ".join(f"{channel_name(channel)} {number}" for channel, number in sorted(ending.received.items()))
    return f"{ending.outcome.value}{by}{also}; the provider received {got or 'nothing'}"


def kill_lines(kill: Kill, cases: Sequence[Case]) -> Iterator[str]:
    """Yield what the killed process had in flight, and how each call was settled, in the words of its journal."""
    again = f"started again as pid {kill.started_again_pid}" if kill.started_again_pid else "not started again"
    yield (
        f"  kill -9 of {kill.name} (pid {kill.pid}) with {len(kill.in_flight)} calls in flight,"
        f" {again} after {kill.down_s:.1f} s"
    )
    by_id = {case.told.workflow_id: case for case in cases}
    for workflow_id in kill.in_flight:
        case = by_id.get(workflow_id)
        if case is None:
            yield f"    {workflow_id} was accepted and can't be shown"
            continue
        settled, end = settling(case.entries, kill.at)
        took = f" ({seconds:.0f} s after it came in)" if (seconds := case.took_s) is not None else ""
        yield f"    [{case.told.mark}] {settled} {end}{took}"


def settling(entries: Entries, after: float) -> tuple[str, str]:
    """Return the first sentence that was written about a call after its caller died, and that of the end."""
    later = [entry for entry in entries if _moment(entry["at"]).timestamp() >= after]
    first = next((entry for entry in later if entry["what"] != "final"), None)
    final = next((entry for entry in later if entry["what"] == "final"), None)
    return (
        _first_sentence(first["text"]) if first is not None else "Nothing was written about it.",
        _first_sentence(final["text"]) if final is not None else "It has not ended.",
    )


def story(case: Case, title: str) -> Iterator[str]:
    """Yield a workflow's timeline under a title."""
    planned = case.planned
    yield f"  {title}: {case.told.workflow_id} [{planned.mark}], {planned.kind.name}, to {planned.recipient}"
    for entry in case.entries:
        yield f"    {_moment(entry['at']).strftime('%H:%M:%S')}  {entry['text']}"


def closing(count: Count, cases: Sequence[Case], received: Received, heard: Heard) -> Iterator[str]:
    """Yield the sums before the last line, with a sentence for everything that is wrong."""
    messages = sum(received.values())
    yield f"  accepted {len(cases)} workflows; the provider received {messages} messages, counted by the callers' marks"
    unmarked = sum(number for (mark, _), number in received.items() if not mark)
    if unmarked:
        yield f"  without a mark: {unmarked} messages that no caller of the demo sent"
    reported = sum(case.planned.via in REPORTED for case in cases)
    yield (
        f"  the callers heard {heard.statuses} statuses and {heard.reports} final reports"
        f" of {reported} workflows; {heard.ill_signed} signatures did not hold"
    )
    yield f"  sent again in doubt, as the journal says: {count.resent}"
    for sentence in count.lost:
        yield f"  LOST {sentence}"
    for sentence in count.twice:
        yield f"  TWICE {sentence}"


def _first_sentence(text: str) -> str:
    head, dot, _ = text.partition(". ")
    return f"{head}." if dot else head


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()
