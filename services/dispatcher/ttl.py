"""TTL alignment (semantics 9): what lost its race must be dead before our own timer fires. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.channels import CHANNELS
from shared.model import Step

MARGIN_S = 5.0
"""Least margin between a message's death and the end of its window."""
MAY_ARRIVE_LATE = "may still arrive after the window"


@dataclass(frozen=True, slots=True)
class AlignedTtl:
    """What is sent, and what the journal says of it."""

    seconds: int | None
    """None where the channel has no TTL, or none is wanted."""
    note: str | None = None


def aligned_ttl(step: Step, *, send_by: float, now: float, receipt_p95_s: float) -> AlignedTtl:
    """Return min(window - margin, send_by - now, the caller's own), inside the channel's useful range.

    The useful minimum gives way where `send_by` or the caller asks for less: to what any provider takes, and below
    that to the caller's own, which then had the say.
    """
    channel = CHANNELS.get(step.message.channel)
    own = step.message.ttl
    if channel is None or channel.ttl is None:
        return AlignedTtl(None)
    limits = channel.ttl
    if not step.align_ttl:
        return AlignedTtl(own)
    asked = send_by - now if own is None else min(send_by - now, own)
    floor = limits.useful if asked >= limits.useful else limits.safe
    if own is not None:
        floor = min(floor, max(own, limits.minimum))
    wanted = asked
    latest: float | None = None
    if step.expiry_time is not None:
        latest = step.expiry_time - max(MARGIN_S, receipt_p95_s)
        wanted = min(wanted, latest)
    seconds = int(max(floor, min(wanted, limits.maximum)))
    late = latest is not None and seconds > latest
    return AlignedTtl(seconds, MAY_ARRIVE_LATE if late else None)
