"""The end of the story, and what became known after it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.model import Entry, Outcome
from shared.wire.story_words import channel_name, listed, reason_words


def final(entry: Entry, channels: Sequence[str]) -> str:
    """Return the sentences of a final entry; `channels` are those of the workflow's steps, or none."""
    facts = entry.facts
    channel = channel_name(facts.get("channel") or _at(channels, entry.step))
    sentences = [_end(facts.get("outcome"), channel, entry, met=facts.get("condition_met"))]
    if facts.get("fallback_saved"):
        spared = _at(channels, None if entry.step is None else entry.step + 1)
        sentences.append(f"{channel_name(spared) if spared else 'The next step'} did not have to be sent.")
    sentences += _others(entry, channels)
    return " ".join(sentences)


def amended(entry: Entry, channels: Sequence[str]) -> str:
    """Return the sentences of an amendment."""
    facts = entry.facts
    status = str(facts.get("status") or "")
    channel = channel_name(facts.get("channel") or _at(channels, entry.step))
    news = f": {channel} turned out to be {status}" if status else ""
    outcome = f"; the outcome stays {facts['outcome']}" if facts.get("outcome") else ""
    return " ".join([f"More became known after the end{news}{outcome}.", *_others(entry, channels)])


def _end(outcome: object, channel: str, entry: Entry, *, met: object) -> str:
    because = reason_words(entry.reason)
    why = f", because {because}" if because else ""
    if outcome == Outcome.DELIVERED and met is False:
        return f"The end: {channel} was delivered, but no `read` came."
    if outcome in (Outcome.DELIVERED, Outcome.READ):
        return f"The end: {channel} was {outcome}."
    if outcome == Outcome.FAILED:
        return f"The end: failed{why}, and nothing else is left to try."
    if outcome == Outcome.UNCONFIRMED:
        return f"The end: unconfirmed{why}."
    if outcome == Outcome.EXPIRED:
        return f"The end: expired{why}."
    if outcome == Outcome.CANCELLED:
        who = "an operator" if entry.by.startswith("operator") else "the caller"
        return f"The end: cancelled by {who}. Nothing more is sent."
    return f"The end{why}."


def _others(entry: Entry, channels: Sequence[str]) -> list[str]:
    sentences = []
    also = _named(entry.facts.get("also_reached"), channels)
    if also:
        sentences.append(f"Also reached: {also}.")
    maybe = _named(entry.facts.get("may_have_reached"), channels)
    if maybe:
        sentences.append(f"May have reached somebody: {maybe}, of which no last word came.")
    return sentences


def _named(steps: object, channels: Sequence[str]) -> str:
    """Name the steps of a list of numbers: by channel, and by number where a channel is there twice."""
    if not isinstance(steps, list | tuple) or not steps:
        return ""
    names = []
    for number in steps:
        channel = _at(channels, number if isinstance(number, int) else None)
        twice = list(channels).count(channel) > 1
        names.append(f"{channel_name(channel)} (step {number})" if channel and twice else _name(channel, number))
    return listed(names)


def _name(channel: str, number: object) -> str:
    return channel_name(channel) if channel else f"step {number}"


def _at(channels: Sequence[str], number: int | None) -> str:
    return channels[number - 1] if number is not None and 1 <= number <= len(channels) else ""
