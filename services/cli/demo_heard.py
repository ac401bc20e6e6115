"""What the demo's callers were told by webhook. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.cli.demo_kinds import Via

REPORTED = (Via.DISPATCH, Via.BETA)
"""Workflows get a final report; v1 messages do not, and who publishes to the queue has no address here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Webhooks that arrived, each counted once: they are delivered at least once, under an id that stays."""

    statuses: int
    reports: int
    ill_signed: int


def heard_of(webhooks: Iterable[Mapping[str, Any]]) -> Heard:
    """Count what the sandbox's receiver got."""
    by_id = {webhook["webhook_id"]: webhook for webhook in webhooks}
    reports = sum("template" in webhook["body"] for webhook in by_id.values())
    return Heard(
        statuses=len(by_id) - reports,
        reports=reports,
        ill_signed=sum(webhook["signature"] != "good" for webhook in by_id.values()),
    )
